import { defineConfig } from 'vitest/config';

/**
 * Two projects: `quick` needs nothing but Node; `train` runs the Python that trains, with the pinned
 * packages, on this machine's CPU. `npm test` runs both.
 */
export default defineConfig({
  plugins: [
    {
      // The runtime embeds its Python sources as text (esbuild's text loader); the tests see the same.
      name: 'python-as-text',
      enforce: 'pre',
      transform: (code, id) => (id.endsWith('.py') ? `export default ${JSON.stringify(code)};` : undefined),
    },
  ],
  test: {
    projects: [
      {
        extends: true,
        // These tests wait for processes and clocks more than they compute: more workers than cores.
        test: {
          name: 'quick',
          include: ['test/**/*.test.ts'],
          exclude: ['test/train/**'],
          testTimeout: 20_000,
          hookTimeout: 20_000,
          // Node 20 reads it at every start, and no process here speaks TLS.
          env: { NODE_EXTRA_CA_CERTS: '' },
          maxWorkers: 3,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'train',
          include: ['test/train/**/*.test.ts'],
          setupFiles: ['test/support/train-files.ts'],
          testTimeout: 600_000,
          hookTimeout: 600_000,
          // A training here has one thread. After the others, which wait for clocks.
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});

import { build } from 'esbuild';
import type { Pack } from './pack.ts';

/** Agents and people load it on every command, and every clone carries it. */
export const MAX_BUNDLE_BYTES = 1_500_000;

export interface Bundle {
  code: string;
  /** Files of node_modules whose code is in it, relative to the root. */
  libraryFiles: string[];
}

/**
 * The runtime as one file for plain Node 20. What a command alone needs is imported lazily in cli.ts, and
 * esbuild keeps it so: such a module's code is there, but runs only when the command does.
 */
export async function bundleRuntime(root: string, pack: Pack): Promise<Bundle> {
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    entryPoints: ['scripts/main.ts'],
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    loader: { '.py': 'text' },
    minify: true,
    legalComments: 'none',
    metafile: true,
    write: false,
    outfile: 'out.mjs',
    banner: {
      js: [
        '#!/usr/bin/env node',
        `// ${pack.name} ${pack.version}, ${pack.license}. Generated from scripts/ by \`npm run build\`; do not edit. Bundled libraries: NOTICE.`,
        // Bundled CommonJS (commander) asks for Node's own modules by `require`.
        "import{createRequire as $createRequire}from'node:module';const require=$createRequire(import.meta.url);",
      ].join('\n'),
    },
  });
  const inputs = Object.values(metafile.outputs)[0]?.inputs ?? {};
  return {
    code: outputFiles[0]?.text ?? '',
    libraryFiles: Object.entries(inputs)
      .filter(([file, { bytesInOutput }]) => bytesInOutput > 0 && file.includes('node_modules/'))
      .map(([file]) => file),
  };
}

import { fileURLToPath } from 'node:url';

/** Node with the TypeScript loader; a relative path is seen from this folder. */
export const tsx = (file: string): [string, ...string[]] => [
  process.execPath,
  '--import',
  import.meta.resolve('tsx'),
  fileURLToPath(new URL(file, import.meta.url)),
];

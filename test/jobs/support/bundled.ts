import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
import { afterAll } from 'vitest';

/** What starts a file of this folder in a process of its own, until this file's tests are over: bundled, it starts fast. */
export function bundled(file: string): [string, ...string[]] {
  const folder = mkdtempSync(join(tmpdir(), 'bundled-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const outfile = join(folder, 'main.mjs');
  const entryPoints = [fileURLToPath(new URL(file, import.meta.url))];
  buildSync({ entryPoints, outfile, bundle: true, platform: 'node', format: 'esm', logLevel: 'error' });
  return [process.execPath, outfile];
}

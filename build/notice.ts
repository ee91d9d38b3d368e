import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import type { Pack } from './pack.ts';

const Manifest = z.object({ name: z.string(), version: z.string(), license: z.string() });

/**
 * The licences of the libraries whose code is in the bundle: each of them asks that its text goes along.
 * Throws where a library states none.
 */
export function notice(root: string, pack: Pack, libraryFiles: readonly string[]): string {
  const folders = [...new Set(libraryFiles.map(packageFolder))].sort();
  const entries = folders.map((folder) => {
    const { name, version, license } = Manifest.parse(
      JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')),
    );
    const file = readdirSync(join(root, folder)).find((entry) => /^licen[cs]e(\.\w+)?$/i.test(entry));
    const text = file ? readFileSync(join(root, folder, file), 'utf8') : `Licensed under ${license}.`;
    return `${name} ${version} (${license})\n\n${text.replaceAll('\r\n', '\n').trim()}`;
  });
  const rule = `\n\n${'-'.repeat(78)}\n\n`;
  return `${[`${pack.name}\nCopyright ${pack.author}. Licensed under ${pack.license}; see LICENSE.\n\nskills/${pack.name}/scripts/${pack.name}.mjs contains code of these libraries:`, ...entries].join(rule)}\n`;
}

/** `node_modules/@scope/name` of a file in it, the innermost one. */
function packageFolder(file: string): string {
  const match = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file);
  if (!match?.[1]) throw new Error(`not a file of a package: ${file}`);
  return match[1];
}

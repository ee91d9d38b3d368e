import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import type { Problem } from './problem.ts';
import type { Tree } from './tree.ts';

/** The one source of what every manifest says about the pack: build/pack.json. */
const Pack = z.strictObject({
  /** Of the plugin, the skill, the npm package and the executable. */
  name: z.string().regex(/^[a-z0-9]+(-[a-z0-9]+)*$/),
  displayName: z.string().min(1),
  marketplace: z.string().regex(/^[a-z0-9]+(-[a-z0-9]+)*$/),
  version: z.string().regex(/^\d+\.\d+\.\d+$/),
  /** For stores. What makes an agent load the skill is SKILL.md's own description. */
  description: z.string().min(1).max(160),
  license: z.string(),
  author: z.string().min(1),
  category: z.string(),
  keywords: z.array(z.string()).min(1),
});
export type Pack = z.infer<typeof Pack>;

export function readPack(root: string): Pack {
  return Pack.parse(JSON.parse(readFileSync(join(root, 'build/pack.json'), 'utf8')));
}

/** package.json can't be generated (npm writes to it), so its copies are compared. */
export function checkPackageJson(root: string, pack: Pack): Problem[] {
  const file = 'package.json';
  const text = readFileSync(join(root, file), 'utf8');
  const manifest: Record<string, unknown> = z.record(z.string(), z.unknown()).parse(JSON.parse(text));
  const lines = text.split('\n');
  return (['name', 'version', 'description', 'license', 'author'] as const)
    .filter((key) => manifest[key] !== pack[key])
    .map((key) => ({
      file,
      line: lines.findIndex((line) => line.startsWith(`  "${key}"`)) + 1,
      message: `${key} is ${JSON.stringify(manifest[key])}, build/pack.json says ${JSON.stringify(pack[key])}`,
    }));
}

/** Nor can prose be generated: an install line that names another marketplace would install nothing. */
export function checkProse(tree: Tree, pack: Pack): Problem[] {
  const plugin = `${pack.name}@${pack.marketplace}`;
  const expected: [file: string, line: string][] = [
    [`skills/${pack.name}/SKILL.md`, `license: ${pack.license}`],
    ['README.md', `claude plugin install ${plugin}`],
    ['README.md', `codex plugin add ${plugin}`],
  ];
  return expected
    .filter(([file, line]) => !tree.exists(file) || !tree.read(file).split('\n').includes(line))
    .map(([file, line]) => ({ file, line: 1, message: `lacks the line \`${line}\`, which build/pack.json asks for` }));
}

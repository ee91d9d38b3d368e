import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { createProgram } from '../scripts/cli.ts';
import { MAX_BUNDLE_BYTES } from './bundle.ts';
import { AGENTS_MD_BYTES } from './checks/budget.ts';
import { checkCommands, checkRootFlags, type KnownCommands } from './checks/commands.ts';
import { checkLinks } from './checks/links.ts';
import { checkSkill } from './checks/skill.ts';
import { GUARDED } from './guard/guarded.ts';
import { checkPackageJson, checkProse, type Pack } from './pack.ts';
import type { Problem } from './problem.ts';
import { type Files, filesUnder, treeOf } from './tree.ts';

/** Markdown for people; the skill's is checked more closely. */
const DOCUMENTS = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'AGENTS.md', 'GEMINI.md'];

/** Checks the repository as it is with these generated files. */
export function checkPack(root: string, pack: Pack, generated: Files): Problem[] {
  const tree = treeOf(root, generated);
  const known = knownCommands(root);
  const skill = `skills/${pack.name}`;
  const onDisk = filesUnder(root, skill);
  const markdown = [...new Set([...onDisk, ...generated.keys()])]
    .filter((path) => path.startsWith(`${skill}/`) && path.endsWith('.md'))
    .sort();
  const problems = [
    ...checkPackageJson(root, pack),
    ...checkProse(tree, pack),
    ...checkSkill(tree, skill, markdown, known),
  ];
  for (const file of DOCUMENTS) {
    if (!tree.exists(file)) problems.push({ file, line: 1, message: 'there is no such file' });
    else problems.push(...checkLinks(tree, file), ...checkCommands(tree.read(file), file, known));
  }
  problems.push(...checkRootFlags(createProgram()), ...checkGuarded());
  const limits: [string, number][] = [
    ['AGENTS.md', AGENTS_MD_BYTES],
    [`${skill}/scripts/${pack.name}.mjs`, MAX_BUNDLE_BYTES],
  ];
  for (const [file, limit] of limits) {
    const bytes = Buffer.byteLength(tree.read(file));
    if (bytes > limit) problems.push({ file, line: 1, message: `${bytes} bytes, at most ${limit}` });
  }
  return problems;
}

export function knownCommands(root: string): KnownCommands {
  const { scripts } = z
    .object({ scripts: z.record(z.string(), z.string()) })
    .parse(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')));
  return { createProgram: () => createProgram(), npmScripts: Object.keys(scripts) };
}

/** A client that asks before a command that no longer exists asks before nothing. */
function checkGuarded(): Problem[] {
  const names = createProgram().commands.map((command) => command.name());
  return GUARDED.filter(({ command }) => !names.includes(command)).map(({ command }) => ({
    file: 'build/guard/guarded.ts',
    line: 1,
    message: `the CLI has no command ${command}`,
  }));
}

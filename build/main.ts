import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { checkPack } from './check.ts';
import { countTokens } from './checks/budget.ts';
import { generate, ownedFolders } from './generate.ts';
import { readPack } from './pack.ts';
import { formatProblem } from './problem.ts';
import { apply, differences, filesUnder } from './tree.ts';

/**
 * `npm run build` writes every generated file; `npm run build -- --check` writes nothing and fails where one is
 * stale. Both fail on a malformed skill.
 */
async function main(argv: string[]): Promise<number> {
  const { values } = parseArgs({ args: argv, options: { check: { type: 'boolean', default: false } } });
  const root = resolve(import.meta.dirname, '..');
  const pack = readPack(root);
  const generated = await generate(root, pack);
  const problems = checkPack(root, pack, generated);
  for (const problem of problems) console.error(formatProblem(problem));

  const found = differences(root, generated, ownedFolders(pack));
  if (values.check) {
    for (const { path, what } of found) console.error(`${path}: ${what}; mend it with: npm run build`);
    return problems.length + found.length > 0 ? 1 : 0;
  }
  apply(root, generated, found);
  for (const { path, what } of found) console.log(`${what === 'superfluous' ? 'removed' : 'wrote'} ${path}`);
  const skill = `skills/${pack.name}`;
  for (const file of filesUnder(root, skill).filter((path) => path.endsWith('.md'))) {
    console.log(`${file}: ${countTokens(generated.get(file) ?? readFileSync(join(root, file), 'utf8'))} tokens`);
  }
  const bytes = Buffer.byteLength(generated.get(`${skill}/scripts/${pack.name}.mjs`) ?? '');
  console.log(`${skill}/scripts/${pack.name}.mjs: ${(bytes / 1000).toFixed(0)} kB`);
  return problems.length > 0 ? 1 : 0;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  // esbuild has printed what it couldn't bundle, with file and line; a stack adds nothing.
  if (!(error instanceof Error && 'errors' in error)) throw error;
  process.exitCode = 1;
}

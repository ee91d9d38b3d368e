import { posix } from 'node:path';
import { parseMarkdown } from '../markdown.ts';
import type { Problem } from '../problem.ts';
import type { Tree } from '../tree.ts';
import { BUDGETS, checkBudget } from './budget.ts';
import { checkCommands, type KnownCommands } from './commands.ts';
import { readFrontMatter } from './front-matter.ts';
import { checkLinks } from './links.ts';

/**
 * Everything that is checked about one skill. `files` are the paths of its Markdown files, `SKILL.md` among
 * them; none at all is a failure too, for a check that finds nothing to look at would stay silent forever.
 */
export function checkSkill(tree: Tree, folder: string, files: readonly string[], known: KnownCommands): Problem[] {
  const router = posix.join(folder, 'SKILL.md');
  if (!files.includes(router)) return [{ file: router, line: 1, message: 'there is no such file' }];
  const text = tree.read(router);
  const { description, body, problems } = readFrontMatter(text, router, posix.basename(folder));
  const at = { file: router, line: 1 };
  problems.push(...checkBudget('description', description, BUDGETS.description, at));
  problems.push(...checkBudget('body', body, BUDGETS.body, at));
  const lines = body.trimEnd().split('\n').length;
  if (lines > BUDGETS.bodyLines)
    problems.push({ ...at, message: `body has ${lines} lines, at most ${BUDGETS.bodyLines}` });
  for (const file of files) {
    problems.push(...checkLinks(tree, file, folder), ...checkCommands(tree.read(file), file, known));
  }
  problems.push(...checkReferences(tree, folder, files, linkedFrom(tree, router)));
  return problems;
}

/** References lie one level deep, send nobody on to further references, and are linked from the router. */
function checkReferences(tree: Tree, folder: string, files: readonly string[], linked: Set<string>): Problem[] {
  const problems: Problem[] = [];
  for (const file of files.filter((path) => path !== posix.join(folder, 'SKILL.md'))) {
    const at = { file, line: 1 };
    if (posix.dirname(file) !== posix.join(folder, 'references')) {
      problems.push({ ...at, message: 'Markdown of a skill is SKILL.md or references/*.md, one level deep' });
    }
    if (!linked.has(file)) problems.push({ ...at, message: 'SKILL.md does not link to it' });
    problems.push(...checkBudget('reference', tree.read(file), BUDGETS.reference, at));
    for (const { url, line } of parseMarkdown(tree.read(file)).links) {
      const target = posix.join(posix.dirname(file), url.split('#')[0] ?? '');
      if (!url.includes('://') && target !== file && target.startsWith(posix.join(folder, 'references/'))) {
        problems.push({ file, line, message: `link to ${url}: a reference does not send the reader to another one` });
      }
    }
  }
  return problems;
}

function linkedFrom(tree: Tree, file: string): Set<string> {
  const { links } = parseMarkdown(tree.read(file));
  return new Set(links.map(({ url }) => posix.join(posix.dirname(file), url.split('#')[0] ?? '')));
}

import { PARTS } from './parts.ts';
import { type Import, parseModule, selectRegions } from './python-source.ts';

/** One of our Python modules as it stands in a script: without its imports of the others, and of what isn't used. */
export interface Part {
  docstring: string;
  imports: Import[];
  body: string;
}

/**
 * A module and what it imports of ours, directly or not, in the order in which it comes to them, but each after
 * what it needs itself. `sourceOf` gives the text of a module by the name that stands in the import.
 */
export function collectParts(
  root: string,
  regions: ReadonlySet<string>,
  sourceOf: (name: string) => string | undefined = (name) => PARTS[name],
): Part[] {
  const parts = new Map<string, Part>();
  const visiting = new Set<string>();
  const visit = (name: string): void => {
    if (name === 'plan' || visiting.has(name)) return;
    visiting.add(name);
    const source = sourceOf(name);
    if (source === undefined) throw new Error(`no Python module ${name} in scripts/training`);
    const { docstring, imports, body } = parseModule(selectRegions(source, regions));
    const ours = imports.filter(({ module }) => module.startsWith('.'));
    const inOrder = ours.sort((a, b) => firstUse(a, body) - firstUse(b, body));
    for (const { module } of inOrder) visit(module.slice(1));
    parts.set(name, { docstring, body, imports: imports.filter(({ module }) => !module.startsWith('.')) });
  };
  visit(root);
  return [...parts.values()];
}

const firstUse = ({ names }: Import, body: string): number =>
  Math.min(...(names ?? []).map((name) => body.search(new RegExp(`\\b${name}\\b`))));

/** All of them, each under a rule and what it is. */
export const renderParts = (parts: readonly Part[]): string[] =>
  parts.map(({ docstring, body }) => `\n${RULE}\n${comment(docstring)}\n${body}`);

const RULE = `# ${'-'.repeat(98)}`;

function comment(docstring: string): string {
  return docstring
    .trim()
    .split('\n')
    .map((line) => `# ${line}`.trimEnd())
    .join('\n');
}

import { posix } from 'node:path';
import { parseMarkdown } from '../markdown.ts';
import type { Problem } from '../problem.ts';
import type { Tree } from '../tree.ts';

/**
 * Every relative link leads to a file, and its `#anchor` to a heading. `within` is the folder that a file may
 * not link out of: a skill is copied without what lies around it.
 */
export function checkLinks(tree: Tree, file: string, within = ''): Problem[] {
  const problems: Problem[] = [];
  const text = tree.read(file);
  const { links, inlineCode } = parseMarkdown(text);
  for (const { url, line } of links) {
    if (/^[a-z][a-z0-9+.-]*:/i.test(url)) continue;
    const [path = '', anchor] = decodeURI(url).split('#');
    const target = path === '' ? file : posix.normalize(posix.join(posix.dirname(file), path));
    const report = (message: string): void => void problems.push({ file, line, message });
    if (url === '') report('link to nothing');
    else if (target.startsWith('../') || (within && !target.startsWith(`${within}/`))) {
      report(`link to ${url} leaves ${within || 'the repository'}`);
    } else if (!tree.exists(target)) report(`link to ${url}: there is no such file`);
    else if (anchor && !(target.endsWith('.md') && parseMarkdown(tree.read(target)).anchors.has(anchor))) {
      report(`link to ${url}: there is no heading #${anchor}`);
    }
  }
  for (const { code, line } of inlineCode) {
    const path = mentionedPath(code, tree, within);
    if (path && !tree.exists(path)) problems.push({ file, line, message: `\`${code}\`: there is no such file` });
  }
  return problems;
}

/** `references/x.md`, `build/pack.json`: text in code that begins with a folder of ours is a path. */
function mentionedPath(code: string, tree: Tree, within: string): string | null {
  if (!/^[\w.-]+(\/[\w.-]+)*\/?$/.test(code) || !code.includes('/')) return null;
  const first = code.slice(0, code.indexOf('/'));
  const path = posix.join(within, code.replace(/\/$/, ''));
  return tree.exists(posix.join(within, first)) ? path : null;
}

import { slug } from 'github-slugger';
import type { Code, Heading, InlineCode, Link, Root } from 'mdast';
import { toString as plainText } from 'mdast-util-to-string';
import { remark } from 'remark';
import remarkFrontmatter from 'remark-frontmatter';
import remarkGfm from 'remark-gfm';
import { visit } from 'unist-util-visit';

const parser = remark().use(remarkFrontmatter, ['yaml']).use(remarkGfm);

export interface Markdown {
  links: { url: string; line: number }[];
  /** What `#...` may point to, as GitHub makes it from the headings. */
  anchors: Set<string>;
  /** Fenced or indented blocks; `line` is that of the first line of code. */
  blocks: { lang: string; code: string; line: number }[];
  inlineCode: { code: string; line: number }[];
}

export function parseMarkdown(text: string): Markdown {
  const tree: Root = parser.parse(text);
  const found: Markdown = { links: [], anchors: new Set(), blocks: [], inlineCode: [] };
  const definitions = new Map<string, string>();
  visit(tree, 'definition', (node) => void definitions.set(node.identifier, node.url));
  visit(tree, (node) => {
    const line = node.position?.start.line ?? 1;
    switch (node.type) {
      case 'link':
      case 'image':
        found.links.push({ url: (node as Link).url, line });
        break;
      case 'linkReference':
      case 'imageReference':
        found.links.push({ url: definitions.get((node as { identifier: string }).identifier) ?? '', line });
        break;
      case 'heading':
        addAnchor(found.anchors, slug(plainText(node as Heading)));
        break;
      case 'code':
        found.blocks.push({
          lang: (node as Code).lang ?? '',
          code: (node as Code).value,
          line: (node as Code).lang === null ? line : line + 1,
        });
        break;
      case 'inlineCode':
        found.inlineCode.push({ code: (node as InlineCode).value, line });
        break;
    }
  });
  return found;
}

/** The second heading of the same words gets `-1`. */
function addAnchor(anchors: Set<string>, name: string): void {
  let unique = name;
  for (let count = 1; anchors.has(unique); count += 1) unique = `${name}-${count}`;
  anchors.add(unique);
}

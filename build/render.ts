import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Handlebars from 'handlebars';

/**
 * Renders build/templates/<name>. Nothing is escaped: the output is Markdown, TOML or Starlark, not HTML. A name
 * that the data lacks is an error.
 */
export function render(root: string, name: string, data: Record<string, unknown>): string {
  const handlebars = Handlebars.create();
  handlebars.registerHelper('json', (value: unknown) => JSON.stringify(value));
  handlebars.registerHelper('usd', (value: number) => value.toFixed(2));
  handlebars.registerHelper('or', (value: unknown, otherwise: unknown) => value ?? otherwise);
  const source = readFileSync(join(root, 'build/templates', name), 'utf8');
  return handlebars.compile(source, { noEscape: true, strict: true })(data);
}

/** As every JSON file of the repository is written. */
export const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

/** A factor of 1.1 as `10%`. */
export const percentMore = (factor: number): string => `${Math.round((factor - 1) * 100)}%`;

import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const source = (path: string): string => fileURLToPath(new URL(`../../scripts/${path}`, import.meta.url));

/** Packages that are loaded when these files are: not what they import later, nor types. */
function loaded(...files: string[]): Set<string> {
  const packages = new Set<string>();
  const seen = new Set<string>();
  const visit = (file: string): void => {
    if (seen.has(file)) return;
    seen.add(file);
    const text = readFileSync(file, 'utf8');
    for (const [, names = '', from = ''] of text.matchAll(/^(?:import|export)\s([^;]*?)from\s'([^']+)'/gm)) {
      if (names.startsWith('type ')) continue;
      const to = resolve(dirname(file), from);
      if (!from.startsWith('.')) packages.add(from);
      else if (to.endsWith('.ts') && existsSync(to)) visit(to);
    }
  };
  for (const file of files) visit(source(file));
  expect(seen.size).toBeGreaterThan(3);
  return packages;
}

describe('the engines that read a tokenizer and a template', () => {
  it.each([
    ['--help', []],
    ['status', ['commands/status.ts']],
    ['submit', ['commands/submit.ts']],
  ])('are not loaded for %s', (_, files) => {
    const packages = loaded('main.ts', 'cli.ts', ...files);
    expect(packages.size).toBeGreaterThan(0);
    expect([...packages].filter((name) => /jinja|tokenizers/.test(name))).toEqual([]);
  });

  it('are found where they are loaded', () => {
    expect(loaded('commands/validate.ts')).toContain('@huggingface/jinja');
    expect(loaded('commands/validate.ts')).not.toContain('@huggingface/tokenizers');
  });
});

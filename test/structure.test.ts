import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

/**
 * The house: rooms under scripts/, and what each may import. Dependencies point down; the edges that a row
 * lacks are the ones that would tie two rooms together.
 */
const MAY_IMPORT: Record<string, string[]> = {
  commands: ['dataset', 'planner', 'training', 'jobs', 'monitor', 'output', 'plan', 'hub'],
  // Rendering knows the shapes that the rooms below make.
  output: ['dataset', 'monitor', 'jobs', 'plan'],
  monitor: ['jobs', 'plan'],
  jobs: ['plan', 'hub'],
  training: ['plan'],
  planner: ['dataset', 'plan', 'hub'],
  dataset: ['plan', 'hub'],
  hub: ['plan'],
  plan: [],
};

const SCRIPTS = fileURLToPath(new URL('../scripts', import.meta.url));
const room = (file: string): string => {
  const parts = relative(SCRIPTS, file).split(/[/\\]/);
  return parts.length > 1 ? (parts[0] ?? '') : '';
};
const sources = readdirSync(SCRIPTS, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => join(SCRIPTS, file));

/** Every import of one file of ours by another, the lazy ones and those of types, too. */
const imports = sources.flatMap((from) =>
  [...readFileSync(from, 'utf8').matchAll(/(?:from|import\()\s*'(\.[^']+)'/g)].map(([, to = '']) => ({
    from,
    to: resolve(dirname(from), to),
  })),
);

describe('the house', () => {
  it('has the rooms that this test knows, and imports to look at', () => {
    expect(new Set(sources.map(room))).toEqual(new Set([...Object.keys(MAY_IMPORT), '']));
    expect(imports.length).toBeGreaterThan(300);
  });

  it('has no import that points up or sideways', () => {
    const wrong = imports.filter(({ from, to }) => {
      const [here, there] = [room(from), room(to)];
      // The front door opens commands and the room behind a hidden one; the ground is everybody's.
      if (here === '' || there === '' || here === there || !to.startsWith(SCRIPTS)) return false;
      return !MAY_IMPORT[here]?.includes(there);
    });
    expect(wrong.map(({ from, to }) => `${relative(SCRIPTS, from)} -> ${relative(SCRIPTS, to)}`)).toEqual([]);
  });

  it('keeps the edges at the edge: no process, no clock, no fetch inside dataset, planner, plan and monitor', () => {
    const pure = sources.filter((file) => ['dataset', 'planner', 'plan', 'monitor'].includes(room(file)));
    const impure = pure.filter((file) =>
      /\bprocess\.env|\bnew Date\(\)|Date\.now\(\)|globalThis\.fetch/.test(readFileSync(file, 'utf8')),
    );
    expect(pure.length).toBeGreaterThan(20);
    expect(impure.map((file) => relative(SCRIPTS, file))).toEqual([]);
  });
});

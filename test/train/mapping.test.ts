import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyMapping } from '../../scripts/dataset/mapping.ts';
import type { Row } from '../../scripts/dataset/rows.ts';
import type { Mapping } from '../../scripts/plan/mapping.ts';
import { mappingPython } from '../../scripts/training/mapping-python.ts';
import { loadCases } from '../dataset/oracle/case.ts';
import { validateLocal } from '../dataset/support.ts';
import { mappings, rows } from '../support/mappings.ts';
import { runPython, temporaryFolder } from '../support/training.ts';

/** Runs each mapping's own text, as a person sees it, on its rows. */
const RUN = `
import json, sys

def tagged(value):
    if value is None or isinstance(value, (bool, str)): return value
    if isinstance(value, float) and value in (float("inf"), float("-inf")): return {"n": repr(value)}
    if isinstance(value, (int, float)): return {"n": str(int(value))} if value == int(value) else value
    if isinstance(value, list): return [tagged(item) for item in value]
    return {"o": [[key, tagged(item)] for key, item in value.items()]}

for line in open(sys.argv[1], encoding="utf-8"):
    case = json.loads(line)
    names = {}
    exec(case["python"], names)
    print(json.dumps([tagged(names["map_row"](row)) for row in case["rows"]]))
`;

interface Case {
  mapping: Mapping;
  rows: Row[];
}

/** What Python makes of each case's rows, in a form that tells 1 from true and keeps every digit. */
async function mappedByPython(cases: readonly Case[]): Promise<unknown[]> {
  const folder = await temporaryFolder();
  const lines = cases.map((each) => json({ python: mappingPython(each.mapping), rows: each.rows }));
  await writeFile(join(folder, 'cases.jsonl'), lines.join('\n'));
  await writeFile(join(folder, 'run.py'), RUN);
  const { code, log } = await runPython([join(folder, 'run.py'), join(folder, 'cases.jsonl')]);
  expect(code, log.slice(-2000)).toBe(0);
  return log
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

function json(value: unknown): string {
  if (typeof value === 'bigint') return value.toString();
  if (Array.isArray(value)) return `[${value.map(json).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return `{${Object.entries(value)
    .map(([key, item]) => `${JSON.stringify(key)}:${json(item)}`)
    .join(',')}}`;
}

function tagged(value: unknown): unknown {
  if (value === undefined) throw new Error('undefined is no value of a row');
  if (typeof value === 'bigint') return { n: value.toString() };
  if (typeof value === 'number') {
    if (Number.isInteger(value)) return { n: BigInt(value).toString() };
    return Number.isFinite(value) ? value : { n: value > 0 ? 'inf' : '-inf' };
  }
  if (Array.isArray(value)) return value.map(tagged);
  if (typeof value !== 'object' || value === null) return value;
  return { o: Object.entries(value).map(([key, item]) => [key, tagged(item)]) };
}

/** The order of keys says nothing. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null || !('o' in value)) return value;
  const entries = value.o as [string, unknown][];
  return { o: entries.map(([key, item]) => [key, sorted(item)] as const).sort(([a], [b]) => (a < b ? -1 : 1)) };
}

async function expectAgreement(cases: readonly Case[]): Promise<void> {
  const mapped = await mappedByPython(cases);
  expect(mapped.length).toBe(cases.length);
  for (const [index, { mapping, rows }] of cases.entries()) {
    for (const [number, row] of rows.entries()) {
      const python = (mapped[index] as unknown[])[number];
      const here = tagged(applyMapping(row, mapping));
      expect({ mapping, row, mapped: sorted(here) }).toEqual({ mapping, row, mapped: sorted(python) });
    }
  }
}

describe('validation and training make the same of a row', () => {
  it('whatever the mapping, whatever the row', async () => {
    const seed = Number(process.env.MAPPING_SEED ?? 11);
    const mapped = fc.sample(fc.record({ mapping: mappings, rows: fc.array(rows, { minLength: 1, maxLength: 4 }) }), {
      numRuns: 4000,
      seed,
    });
    await expectAgreement(mapped);
    // A comparison of nulls says nothing: each expression gives something in many rows.
    const given = mapped.flatMap(({ mapping, rows }) =>
      rows.flatMap((row) => {
        const made = applyMapping(row, mapping);
        return mapping.columns.flatMap(({ to, from }) =>
          made[to] === null ? [] : [typeof from === 'string' ? 'column' : from.op],
        );
      }),
    );
    const counts = new Map<string, number>();
    for (const op of given) counts.set(op, (counts.get(op) ?? 0) + 1);
    expect(counts.size, JSON.stringify([...counts])).toBe(16);
    expect(Math.min(...counts.values()), JSON.stringify([...counts])).toBeGreaterThan(9);
  });

  it('of every fixture, under every mapping that is proposed for it', async () => {
    const folder = await temporaryFolder();
    const cases: Case[] = [];
    for (const one of loadCases().filter(({ rows }) => Array.isArray(rows) && rows.length > 0)) {
      const path = one.write(folder);
      if (!path.endsWith('.jsonl')) continue;
      const { methods } = await validateLocal(path);
      const lines = (await readFile(path, 'utf8')).split('\n').filter(Boolean);
      for (const { mapping, other_mappings = [] } of Object.values(methods)) {
        for (const each of mapping ? [mapping, ...other_mappings] : []) {
          cases.push({ mapping: each, rows: lines.map((line) => JSON.parse(line)) });
        }
      }
    }
    expect(cases.length).toBeGreaterThan(300);
    await expectAgreement(cases);
  });
});

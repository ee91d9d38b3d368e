import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { columnKinds } from '../../scripts/dataset/kinds.ts';
import { proposalsFor } from '../../scripts/dataset/proposals/table.ts';
import type { Row } from '../../scripts/dataset/rows.ts';
import { Mapping } from '../../scripts/plan/mapping.ts';
import { loadCases, TRAINERS } from './oracle/case.ts';

const shapes = loadCases().filter(({ name }) => name.startsWith('shape-'));

/** What is proposed for each trainer, before the rows decide. */
function proposed(rows: readonly Row[]) {
  const columns = Object.keys(Object.assign({}, ...rows)).map((name) => ({ name, type: 'null' }));
  const kinds = columnKinds(columns, rows);
  return TRAINERS.map((method) => proposalsFor(method, { kinds, head: rows }).map(({ mapping }) => mapping));
}

/** As a Parquet file has them. */
function withBigints(value: unknown): unknown {
  if (Number.isInteger(value)) return BigInt(Number(value));
  if (Array.isArray(value)) return value.map(withBigints);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withBigints(item)]));
}

it('there are shapes', () => expect(shapes.length).toBeGreaterThan(60));

describe.each(shapes)('$name', ({ rows }) => {
  const own = z.array(z.record(z.string(), z.unknown())).parse(rows);

  it('has the same proposals where its numbers come of a Parquet file', () => {
    const found = proposed(own.map((row) => withBigints(row) as Row));
    expect(found).toEqual(proposed(own));
    for (const mapping of found.flat()) expect(Mapping.parse(JSON.parse(JSON.stringify(mapping)))).toEqual(mapping);
  });
});

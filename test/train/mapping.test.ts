import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { diskFiles } from '../../scripts/dataset/local/files.ts';
import { parquet } from '../../scripts/dataset/local/parquet.ts';
import { isObject } from '../../scripts/dataset/mapping/functions.ts';
import { applyMapping, parseMapping } from '../../scripts/dataset/mapping.ts';
import type { Row } from '../../scripts/dataset/rows.ts';
import { type Mapping, mappingWords } from '../../scripts/plan/mapping.ts';
import { mappingPython } from '../../scripts/training/mapping-python.ts';
import { loadCases } from '../dataset/oracle/case.ts';
import { validateLocal } from '../dataset/support.ts';
import { mappings, pythonJson, rows } from '../support/mappings.ts';
import { runPython, temporaryFolder } from '../support/training.ts';

/** Runs each mapping's own text, as a person sees it, on its rows; those of a Parquet file as training reads them. */
const RUN = `
import json, math, sys
import pyarrow.parquet

def tagged(value):
    if value is None or isinstance(value, (bool, str)): return value
    if isinstance(value, float) and not math.isfinite(value): return {"n": repr(value)}
    if isinstance(value, (int, float)): return {"n": str(int(value))} if value == int(value) else value
    if isinstance(value, list): return [tagged(item) for item in value]
    if isinstance(value, dict): return {"o": [[key, tagged(item)] for key, item in value.items()]}
    return {"n": "neither text nor number"}

for line in open(sys.argv[1], encoding="utf-8"):
    case = json.loads(line)
    rows = case["rows"]
    if isinstance(rows, str): rows = pyarrow.parquet.read_table(rows).to_pylist()
    names = {}
    exec(case["python"], names)
    print(json.dumps([tagged(names["map_row"](row)) for row in rows]))
`;

/** A column of each type. Not decimals, times of day, durations and maps: what is read for those is not the same. */
const PARQUET_TYPES = `
import datetime, decimal, sys
import pyarrow as pa, pyarrow.parquet as pq

day = datetime.date(2020, 1, 1)
columns = {
    "text": pa.array(["a", "5", None]),
    "large_text": pa.array(["a", "", None], pa.large_string()),
    "dictionary": pa.array(["a", "b", None]).dictionary_encode(),
    "nothing": pa.nulls(3),
    "boolean": pa.array([True, False, None]),
    "int8": pa.array([5, -1, None], pa.int8()),
    "int64": pa.array([2**63 - 1, -(2**63), 5]),
    "uint64": pa.array([2**64 - 1, 0, 5], pa.uint64()),
    "half": pa.array([1.5, 5.0, None], pa.float16()),
    "single": pa.array([0.1, 5.0, float("nan")], pa.float32()),
    "double": pa.array([float("nan"), -0.0, float("inf")]),
    "date": pa.array([day, None, day]),
    "date64": pa.array([day, None, day], pa.date64()),
    "timestamp": pa.array([datetime.datetime(2020, 1, 1), None, None], pa.timestamp("us")),
    "decimal": pa.array([decimal.Decimal("1.5"), decimal.Decimal("5.0"), None]),
    "time": pa.array([datetime.time(1, 2), None, datetime.time(0)]),
    "binary": pa.array([b"a", b"\\xff", None]),
    "fixed": pa.array([b"ab", b"cd", None], pa.binary(2)),
    "object": pa.array([{"a": 5, "text": "x"}, {"a": None, "text": None}, None]),
    "numbers": pa.array([[5, 2], [], None]),
    "texts": pa.array([["a", "b"], [None], None]),
    "messages": pa.array([[{"from": "human", "value": "a"}], [], [None]]),
}
pq.write_table(pa.table(columns), sys.argv[1])
`;
const OF_ANY_TYPE = [
  'join($, "")',
  'get($, a)',
  'get($, 0)',
  'pick(texts, $)',
  'pick($, boolean)',
  'slice($, 0, 1)',
  'lettered($)',
  'after($, a)',
  'json($)',
  'choose($, 5: "five", a: "a", true: "true", 0: "zero", -1: "minus")',
  'greater($, 1)',
  'chat($, user: text)',
  'turns($, from, value, human: user)',
  'pairs($, 0, a)',
  'alternating($)',
  'dialogue($, a: user)',
];

interface Case {
  mapping: Mapping;
  rows: Row[];
  /** The file that the rows are of. */
  parquet?: string;
}

/** What Python makes of each case's rows, in a form that tells 1 from true and keeps every digit. */
async function mappedByPython(cases: readonly Case[]): Promise<unknown[]> {
  const folder = await temporaryFolder();
  const lines = cases.map((each) =>
    pythonJson({ python: mappingPython(each.mapping), rows: each.parquet ?? each.rows }),
  );
  await writeFile(join(folder, 'cases.jsonl'), lines.join('\n'));
  await writeFile(join(folder, 'run.py'), RUN);
  const { code, log } = await runPython([join(folder, 'run.py'), join(folder, 'cases.jsonl')]);
  expect(code, log.slice(-2000)).toBe(0);
  return log
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

function tagged(value: unknown): unknown {
  if (value === undefined) throw new Error('undefined is no value of a row');
  if (typeof value === 'bigint') return { n: value.toString() };
  if (typeof value === 'number') {
    if (Number.isInteger(value)) return { n: BigInt(value).toString() };
    return Number.isFinite(value) ? value : { n: Number.isNaN(value) ? 'nan' : value > 0 ? 'inf' : '-inf' };
  }
  if (Array.isArray(value)) return value.map(tagged);
  if (typeof value !== 'object' || value === null) return value;
  if (!isObject(value)) return { n: 'neither text nor number' };
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
  const disagreements = cases.flatMap(({ mapping, rows }, index) =>
    rows.flatMap((row, number) => {
      const [here, python] = [tagged(applyMapping(row, mapping)), (mapped[index] as unknown[])[number]].map(sorted);
      return isDeepStrictEqual(here, python) ? [] : [{ words: mappingWords(mapping), row, here, python }];
    }),
  );
  expect(disagreements).toEqual([]);
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

  it('whatever type a column of a Parquet file has', async () => {
    const path = join(await temporaryFolder(), 'types.parquet');
    const made = await runPython(['-c', PARQUET_TYPES, path]);
    expect(made.code, made.log.slice(-2000)).toBe(0);
    const file = await diskFiles.open(path);
    const rows: Row[] = [];
    for await (const batch of (await parquet.open(file)).all()) rows.push(...batch);
    await file.close();
    const names = Object.keys(rows[0] ?? {});
    expect(names.length).toBe(22);
    const cases = names.flatMap((name) =>
      OF_ANY_TYPE.map((each) => {
        const mapping = parseMapping([`made=${each.replaceAll('$', `column("${name}")`)}`]);
        if (!mapping) throw new Error(each);
        return { mapping, rows, parquet: path };
      }),
    );
    await expectAgreement(cases);
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

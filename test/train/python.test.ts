import { readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { diskFiles } from '../../scripts/dataset/local/files.ts';
import { kindOf } from '../../scripts/dataset/local/readers.ts';
import { localSplit } from '../../scripts/dataset/local/source.ts';
import type { JsonValue } from '../../scripts/plan/json.ts';
import { composeScript } from '../../scripts/training/compose.ts';
import { pythonLiteral, pythonText } from '../../scripts/training/python-literal.ts';
import { runPython, runTorch, temporaryFolder } from '../support/training.ts';
import { variants } from '../support/variants.ts';

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));
const CONFIG = path('../../pyproject.toml');
const MODULES = path('../../scripts/training');
const TESTS = path('./python');

const OUR_MODULES = `import json, sys; sys.path.append(${pythonLiteral(path('../../scripts'))})`;

/** ruff would quote its names otherwise; what they mean is the same. */
const UNUSUAL = 'hostile.py';

/** One file for every kind of script, in a folder. */
async function composedScripts(): Promise<string> {
  const folder = await temporaryFolder();
  for (const [name, plan] of variants()) {
    await writeFile(join(folder, `${name}.py`), composeScript(plan).script);
  }
  return folder;
}

describe('our Python', () => {
  it.each(['modules', 'scripts', 'tests'])('the %s are formatted and pass ruff', async (which) => {
    const target = which === 'modules' ? MODULES : which === 'tests' ? TESTS : await composedScripts();
    for (const command of [['check'], ['format', '--check', '--exclude', UNUSUAL]]) {
      const { code, log } = await runPython(['-m', 'ruff', ...command, '--no-cache', '--config', CONFIG, target]);
      expect(log).toMatch(/^(All checks passed!|\d+ files already formatted)\n$/);
      expect(code).toBe(0);
    }
  });

  it('the modules and the scripts are typed', async () => {
    const folder = await composedScripts();
    const mypy = ['-m', 'mypy', '--config-file', CONFIG, '--cache-dir', join(folder, 'cache')];
    const modules = await runPython([...mypy, MODULES], { env: { MYPYPATH: path('../../scripts') } });
    expect(modules.log).toMatch(/Success: no issues found in \d{2} source files/);
    const scripts = await runPython([...mypy, folder]);
    expect(scripts.log).toContain(`Success: no issues found in ${variants().length} source files`);
  });

  it('the rules for rows hold', async () => {
    const { code, log } = await runPython(['-m', 'pytest', '-q', '-p', 'no:cacheprovider', path('python')], {
      env: { PYTHONPATH: path('../../scripts') },
    });
    expect(log).toMatch(/\d{2,} passed/);
    expect(code).toBe(0);
  });
});

describe('literals', () => {
  it('Python reads back what was written, whatever it is', async () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({
        unit: fc.constantFrom(
          '"',
          "'",
          '\\',
          '\n',
          '\r',
          '\0',
          '\ud800',
          '\udc00',
          '\u202e',
          '\u2028',
          '#',
          '{',
          '"""',
        ),
      }),
    );
    const { value } = fc.letrec<{ value: JsonValue }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        text,
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        fc.integer(),
        fc.boolean(),
        fc.constant(null),
        fc.array(tie('value')),
        fc.dictionary(text, tie('value')),
      ),
    }));
    const values = fc.sample(value, { numRuns: 2000, seed: 7 });
    const folder = await temporaryFolder();
    const texts = fc.sample(text, { numRuns: 2000, seed: 8 }).map((one) => `${one}\n`);
    const script = [
      'import json, math',
      'def same(a, b):',
      '    if isinstance(a, dict): return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)',
      '    if isinstance(a, list): return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b))',
      '    if isinstance(a, bool) or isinstance(b, bool): return a is b',
      '    return a == b',
      `literals = [\n${values.map((one) => `    ${pythonLiteral(one, 4)},\n`).join('')}]`,
      `expected = json.loads(open(${pythonLiteral(join(folder, 'expected.json'))}).read())`,
      `texts = [\n${texts.map((one) => `${pythonText(one)},\n`).join('')}]`,
      `told = json.loads(open(${pythonLiteral(join(folder, 'texts.json'))}).read())`,
      'print("texts:", sum(a == b for a, b in zip(texts, told)), "of", len(told))',
      'print("same:", sum(same(a, b) for a, b in zip(literals, expected)), "of", len(expected))',
    ];
    await writeFile(join(folder, 'literals.py'), script.join('\n'));
    await writeFile(join(folder, 'expected.json'), JSON.stringify(values));
    await writeFile(join(folder, 'texts.json'), JSON.stringify(texts));
    const { log } = await runTorch([join(folder, 'literals.py')]);
    expect(log.trim().split(/\r?\n/)).toEqual(['texts: 2000 of 2000', 'same: 2000 of 2000']);
  });
});

describe('local files', () => {
  it.each([
    'bad-rows.jsonl',
    'codeforces-shape.jsonl',
    'object.json',
    'qa.csv',
    '../../dataset/fixtures/conversations-snappy.parquet',
    'bad-rows.jsonl.gz',
    'object.json.gz',
    'qa.csv.gz',
  ])('%s: training reads the rows that validation saw', async (name) => {
    const file = name.endsWith('.gz') ? await zipped(path(`fixtures/${name.slice(0, -3)}`)) : path(`fixtures/${name}`);
    await expectSameRows(file);
  });

  it.each([
    ['odd.csv', 'begins with a blank line', '\ufeff\r\nprompt,completion\r\n\r\nab,cd\r\n  ,"x\r\ny"\r\nshort\r\n'],
    ['odd.csv', 'mixes line ends', 'prompt,label\na,1\r\nb,0\rc,1\n'],
    ['odd.jsonl', 'breaks a line inside a row', '{"text":\r"abc"}\r\n{"text": "d"}\n'],
  ])('%s that %s: training reads the rows that validation saw', async (name, _, content) => {
    const file = join(await temporaryFolder(), name);
    await writeFile(file, content);
    await expectSameRows(file);
  });

  it.each([
    ['lines', '\ufeff\n{"a": [1]}\r\n\n{"a": [2]}\r\n'],
    ['one row', '{"text": "a\\u2028b"}\n'],
    ['one row over several lines', '{\n "text": "a"\n}'],
    ['a list', '\ufeff\n [\n{"a": 1},\n{"a": [2]}]\n'],
    ['an object with one list', '{"a": 5, "rows": [{"a": 1}, {"a": 2}]}\n\n'],
    ['one line with a list', '{"messages": [{"role": "user"}, {"role": "assistant"}]}'],
    ['two lines with a list each', '{"messages": [{"role": "user"}]}\n{"messages": [{"role": "user"}]}'],
  ])('called .json that hold %s: training reads the rows that validation saw', async (_, content) => {
    const file = join(await temporaryFolder(), 'data.json');
    await writeFile(file, content);
    await expectSameRows(file);
    await expectSameRows(await zipped(file));
  });
});

/** A row for each type of Arrow that a parquet file may hold and training can load. */
const TYPES = `
import datetime as dt, decimal, sys
import pyarrow as pa, pyarrow.parquet as pq
table = pa.table({
    "decimal": pa.array([decimal.Decimal("1.50"), decimal.Decimal("-2.25"), None], pa.decimal128(10, 2)),
    "seconds": pa.array([dt.time(1, 2, 3), dt.time(0, 0), None], pa.time32("ms")),
    "micros": pa.array([dt.time(1, 2, 3, 4), dt.time(0, 0), None], pa.time64("us")),
    "map": pa.array([[("a", "b")], [], None], pa.map_(pa.string(), pa.string())),
    "date": pa.array([dt.date(2020, 1, 2), dt.date(1960, 1, 1), None], pa.date32()),
    "timestamp": pa.array([dt.datetime(2020, 1, 2), dt.datetime(1960, 1, 1), None], pa.timestamp("us")),
    "half": pa.array([1.5, 2.25, None], pa.float16()),
    "fixed": pa.array([b"abcd", b"efgh", None], pa.binary(4)),
    "bytes": pa.array([b"abcd", b"\\xff", None], pa.binary()),
    "dictionary": pa.array(["a", "b", None]).dictionary_encode(),
    "small": pa.array([200, 1, None], pa.uint8()),
    "unsigned": pa.array([2**32 - 1, 1, None], pa.uint32()),
    "true": pa.array([True, False, None]),
    "null": pa.nulls(3),
    "pairs": pa.array([[1, 2], [3, 4], None], pa.list_(pa.int32(), 2)),
    "json": pa.array(['{"a": 1}', "[1]", None], pa.json_()),
    "view": pa.array(["x", "y", None], pa.string_view()),
    "large": pa.array(["x", "y", None], pa.large_string()),
    "struct": pa.array([{"price": decimal.Decimal("1.5")}, None, None]),
})
for name in ("plain", "dictionary"):
    pq.write_table(table, f"{sys.argv[1]}/{name}.parquet", use_dictionary=name == "dictionary")
`;

describe('a parquet file of every type', () => {
  it.each(['plain', 'dictionary'])('holds text and numbers where training has them: %s', async (name) => {
    const folder = await temporaryFolder();
    expect((await runTorch(['-c', TYPES, folder])).code).toBe(0);
    const file = await diskFiles.open(join(folder, `${name}.parquet`));
    const seen: unknown[] = [];
    for await (const batch of (await kindOf(file.name)?.reader.open(file))?.all() ?? []) seen.push(...batch.map(told));
    await file.close();
    const print = `${OUR_MODULES}
from pathlib import Path
from training.local_data import *
f = Path(sys.argv[1])
told = lambda v: {k: told(x) for k, x in v.items()} if isinstance(v, dict) else [told(x) for x in v] if isinstance(v, (list, tuple)) else v if v is None or isinstance(v, (str, int, float)) else "neither"
rows = list(read_rows(f))
print(json.dumps([told(row) for row in rows]))`;
    const { log } = await runTorch(['-c', print, join(folder, `${name}.parquet`)]);
    expect(seen).toHaveLength(3);
    expect(seen).toEqual(JSON.parse(log));
  });
});

/** Text, numbers and what is made of them; what is neither, by that word. */
function told(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value);
  if (Array.isArray(value)) return value.map(told);
  if (value instanceof Date || value instanceof Uint8Array) return 'neither';
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, told(item)]));
}

async function expectSameRows(file: string): Promise<void> {
  const split = await localSplit(diskFiles, file, { config: undefined, split: undefined });
  const seen: unknown[] = [];
  for (const part of split.parts) {
    const readable = await kindOf(part.file.name)?.reader.open(part.file);
    for await (const batch of readable?.all() ?? []) seen.push(...batch.map(withoutNulls));
  }
  const printed = await split.fingerprint?.(new AbortController().signal);
  await split.close();
  expect(seen.length).toBeGreaterThan(0);
  const print = `${OUR_MODULES}
from pathlib import Path
from training.local_data import *
f = Path(sys.argv[1])
print(json.dumps([fingerprint([f]), list(read_rows(f))]))`;
  const { log } = await runTorch(['-c', print, file]);
  const [fingerprint, rows] = JSON.parse(log);
  expect(fingerprint).toBe(printed);
  expect(rows.map(withoutNulls)).toEqual(seen);
}

async function zipped(file: string): Promise<string> {
  const copy = join(await temporaryFolder(), `${basename(file)}.gz`);
  await writeFile(copy, gzipSync(await readFile(file)));
  return copy;
}

/** As plain JSON. A missing key is a null: validation fills it in, as the table that training makes does. */
const withoutNulls = (row: object): object =>
  JSON.parse(
    JSON.stringify(row, (key, value: unknown) =>
      value === null && key !== '' ? undefined : typeof value === 'bigint' ? Number(value) : value,
    ),
  );

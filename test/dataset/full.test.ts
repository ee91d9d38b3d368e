import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Analysis, type Columns } from '../../scripts/dataset/analysis.ts';
import type { Crew } from '../../scripts/dataset/every-row/crew.ts';
import { limited } from '../../scripts/dataset/every-row/limited.ts';
import { passOver } from '../../scripts/dataset/every-row/pass.ts';
import { type Assignment, checkPiece } from '../../scripts/dataset/every-row/piece.ts';
import type { Threads } from '../../scripts/dataset/every-row/threads.ts';
import { columnKinds } from '../../scripts/dataset/kinds.ts';
import { jsonLines } from '../../scripts/dataset/local/json-lines.ts';
import { lineBlocks } from '../../scripts/dataset/local/lines.ts';
import { METHOD_RULES } from '../../scripts/dataset/methods/table.ts';
import type { DatasetReport } from '../../scripts/dataset/report.ts';
import type { Row } from '../../scripts/dataset/rows.ts';
import { inMemory } from '../../scripts/dataset/sample/bounds.ts';
import { fits, merge, typeOf } from '../../scripts/dataset/types.ts';
import { type ValidateOptions, validateDataset } from '../../scripts/dataset/validate.ts';
import { offline, threadEntry } from './support.ts';

const folder = mkdtempSync(join(tmpdir(), 'full-'));
afterAll(() => rmSync(folder, { recursive: true }));

function write(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  return path;
}

let entry: string;
beforeAll(async () => {
  entry = await threadEntry(folder);
});
const threads = (count: number): Threads => ({ entry, count, from: 0 });

function validate(path: string, options: ValidateOptions, workers?: Threads): Promise<DatasetReport> {
  return validateDataset({ reference: path, options, hub: offline, cwd: folder, env: {}, threads: workers });
}

const talk = (n: number, words: number): Row => ({
  messages: [
    { role: 'user', content: `${n} ${'why '.repeat(words)}` },
    { role: 'assistant', content: `because ${n}: ${'größer '.repeat(words)}` },
  ],
  id: n,
});
const lines = (rows: readonly unknown[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join('');
/** Some 10 MB, so that there are several pieces; now and then a row that doesn't train. */
const many = Array.from({ length: 12_000 }, (_, n) => {
  if (n % 5000 === 4321) return { messages: [], id: n };
  if (n % 7000 === 6999) return { messages: null, id: n };
  return talk(n, 60 + (n % 9));
});

describe('every row, in threads', () => {
  const cases: [string, string, ValidateOptions][] = [
    ['lines', write('many.jsonl', lines(many)), {}],
    ['lines, rows left out', join(folder, 'many.jsonl'), { dropInvalid: true, method: 'sft' }],
    ['a column of several types late', write('mixed.jsonl', lines([...many, { ...talk(1, 1), id: 'x' }])), {}],
    ['a column that comes late', write('late.jsonl', lines([...many, { ...talk(1, 1), prompt: 'p' }])), {}],
    ['a mapping', write('named.jsonl', lines(many.map(({ messages }) => ({ chat: messages })))), {}],
    ['a mapping that is given', join(folder, 'named.jsonl'), { map: ['messages=chat'] }],
  ];
  it.each(cases)(
    '%s: the same report with any number of threads',
    async (_, path, options) => {
      const alone = await validate(path, options);
      expect(alone).toMatchObject({ complete: true });
      expect(alone.rows_seen).toBeGreaterThan(11_000);
      for (const count of [2, 5]) expect(await validate(path, options, threads(count))).toEqual(alone);
    },
    120_000,
  );

  it('parquet, in many files', async () => {
    for (const name of ['many-pages', 'groups', 'index', 'zstd']) {
      mkdirSync(join(folder, 'shards'), { recursive: true });
      copyFileSync(
        join(import.meta.dirname, `fixtures/parquet/${name}.parquet`),
        join(folder, `shards/train-${name}.parquet`),
      );
    }
    const alone = await validate(join(folder, 'shards'), {});
    expect(alone).toMatchObject({ rows_seen: 960, complete: true });
    expect(await validate(join(folder, 'shards'), {}, threads(2))).toEqual(alone);
  });

  it('compressed lines', async () => {
    const path = write('packed.jsonl.gz', gzipSync(readFileSync(join(folder, 'many.jsonl'))));
    const own = { dataset: '', files: [], fingerprint: null };
    const packed = await validate(path, { dropInvalid: true }, threads(2));
    const plain = await validate(join(folder, 'many.jsonl'), { dropInvalid: true });
    expect({ ...packed, ...own }).toEqual({ ...plain, ...own });
    expect(packed).toMatchObject({
      rows_total: 12_000,
      complete: true,
      recommended: 'sft',
      tokens: { estimated: true },
    });
  });

  it('a broken line far behind is named by its number in the file', async () => {
    const text = lines(many);
    const path = write('broken.jsonl', `${text}{"messages": [\n${text}`);
    const failure = { code: 'broken_file', message: expect.stringContaining(' line 12001: is not JSON') };
    await expect(validate(path, {})).rejects.toMatchObject(failure);
    await expect(validate(path, {}, threads(2))).rejects.toMatchObject(failure);
  }, 60_000);

  it('a gzip file that is cut', async () => {
    const whole = gzipSync(lines(many.slice(0, 500)));
    const path = write('cut.jsonl.gz', whole.subarray(0, whole.length - 100));
    await expect(validate(path, {}, threads(2))).rejects.toMatchObject({
      code: 'broken_file',
      message: expect.stringMatching(/cut\.jsonl\.gz after byte \d+ of what is in it: the gzip file ends too early/),
    });
  });

  it('threads that can not be started are done without, and it is said', async () => {
    const report = await validate(join(folder, 'many.jsonl'), {}, { entry: join(folder, 'no.mjs'), count: 2, from: 0 });
    expect(report).toMatchObject({ complete: true, rows_seen: 12_000 });
    expect(report.notes).toEqual([expect.stringMatching(/^Checked in one thread: others could not be started/)]);
  });

  it('that is stopped says how far it came, and the rows seen have no gap', async () => {
    const stop = new AbortController();
    const report = await validateDataset({
      reference: join(folder, 'many.jsonl'),
      hub: offline,
      cwd: folder,
      env: {},
      stop: stop.signal,
      progress: ({ rows }) => rows > 2000 && stop.abort(),
    });
    expect(report).toMatchObject({ complete: false, rows_total: null, fingerprint: null });
    expect(report.rows_seen).toBeGreaterThan(2000);
    expect(report.rows_seen).toBeLessThan(12_000);
    expect(report.notes[0]).toMatch(/^Stopped by you after [\d,]+ rows: the rest was not checked\.$/);
  });
});

describe('what pieces have found, put together', () => {
  const messages = [
    talk(1, 2).messages,
    [],
    null,
    'text',
    [{ role: 'user', content: 'q' }],
    [{ from: 'gpt', value: '' }],
  ];
  const cell = fc.constantFrom<unknown>(...messages);
  const other = fc.constantFrom<unknown>(1, 2.5, 'x', null, true, [1], ['x'], { a: 1 }, { a: 'x' }, { b: [] });
  const row = fc.record({ messages: cell, prompt: other, chosen: cell, rejected: cell, text: other });
  const columnsOf = (rows: readonly Row[]): Columns => ({
    kinds: columnKinds(
      ['messages', 'prompt', 'chosen', 'rejected', 'text'].map((name) => ({ name, type: 'unknown' })),
      rows,
    ),
    mixed: ['prompt', 'text', 'messages'],
    head: rows,
  });

  it.each(METHOD_RULES.map((rules) => [rules.method, rules] as const))('%s: as if seen at once', (_, rules) => {
    const cuts = fc.array(fc.nat(30), { maxLength: 4 });
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 30 }), cuts, fc.boolean(), (rows, at, mapped) => {
        const mapping = mapped
          ? {
              columns: [
                { to: 'messages', from: 'chosen' },
                { to: 'text', from: 'text' },
              ],
            }
          : null;
        const fresh = (): Analysis => new Analysis(rules, columnsOf(rows), mapping, mapped ? ['prompt'] : []);
        const once = fresh();
        for (const [index, each] of rows.entries()) once.add({ index, row: each });
        const together = fresh();
        const ends = [...new Set([...at.filter((end) => end < rows.length), rows.length])].sort((a, b) => a - b);
        let start = 0;
        for (const end of ends) {
          const part = fresh();
          for (const [index, each] of rows.slice(start, end).entries()) part.add({ index, row: each });
          together.merge(structuredClone(part.state()), start);
          start = end;
        }
        expect(together.lossy).toBe(once.lossy);
        expect(together.usable).toBe(once.usable);
        if (once.lossy) return; // no proposal then, whatever else it found
        for (const drop of [true, false]) expect(together.report(drop)).toEqual(once.report(drop));
        expect(together.tokens.statistics(1)).toEqual(once.tokens.statistics(1));
      }),
      { numRuns: 200 },
    );
  });

  it('is the same for any crew, whoever is done first', async () => {
    const files = fc.array(fc.array(row, { maxLength: 6 }), { minLength: 1, maxLength: 12 });
    const delays = fc.array(fc.nat(6), { minLength: 12, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(files, fc.integer({ min: 1, max: 8 }), delays, async (parts, size, waits) => {
        const rows = parts.flat();
        if (rows.length === 0) return;
        const columns = columnsOf(rows);
        const outcome = async (contents: readonly Row[][], crewSize: number, pauses: readonly number[]) => {
          const analyses = METHOD_RULES.map((rules) => new Analysis(rules, columns, null, []));
          const readable = await Promise.all(
            contents.map((part, n) => jsonLines.open(inMemory(`${n}.jsonl`, new TextEncoder().encode(lines(part))))),
          );
          const assignment: Assignment = {
            columns,
            analyses: METHOD_RULES.map(({ method }) => ({ method, mapping: null, mustBeEmpty: [] })),
            names: [...columns.kinds.keys()],
            read: [],
            survey: true,
          };
          const turn = limited(crewSize);
          const crew: Crew = {
            size: crewSize,
            check: ({ file, piece }) =>
              turn(async () => {
                for (let left = pauses[file] ?? 0; left > 0; left -= 1) await new Promise(setImmediate);
                const of = readable[file];
                if (!of) throw new Error('no such file');
                const watch = { seen: () => {}, stopped: () => false };
                return structuredClone(await checkPiece(of, piece, assignment, watch));
              }),
            stop: () => {},
            close: async () => {},
          };
          const passed = await passOver(readable, [], crew, analyses, new AbortController().signal, () => {});
          return { passed, reports: analyses.map((analysis) => [analysis.report(false), analysis.report(true)]) };
        };
        expect(await outcome(parts, size, waits)).toEqual(await outcome([rows], 1, []));
      }),
      { numRuns: 100 },
    );
  });

  it('lines cut anywhere are the same lines', async () => {
    const line = fc.string({ maxLength: 12 }).map((text) => text.replaceAll('\n', ''));
    const cases = fc.tuple(
      fc.array(line, { maxLength: 20 }),
      fc.boolean(),
      fc.array(fc.nat(120), { maxLength: 5 }),
      fc.integer({ min: 1, max: 40 }),
    );
    await fc.assert(
      fc.asyncProperty(cases, async ([texts, closed, cuts, size]) => {
        const bytes = new TextEncoder().encode(texts.join('\n') + (closed ? '\n' : ''));
        const from = async function* (at: number): AsyncGenerator<Uint8Array> {
          for (let start = at; start < bytes.length; start += size) yield bytes.slice(start, start + size);
        };
        const ends = [...new Set([...cuts.filter((cut) => cut > 0 && cut < bytes.length), bytes.length])].sort(
          (a, b) => a - b,
        );
        let text = '';
        let start = 0;
        for (const end of ends) {
          const at = Math.max(0, start - 1);
          for await (const block of lineBlocks(from(at), at, start, end)) text += new TextDecoder().decode(block);
          start = end;
        }
        expect(text).toBe(new TextDecoder().decode(bytes));
      }),
      { numRuns: 500 },
    );
  });

  it('a type that fits is one that merging leaves as it is', () => {
    const value = fc.jsonValue({ maxDepth: 3 });
    fc.assert(
      fc.property(fc.array(value, { maxLength: 4 }), value, (before, next) => {
        const type = before.map((each) => typeOf(each)).reduce(merge, typeOf(null));
        expect(fits(type, next)).toBe(merge(type, typeOf(next)) === type);
      }),
      { numRuns: 2000 },
    );
  });
});

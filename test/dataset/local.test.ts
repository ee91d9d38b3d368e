import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { layout } from '../../scripts/dataset/layout.ts';
import { diskFiles } from '../../scripts/dataset/local/files.ts';
import { listRows } from '../../scripts/dataset/local/json-list.ts';
import { unreadable } from '../../scripts/dataset/local/unreadable.ts';
import { sha256 } from '../../scripts/plan/digest.ts';
import { validateLocal } from './support.ts';

const folder = mkdtempSync(join(tmpdir(), 'local-'));
afterAll(() => rmSync(folder, { recursive: true }));
const fixtures = join(import.meta.dirname, 'fixtures');

function write(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  return path;
}

const TALK = '{"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]}';

describe('files that train', () => {
  it.each([
    ['lines.jsonl', `${TALK}\n${TALK}\n`, 2],
    ['last-line-open.jsonl', `${TALK}\n${TALK}`, 2],
    ['blank-lines.jsonl', `\n${TALK}\n\n  \n${TALK}\n\n`, 2],
    ['crlf.jsonl', `${TALK}\r\n${TALK}\r\n`, 2],
    ['bom.jsonl', `\ufeff${TALK}\n`, 1],
    ['paired-escape.jsonl', '{"text": "\\ud83d\\ude00"}\n', 1],
    ['list.json', `[${TALK}, ${TALK}]`, 2],
    ['bom.json', `\ufeff[${TALK}]`, 1],
    ['one-list.json', `{"version": 1, "data": [${TALK}, ${TALK}]}`, 2],
    ['lines.json', `\ufeff\n${TALK}\n${TALK}\n`, 2],
    ['one-row.json', '{"text": "a"}', 1],
    ['one-row-pretty.json', '{\n  "text": "a"\n}\n', 1],
    ['cells.csv', 'prompt,completion\nq,a\n"q, 2","a ""b""\nc"\n', 2],
    ['crlf-bom.csv', '\ufeffprompt,completion\r\nq,a\r\n', 1],
    ['numbers.csv', 'text\n42\nNA\n', 2],
    ['LINES.JSONL', `${TALK}\n`, 1],
  ])('%s', async (name, content, rows) => {
    const report = await validateLocal(write(name, content), { method: 'sft' });
    expect(report.methods.sft).toMatchObject({ verdict: 'READY', findings: [] });
    expect(report).toMatchObject({
      rows_total: rows,
      rows_seen: rows,
      complete: true,
      source: 'local',
      revision: null,
    });
    expect(report.fingerprint).toBe(sha256(content));
  });

  it.each(['conversations-snappy.parquet', 'conversations-zstd.parquet'])('%s', async (name) => {
    const report = await validateLocal(join(fixtures, name));
    expect(report.methods.sft).toMatchObject({ verdict: 'READY', findings: [] });
    expect(report.columns).toEqual([
      { name: 'messages', type: 'list<struct<role: string, content: string>>' },
      { name: 'id', type: 'int64' },
      { name: 'tags', type: 'list<string>' },
      { name: 'score', type: 'float64' },
    ]);
    expect(report).toMatchObject({ rows_total: 30, rows_seen: 30 });
  });

  it('a list cut into chunks anywhere has the same items', async () => {
    const value = fc.dictionary(fc.string({ unit: 'binary', maxLength: 4 }), fc.jsonValue({ maxDepth: 3 }), {
      noNullPrototype: true,
    });
    const space = fc.constantFrom(0, 1, undefined);
    await fc.assert(
      fc.asyncProperty(
        fc.array(value, { maxLength: 8 }),
        fc.integer({ min: 1, max: 20 }),
        space,
        async (rows, size, pad) => {
          const bytes = new TextEncoder().encode(`${JSON.stringify(rows, null, pad)} \n`);
          const chunked = async function* () {
            for (let at = 0; at < bytes.length; at += size) yield bytes.slice(at, at + size);
          };
          const read: unknown[] = [];
          for await (const batch of listRows('x', chunked())) read.push(...batch);
          expect(JSON.stringify(read)).toBe(JSON.stringify(rows));
        },
      ),
      { numRuns: 300 },
    );
  });

  it('reads cells of ten megabytes', async () => {
    const text = 'x'.repeat(10_000_000);
    const report = await validateLocal(write('large.jsonl', `${JSON.stringify({ text })}\n{"text": "y"}\n`));
    expect(report.methods.sft?.verdict).toBe('READY');
    expect(report.tokens).toMatchObject({ max: 2_500_000, total: 2_500_001, estimated: true });
    expect(JSON.stringify(report).length).toBeLessThan(4000);
  });

  it('a short CSV row lacks its last cell', async () => {
    const report = await validateLocal(write('short.csv', 'prompt,completion\nq,a\nq\n'), { method: 'sft' });
    expect(report.methods.sft?.findings).toMatchObject([{ code: 'null_value', rows: [1] }]);
  });

  it('a column that only late rows have is null before', async () => {
    const lines = [...Array(60).fill('{"text": "x"}'), '{"text": "y", "prompt": "z"}'];
    const report = await validateLocal(write('late.jsonl', lines.join('\n')), { method: 'sft' });
    expect(report.methods.sft).toMatchObject({ verdict: 'NEEDS_MAPPING', findings: [{ code: 'stray_prompt' }] });
  });
});

describe('files that do not', () => {
  it.each([
    ['half.jsonl', `${TALK}\n{"text": \n`, 'data', 'broken_file', / line 2: is not JSON/],
    ['pretty.jsonl', '[\n{"text": "a"}\n]\n', 'data', 'broken_file', / line 1: is not JSON/],
    ['scalar.jsonl', `${TALK}\n5\n`, 'data', 'broken_file', / line 2: is a single value/],
    ['nan.jsonl', '{"text": "a", "score": NaN}\n', 'data', 'broken_file', / line 1: is not JSON/],
    ['latin1.jsonl', Buffer.from('{"text": "caf\u00e9"}\n', 'latin1'), 'data', 'broken_file', /not UTF-8/],
    ['half-a-character.jsonl', '{"text": "\\ud83d"}\n', 'data', 'broken_file', / line 1: holds half of a character/],
    ['empty.jsonl', '', 'data', 'empty_dataset', /has no rows/],
    ['empty.json', '', 'data', 'empty_dataset', /has no rows/],
    ['empty-list.json', '[]', 'data', 'empty_dataset', /has no rows/],
    ['header-only.csv', 'text\n', 'data', 'empty_dataset', /has no rows/],
    ['half.json', `${TALK}\n{"text": \n`, 'data', 'broken_file', / line 2: is not JSON/],
    ['pretty-rows.json', '{\n"text": "a"\n}\n{\n"text": "b"\n}\n', 'data', 'broken_file', /is not JSON/],
    ['two-lists.json', '{"a": [], "b": []}', 'data', 'broken_file', /several lists: which one/],
    ['object-of-halves.json', '{"data": [{"text": "\\ud83d"}]}', 'data', 'broken_file', / item 0: holds half of/],
    ['item.json', '[{"text": "a"}, 5]', 'data', 'broken_file', / item 1: is not an object/],
    ['nan.json', '[{"text": "a"}, {"text": "b", "x": NaN}]', 'data', 'broken_file', / item 1: is not JSON/],
    ['comma.json', '[{"text": "a"},]', 'data', 'broken_file', / item 1: is not JSON/],
    ['no-comma.json', '[{"text": "a"} {"text": "b"}]', 'data', 'broken_file', / item 0: is not JSON/],
    ['bracket.json', '[{"text": "a"]}, {"text": "b"}]', 'data', 'broken_file', / item 0: is not JSON/],
    ['open.json', '[{"text": "a"}, {"text": "b"}', 'data', 'broken_file', / item 1: .*ends before its list does/],
    ['more.json', '[{"text": "a"}] [', 'data', 'broken_file', / item 1: more follows/],
    ['half-a-character.json', '[{"text": "\\ud83d"}]', 'data', 'broken_file', / item 0: holds half of a character/],
    ['latin1.json', Buffer.from('[{"text": "caf\u00e9"}]', 'latin1'), 'data', 'broken_file', / item 0: is not UTF-8/],
    ['ragged.csv', 'a,b\n1,2\n3,4,5\n', 'data', 'broken_file', / line 3: has 3 fields where the header has 2/],
    ['quote.csv', 'a,b\n"x,2\n', 'data', 'broken_file', /is not CSV/],
    ['twice.csv', 'a,a\n1,2\n', 'data', 'broken_file', /names the column "a" twice/],
    ['open-end.csv', 'a,b\n1,2\n"x,2\n3,4\n', 'data', 'broken_file', /open-end\.csv: is not CSV: .*line 4/],
    [
      'cut.jsonl.gz',
      gzipSync(`${TALK}\n`.repeat(50)).subarray(0, -20),
      'data',
      'broken_file',
      /gzip file ends too early/,
    ],
    ['not.jsonl.gz', TALK, 'data', 'broken_file', /is not gzip/],
    ['latin1.csv', Buffer.from('text\ncaf\u00e9\n', 'latin1'), 'data', 'broken_file', /not UTF-8/],
    ['torn.parquet', 'PAR1 torn PAR1', 'data', 'broken_file', /can't be read as parquet, it may be damaged/],
    ['page.html', '<html>', 'usage', 'not_a_dataset_file', /not a data file/],
  ])('%s', async (name, content, kind, code, message) => {
    const failure = validateLocal(write(name, content));
    await expect(failure).rejects.toMatchObject({ kind, code, message: expect.stringMatching(message) });
  });

  it.each([
    ['encrypted', /encrypted\.parquet: is encrypted parquet/],
    ['encrypted-column', /encrypted-column\.parquet row group 0: is encrypted parquet/],
  ])('a parquet file that is %s', async (name, message) => {
    await expect(validateLocal(join(fixtures, `parquet-odd/${name}.parquet`))).rejects.toMatchObject({
      kind: 'data',
      code: 'broken_file',
      message: expect.stringMatching(message),
      hint: expect.stringContaining('without encryption'),
    });
  });

  it('a parquet file with a column that can not be loaded', async () => {
    const failure = validateLocal(join(fixtures, 'parquet-odd/uuid.parquet'));
    await expect(failure).rejects.toMatchObject({ code: 'broken_file', message: /column "id": holds UUIDs/ });
  });

  it('a parquet file whose maps and large numbers do not go into one column', async () => {
    const path = join(fixtures, 'parquet-odd/map.parquet');
    const report = await validateLocal(path, { method: 'sft' });
    expect(report.methods.sft).toMatchObject({
      findings: [
        { kind: 'fails', code: 'mixed_types', message: expect.stringContaining('`extra`') },
        { kind: 'fails', code: 'mixed_types', message: expect.stringContaining('`n`') },
      ],
    });
    expect((await validateLocal(path, { method: 'sft', map: ['text=text'] })).methods.sft?.verdict).toBe('READY');
  });

  it('a file that is not there', async () => {
    await expect(validateLocal(join(folder, 'no.jsonl'))).rejects.toMatchObject({ code: 'file_not_found' });
    await expect(validateLocal('no.jsonl.gz')).rejects.toMatchObject({ code: 'file_not_found' });
    await expect(validateLocal('./no')).rejects.toMatchObject({ code: 'file_not_found' });
    await expect(validateLocal('~/no')).rejects.toMatchObject({ code: 'file_not_found' });
  });

  it.each([
    ['EACCES', 'no permission (EACCES)', 'chmod u+r data.jsonl'],
    ['EPERM', 'no permission (EPERM)', 'chmod u+r data.jsonl'],
    ['EIO', 'i/o error', 'Check the path and the disk.'],
  ])('a file that the system refuses: %s', async (code, message, hint) => {
    const refused = unreadable('/x/data.jsonl', Object.assign(new Error('i/o error'), { code }));
    const expected = { kind: 'usage', code: 'unreadable_file', message: expect.stringContaining(message) };
    expect(refused).toMatchObject({ ...expected, hint: expect.stringContaining(hint) });
  });

  it('a folder read as a file', async () => {
    await expect(diskFiles.open(folder)).rejects.toMatchObject({ code: 'unreadable_file' });
    await expect(diskFiles.open(join(folder, 'no'))).rejects.toMatchObject({ code: 'unreadable_file' });
  });

  it('a parquet file of which only the end is missing', async () => {
    const whole = readFileSync(join(fixtures, 'conversations-zstd.parquet'));
    const path = write('cut.parquet', whole.subarray(0, 900));
    await expect(validateLocal(path)).rejects.toMatchObject({ code: 'broken_file' });
  });
});

describe('folders', () => {
  it.each([
    [['a.jsonl', 'b.jsonl'], { train: ['a.jsonl', 'b.jsonl'] }],
    [['test.jsonl', 'train.jsonl', 'x.jsonl'], { test: ['test.jsonl'], train: ['train.jsonl'] }],
    [['dev/a.jsonl', 'training/b.jsonl'], { validation: ['dev/a.jsonl'], train: ['training/b.jsonl'] }],
    [['contest.jsonl', 'my-train-set.jsonl'], { train: ['my-train-set.jsonl'] }],
    [
      ['data/train-00000-of-00002.parquet', 'data/train-00001-of-00002.parquet', 'data/hard-00000-of-00001.parquet'],
      {
        train: ['data/train-00000-of-00002.parquet', 'data/train-00001-of-00002.parquet'],
        hard: ['data/hard-00000-of-00001.parquet'],
      },
    ],
  ])('%j', (files, splits) => {
    expect(Object.fromEntries(layout(files, null).splits('default'))).toEqual(splits);
  });

  it('reads the files of one split in order, and their fingerprint covers both', async () => {
    write('set/train-1.jsonl', '{"text": "one"}\n');
    write('set/train-2.jsonl', '{"text": ""}\n');
    write('set/test.jsonl', '{"text": 5}\n');
    write('set/README.md', '# a set');
    write('set/.cache/train.jsonl', '{"text": 5}\n');
    const report = await validateLocal(join(folder, 'set'), { method: 'sft' });
    expect(report.files).toEqual([join(folder, 'set/train-1.jsonl'), join(folder, 'set/train-2.jsonl')]);
    expect(report.methods.sft?.findings).toMatchObject([{ code: 'empty_text', rows: [1] }]);
    expect(report.fingerprint).toBe(sha256('{"text": "one"}\n{"text": ""}\n'));
    expect((await validateLocal(join(folder, 'set'), { split: 'test' })).split).toBe('test');
    await expect(validateLocal(join(folder, 'set'), { split: 'no' })).rejects.toMatchObject({
      code: 'unknown_split',
      hint: expect.stringContaining('train, test'),
    });
  });

  describe('with a card', () => {
    const set = (name: string, card: string): string => {
      write(`${name}/a/one.jsonl`, '{"text": "one"}\n');
      write(`${name}/b/two.jsonl`, '{"text": "two"}\n{"text": "three"}\n');
      write(`${name}/README.md`, card);
      return join(folder, name);
    };
    const CARD = `---
license: mit
configs:
- config_name: small
  data_files: a/*.jsonl
- config_name: large
  default: true
  data_files:
  - split: train
    path: b/*
  - split: held_out
    path: [a/one.jsonl]
---
# A set
`;

    it('have its configs and splits', async () => {
      const path = set('carded', CARD);
      const report = await validateLocal(path);
      expect(report).toMatchObject({ config: 'large', split: 'train', rows_total: 2 });
      expect(report.splits.map(({ name }) => name)).toEqual(['train', 'held_out']);
      expect(await validateLocal(path, { split: 'held_out' })).toMatchObject({ rows_total: 1 });
      expect(await validateLocal(path, { config: 'small' })).toMatchObject({
        config: 'small',
        files: [join(path, 'a/one.jsonl')],
      });
      await expect(validateLocal(path, { config: 'no' })).rejects.toMatchObject({
        code: 'unknown_config',
        hint: expect.stringContaining('small, large'),
      });
    });

    it('that marks no default have to be told apart', async () => {
      const path = set('unmarked', CARD.replace('  default: true\n', ''));
      await expect(validateLocal(path)).rejects.toMatchObject({
        code: 'ambiguous_config',
        hint: expect.stringContaining('small, large'),
      });
    });

    it.each<[string, string, string]>([
      ['not YAML', '---\nconfigs: [\n---\n', 'bad_card'],
      ['a list', '---\n- a\n---\n', 'bad_card'],
      ['no configs that datasets knows', '---\nconfigs: x\n---\n', 'bad_card'],
      ['a file that is not there', '---\nconfigs:\n- config_name: a\n  data_files: no.jsonl\n---\n', 'no_data_files'],
      ['a way out', '---\nconfigs:\n- config_name: a\n  data_files: ../../x.jsonl\n---\n', 'no_data_files'],
    ])('%s: load_dataset stops there, too', async (name, card, code) => {
      await expect(validateLocal(set(name, card))).rejects.toMatchObject({
        kind: 'data',
        code,
        hint: expect.stringContaining('README.md'),
      });
    });

    it.each<[string, string]>([
      ['that says nothing of data', '---\nlicense: mit\n---\n'],
      ['of prose', '# A set\n\n---\nconfigs: x\n---\n'],
      ['that is nearly code', '---js\n({ configs: process.exit(1) })\n---\n'],
    ])('%s: the names of files decide', async (name, card) => {
      const path = set(name, card);
      expect(await validateLocal(path)).toMatchObject({ config: null, rows_total: 3 });
      await expect(validateLocal(path, { config: 'default' })).rejects.toMatchObject({ code: 'unknown_config' });
    });

    it('with code in its YAML runs none of it', async () => {
      const card = `---\nconfigs: !!js/function "function () { process.exit(1) }"\n---\n`;
      await expect(validateLocal(set('coded', card))).rejects.toMatchObject({ code: 'bad_card' });
    });
  });

  it('columns that differ between files are one table', async () => {
    write('wide/a.jsonl', '{"text": "one", "id": 1}\n');
    write('wide/b.jsonl', '{"text": "two", "id": "x"}\n');
    const report = await validateLocal(join(folder, 'wide'), { method: 'sft' });
    expect(report.methods.sft).toMatchObject({
      verdict: 'NEEDS_MAPPING',
      mapping: { columns: [{ to: 'text', from: 'text' }] },
    });
  });

  it.skipIf(process.platform === 'win32')('a pipe among its files is not read: it would never end', async () => {
    write('piped/train.jsonl', TALK);
    execFileSync('mkfifo', [join(folder, 'piped', 'more.jsonl')]);
    expect(await diskFiles.list(join(folder, 'piped'))).toEqual(['train.jsonl']);
    expect((await validateLocal(join(folder, 'piped'))).rows_total).toBe(1);
  });

  it('without data, or saved by save_to_disk', async () => {
    write('none/README.md', '# nothing');
    await expect(validateLocal(join(folder, 'none'))).rejects.toMatchObject({ code: 'no_data_files' });
    write('arrow/state.json', '{}');
    write('arrow/data-00000-of-00001.arrow', 'x');
    await expect(validateLocal(join(folder, 'arrow'))).rejects.toMatchObject({ code: 'saved_to_disk' });
  });
});

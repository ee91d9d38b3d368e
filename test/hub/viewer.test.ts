import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEMO, seedDemo } from './seed.ts';
import { startHub, type TestHub } from './server.ts';

let hub: TestHub;
beforeAll(async () => {
  hub = await startHub({ viewerBytes: 60_000 });
  await seedDemo(hub);
});
afterAll(() => hub.close());

async function ask(endpoint: string, query: Record<string, string>, token?: string) {
  const headers: Record<string, string> = token ? { authorization: `Bearer ${token}` } : {};
  const response = await fetch(`${hub.url}/${endpoint}?${new URLSearchParams(query)}`, { headers });
  return { status: response.status, headers: response.headers, body: await response.json() };
}

const codeforces = { dataset: DEMO.dataset, config: 'solutions', split: 'train' };

describe('the dataset viewer', () => {
  it('lists splits, the default config first', async () => {
    const { body, headers } = await ask('splits', { dataset: DEMO.dataset });
    expect(body.splits.map(({ config }: { config: string }) => config)).toEqual([
      'solutions',
      'checker_interactor',
      'solutions_py',
    ]);
    expect(headers.get('x-revision')).toBe(hub.repo('dataset', DEMO.dataset)?.resolve('main')?.sha);
  });

  it('gives rows with their types, nested ones too', async () => {
    const { body } = await ask('rows', { ...codeforces, offset: '58', length: '10' });
    const types = Object.fromEntries(body.features.map((f: { name: string; type: unknown }) => [f.name, f.type]));
    const text = { dtype: 'string', _type: 'Value' };
    expect(types.prompt).toEqual(text);
    expect(types.messages).toEqual({ feature: { content: text, role: text }, _type: 'List' });
    expect(types.editorial).toEqual({ dtype: 'null', _type: 'Value' });
    expect(body.rows.map(({ row_idx }: { row_idx: number }) => row_idx)).toEqual([58, 59]);
    expect(body).toMatchObject({ num_rows_total: 60, num_rows_per_page: 100, partial: false });
    expect(body.rows[0].row.messages[1].role).toBe('assistant');
  });

  it('cuts long cells where the answer grows too big', async () => {
    const { body } = await ask('first-rows', codeforces);
    const last = body.rows.at(-1);
    expect(last.truncated_cells).toContain('messages');
    expect(typeof last.row.messages).toBe('string');
    expect(body.rows[0].truncated_cells).toEqual([]);
    const few = await ask('rows', { ...codeforces, length: '3' });
    expect(few.body.rows.every((row: { truncated_cells: string[] }) => row.truncated_cells.length === 0)).toBe(true);
  });

  it('counts rows', async () => {
    const { body } = await ask('size', { dataset: DEMO.dataset });
    expect(body.size.dataset.num_rows).toBe(90);
    expect(
      (await ask('info', { dataset: DEMO.dataset, config: 'solutions' })).body.dataset_info.splits.train,
    ).toMatchObject({ num_examples: 60 });
    expect((await ask('is-valid', { dataset: DEMO.dataset })).body.viewer).toBe(true);
  });

  it.each<[string, Record<string, string>, number, string]>([
    ['rows', { ...codeforces, length: '101' }, 422, 'InvalidParameter'],
    ['rows', { ...codeforces, offset: '-1' }, 422, 'InvalidParameter'],
    ['rows', { dataset: DEMO.dataset }, 422, 'MissingRequiredParameter'],
    ['splits', {}, 422, 'MissingRequiredParameter'],
    ['rows', { ...codeforces, config: 'none' }, 404, 'ResponseNotFound'],
    ['parquet', { dataset: DEMO.dataset }, 404, 'ResponseNotFound'],
    ['splits', { dataset: DEMO.notReadyDataset }, 500, 'ResponseNotReady'],
    ['splits', { dataset: 'nobody/nothing' }, 401, 'ExternalUnauthenticatedError'],
  ])('%s %j: %i %s', async (endpoint, query, status, code) => {
    const answer = await ask(endpoint, query);
    expect([answer.status, answer.headers.get('x-error-code')]).toEqual([status, code]);
    expect(answer.body.error).toBeTypeOf('string');
  });

  it('says of an empty dataset that it is', async () => {
    const answer = await ask('splits', { dataset: DEMO.emptyDataset });
    expect([answer.status, answer.headers.get('x-error-code')]).toEqual([500, 'EmptyDatasetError']);
  });

  it.each<[string, string, unknown[]]>([
    [
      'a.jsonl',
      '{"a":1,"s":{"x":1}}\n{"b":"t","s":{"y":true}}\n',
      [
        { a: 1, s: { x: 1, y: null }, b: null },
        { a: null, s: { x: null, y: true }, b: 't' },
      ],
    ],
    ['a.json', '[{"a":[1,2]},{"a":null}]', [{ a: [1, 2] }, { a: null }]],
    [
      'a.csv',
      'name,n,ok\n"x, y",1.5,true\nz,,false\n',
      [
        { name: 'x, y', n: 1.5, ok: true },
        { name: 'z', n: null, ok: false },
      ],
    ],
  ])('reads %s', async (path, content, rows) => {
    const dataset = `files/${path.slice(2)}`;
    await hub.addRepo({ type: 'dataset', id: dataset, files: { [path]: content } });
    const { body } = await ask('rows', { dataset, config: 'default', split: 'train' });
    expect(body.rows.map(({ row }: { row: unknown }) => row)).toEqual(rows);
  });

  it('tells splits by the names of files, and says where one cannot be read', async () => {
    const files = { 'data/train-0.jsonl': '{"a":1}\n', 'data/test-0.jsonl': '{"a":2}\n', 'dev.jsonl': 'not json\n' };
    await hub.addRepo({ type: 'dataset', id: 'files/splits', files });
    const { body } = await ask('splits', { dataset: 'files/splits' });
    expect(body.splits.map(({ split }: { split: string }) => split).sort()).toEqual(['test', 'train', 'validation']);
    const broken = await ask('rows', { dataset: 'files/splits', config: 'default', split: 'validation' });
    expect([broken.status, broken.headers.get('x-error-code')]).toEqual([500, 'DatasetGenerationError']);
  });
});

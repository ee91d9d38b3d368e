import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { featureName } from '../../scripts/dataset/features.ts';
import type { Files } from '../../scripts/dataset/local/files.ts';
import { diskFiles } from '../../scripts/dataset/local/files.ts';
import { isImageFile } from '../../scripts/dataset/methods/image-file.ts';
import { parseReference } from '../../scripts/dataset/reference.ts';
import { TokenCounter } from '../../scripts/dataset/tokens.ts';
import { isMixed, merge, typeName, typeOf } from '../../scripts/dataset/types.ts';

describe('what a reference means', () => {
  const files: Files = { ...diskFiles, kind: async (path) => (path === resolve('/here/there') ? 'folder' : null) };
  const where = { files, cwd: resolve('/here'), userHome: resolve('/home/ada'), endpoint: 'https://hub.example' };
  const hub = { kind: 'hub', revision: null, config: null, split: null };
  it.each([
    ['open-r1/codeforces-cots', { ...hub, name: 'open-r1/codeforces-cots' }],
    ['codeforces-cots', { ...hub, name: 'codeforces-cots' }],
    ['hf://datasets/o/d', { ...hub, name: 'o/d' }],
    ['hf://datasets/o/d@v1', { ...hub, name: 'o/d', revision: 'v1' }],
    ['https://huggingface.co/datasets/o/d', { ...hub, name: 'o/d' }],
    ['https://hub.example/datasets/o/d/', { ...hub, name: 'o/d' }],
    ['https://huggingface.co/datasets/o/d/tree/main', { ...hub, name: 'o/d', revision: 'main' }],
    ['https://huggingface.co/datasets/o/d/viewer/de/test?row=3', { ...hub, name: 'o/d', config: 'de', split: 'test' }],
    ['there', { kind: 'local', path: resolve('/here/there') }],
    ['./o/d', { kind: 'local', path: resolve('/here/o/d') }],
    ['../x', { kind: 'local', path: resolve('/x') }],
    ['/data', { kind: 'local', path: resolve('/data') }],
    ['~/data', { kind: 'local', path: resolve('/home/ada/data') }],
    ['data/train.jsonl', { kind: 'local', path: resolve('/here/data/train.jsonl') }],
  ])('%s', async (text, reference) => expect(await parseReference(text, where)).toEqual(reference));

  it.each(['', '  ', 's3://bucket/data', 'https://example.com/data.jsonl', 'https://huggingface.co/models/x'])(
    '%j is refused',
    async (text) => {
      await expect(parseReference(text, where)).rejects.toMatchObject({ kind: 'usage' });
    },
  );
});

describe('a picture by its head', () => {
  const png = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg==';
  const jpeg =
    '/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAP//////////////////////////////////////////////////////////////////////////////////////wAALCAABAAEBAREA/8QAFAABAAAAAAAAAAAAAAAAAAAAA//EABQQAQAAAAAAAAAAAAAAAAAAAAD/2gAIAQEAAD8AN//Z';
  const webp = 'UklGRiQAAABXRUJQVlA4IBgAAAAwAQCdASoBAAEADMDOJaQAA3AA/uxnAAA=';
  const gif = 'R0lGODdhAQABAIEAAAAAAAAAAAAAAAAAACwAAAAAAQABAAAIBAABBAQAOw==';
  const tiff =
    'SUkqAAgAAAAJAAABBAABAAAAAQAAAAEBBAABAAAAAQAAAAIBAwABAAAACAAAAAMBAwABAAAAAQAAAAYBAwABAAAAAQAAABEBBAABAAAAegAAABYBBAABAAAAAQAAABcBBAABAAAAAQAAABwBAwABAAAAAQAAAAAAAAAA';
  const bytes = (text: string): Uint8Array => Buffer.from(text, 'base64');
  it.each([png, jpeg, webp, gif, tiff])('%s', (text) => expect(isImageFile(bytes(text))).toBe(true));
  // What Pillow opens of these, cut to each length.
  it.each([
    ['PNG', png, 46],
    ['JPEG', jpeg, 159],
    ['WebP', webp, 43],
  ])('a %s that is cut off is none', (_, text, least) => {
    const whole = bytes(text);
    const passing = [...whole.keys()].filter((length) => isImageFile(whole.subarray(0, length)));
    expect(passing.filter((length) => length < least)).toEqual([]);
  });
  it.each(['', 'no picture', '<svg xmlns="http://www.w3.org/2000/svg"/>', 'BM', 'GIF89a', 'RIFF    WEBPVP8 '])(
    '%j is none',
    (text) => expect(isImageFile(Buffer.from(text))).toBe(false),
  );
});

describe('types of values, as Arrow has them', () => {
  const typeOfAll = (...values: unknown[]) => values.map((value) => typeOf(value)).reduce(merge);
  it.each([
    [['a', null], 'string'],
    [[1, 2], 'int64'],
    [[1, 2.5], 'float64'],
    [[2.5, 1], 'float64'],
    [[1, true], 'mixed'],
    [['a', 1], 'mixed'],
    [['a', 1, 'b'], 'mixed'],
    [[null], 'null'],
    [[2 ** 63], 'mixed'],
    [[[], ['a']], 'list<string>'],
    [[[1], ['a']], 'list<mixed>'],
    [[[], {}], 'mixed'],
    [[{ a: 1 }, { b: 'x' }], 'struct<a: int64, b: string>'],
    [[{ a: 1 }, { a: 'x' }], 'struct<a: mixed>'],
    [[[{ role: 'u' }], []], 'list<struct<role: string>>'],
  ])('%j', (values, name) => {
    const type = typeOfAll(...values);
    expect(typeName(type)).toBe(name);
    expect(isMixed(type)).toBe(name.includes('mixed'));
  });

  it('know how long an integer may be', () => {
    expect(typeName(typeOfAll(2n ** 63n - 1n, -(2n ** 63n)))).toBe('int64');
    expect(typeName(typeOfAll(0.5, 1n))).toBe('float64');
    for (const long of [2n ** 63n, -(2n ** 63n) - 1n]) expect(isMixed(typeOfAll(1n, long))).toBe(true);
  });

  it('ends in nested data', () => {
    const deep = JSON.parse(`${'['.repeat(5000)}1${']'.repeat(5000)}`);
    expect(isMixed(typeOf(deep))).toBe(true);
  });
});

describe('features of the dataset viewer', () => {
  const string = { _type: 'Value', dtype: 'string' };
  it.each([
    [string, 'string'],
    [{ _type: 'List', feature: string }, 'list<string>'],
    [{ _type: 'LargeList', feature: string }, 'list<string>'],
    [[{ role: string, content: string }], 'list<struct<role: string, content: string>>'],
    [{ _type: 'Sequence', feature: string }, 'list<string>'],
    [{ _type: 'Sequence', feature: { a: string } }, 'struct<a: list<string>>'],
    [{ _type: 'ClassLabel', names: ['a'] }, 'classlabel'],
    [{ _type: 'Image' }, 'image'],
    [null, 'unknown'],
  ])('%j', (feature, name) => expect(featureName(feature)).toBe(name));
});

describe('token statistics', () => {
  it('count a token for every four characters, and scale the total', () => {
    const counter = new TokenCounter();
    for (let row = 1; row <= 100; row++) counter.addCharacters(4 * row);
    expect(counter.statistics(10)).toEqual({ total: 50_500, mean: 50.5, p50: 50, p95: 95, max: 100, estimated: true });
  });
  it('of nothing are none', () => expect(new TokenCounter().statistics(1)).toBeUndefined());
});

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { hasBrokenPicture } from '../../scripts/dataset/methods/pictures.ts';
import { pictureCost, rowCost } from '../../scripts/dataset/pictures/cost.ts';
import { PictureCounter } from '../../scripts/dataset/pictures/counter.ts';
import { readPictureRules } from '../../scripts/dataset/pictures/read-rules.ts';
import { pictureSize } from '../../scripts/dataset/pictures/size.ts';
import { usedCharacters } from '../../scripts/dataset/tokens.ts';
import type { ModelFiles } from '../../scripts/hub/model-files.ts';

/** What transformers' processors made of pictures of several sizes, from the same files: pictures/record_costs.py. */
const Case = z.object({
  name: z.string(),
  files: z.record(z.string(), z.record(z.string(), z.unknown())),
  rows: z.array(
    z.object({ row: z.array(z.tuple([z.number(), z.number()])), tokens: z.number(), patches: z.number().optional() }),
  ),
});
const CASES = readFileSync(new URL('pictures/costs.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => Case.parse(JSON.parse(line)));

/** A model's files, as far as they are read here. */
function modelFiles(files: Readonly<Record<string, unknown>>): ModelFiles {
  return {
    id: 'lab/eyes',
    source: 'hub',
    revision: null,
    files: Object.keys(files),
    json: async (path) => files[path] ?? null,
    text: async () => null,
    weights: async () => null,
  };
}

const size = ([width, height]: readonly [number, number]) => ({ width, height });

describe('tokens of pictures', () => {
  it('are recorded of many processors and sizes', () => {
    expect(CASES.length).toBeGreaterThanOrEqual(17);
    expect(CASES.filter(({ rows }) => rows.length < 14).map(({ name }) => name)).toEqual([]);
  });

  it.each(CASES)('as those of $name', async ({ files, rows }) => {
    const rules = await readPictureRules([modelFiles(files)]);
    const counted = rows.map(({ row }) => ({ row, tokens: rowCost(rules, row.map(size)).tokens }));
    expect(counted).toEqual(rows.map(({ row, tokens }) => ({ row, tokens })));
  });

  it.each(CASES)('are made of as many patches as by $name', async ({ name, files, rows }) => {
    const rules = await readPictureRules([modelFiles(files)]);
    const alone = rows.filter(({ patches }) => patches !== undefined);
    const counted = alone.map(({ row }) => rowCost(rules, row.map(size)).patches);
    const recorded = alone.map(({ patches = 0 }) => patches);
    // Idefics 2 keeps the picture's own shape: the square around it is counted.
    if (name === 'Idefics 2') expect(counted.every((patches, at) => patches >= (recorded[at] ?? 0))).toBe(true);
    else expect(counted).toEqual(recorded);
    expect(recorded.length).toBeGreaterThanOrEqual(12);
  });

  it.each(CASES)('are never more than what an unknown size counts as, of $name', async ({ files, rows }) => {
    const rules = await readPictureRules([modelFiles(files)]);
    const most = pictureCost(rules, null);
    const alone = rows.filter(({ row }) => row.length === 1);
    expect(most.tokens).toBeGreaterThanOrEqual(Math.max(...alone.map(({ tokens }) => tokens)));
    expect(most.patches).toBeGreaterThanOrEqual(
      Math.max(...alone.map(({ row }) => rowCost(rules, row.map(size)).patches)),
    );
  });

  const QWEN3_VL = {
    model_type: 'qwen3_vl',
    vision_config: { patch_size: 16, spatial_merge_size: 2 },
  };
  const PROCESSOR = {
    image_processor_type: 'Qwen2VLImageProcessorFast',
    patch_size: 16,
    merge_size: 2,
    size: { longest_edge: 16_777_216, shortest_edge: 65_536 },
  };

  it('go by the processor inside processor_config.json, where both are there', async () => {
    const rules = await readPictureRules([
      modelFiles({
        'config.json': QWEN3_VL,
        'processor_config.json': { image_processor: PROCESSOR },
        'preprocessor_config.json': { ...PROCESSOR, size: { longest_edge: 65_536, shortest_edge: 65_536 } },
      }),
    ]);
    expect(pictureCost(rules, { width: 3840, height: 2160 }).tokens).toBe(120 * 68);
  });

  it("go by an adapter's processor, and by its base's sizes", async () => {
    const adapter = modelFiles({ 'adapter_config.json': {}, 'preprocessor_config.json': PROCESSOR });
    const rules = await readPictureRules([adapter, modelFiles({ 'config.json': QWEN3_VL })]);
    expect(pictureCost(rules, { width: 512, height: 512 }).tokens).toBe(256);
  });

  it('of a processor that is not known are all merged patches', async () => {
    const config = { model_type: 'brand_new', vision_config: { patch_size: 16, spatial_merge_size: 2 } };
    const image = { image_processor_type: 'BrandNewImageProcessor' };
    const rules = await readPictureRules([modelFiles({ 'config.json': config, 'preprocessor_config.json': image })]);
    expect(rules).toMatchObject({ kind: 'unknown', name: 'BrandNewImageProcessor' });
    expect(pictureCost(rules, { width: 1000, height: 200 })).toEqual({ tokens: 224, patches: 896, pairs: 896 ** 2 });
    // As many as the tower's usual 384 x 384 has, where that is all that is looked at.
    expect(pictureCost(rules, { width: 8, height: 8 }).tokens).toBe(144);
  });

  it.each([
    ['qwen2_5_vl', 'area'],
    ['gemma3', 'fixed'],
    ['gemma3n', 'fixed'],
    ['gemma4', 'budget'],
    ['smolvlm', 'split'],
    ['llava', 'fixed'],
    ['mistral3', 'longest_side'],
    ['internvl', 'canvas'],
    ['mllama', 'cross_attention'],
    ['glm4v', 'area'],
  ])('go by the type of the model where no processor is named: %s', async (model_type, kind) => {
    const config = { model_type, vision_config: {} };
    expect((await readPictureRules([modelFiles({ 'config.json': config })])).kind).toBe(kind);
  });

  it.each<[string, object, object]>([
    ['words for sizes', { size: 'large', patch_size: 'small' }, { model_type: 'qwen2_vl' }],
    ['nothing at all', {}, {}],
    ['a name that every object has', { image_processor_type: 'constructor' }, {}],
    ['zeros', { size: { longest_edge: 0 }, patch_size: 0, image_processor_type: 'PixtralImageProcessor' }, {}],
    [
      'sizes below nothing',
      { size: { height: -448, width: -448 }, image_processor_type: 'GotOcr2ImageProcessor' },
      { model_type: 'internvl' },
    ],
    [
      'tiles without end',
      { max_patches: 1e9, image_processor_type: 'GotOcr2ImageProcessor' },
      { model_type: 'internvl' },
    ],
    ['sizes without end', { size: { longest_edge: 1e300 }, image_processor_type: 'PixtralImageProcessor' }, {}],
    ['parts of pixels', { patch_size: 1e-300 }, { model_type: 'qwen2_vl' }],
    ['no resolutions', { image_grid_pinpoints: [], image_processor_type: 'LlavaNextImageProcessor' }, {}],
  ])('are a number for a configuration of %s', async (_, image, config) => {
    const rules = await readPictureRules([modelFiles({ 'config.json': config, 'preprocessor_config.json': image })]);
    for (const known of [null, { width: 640, height: 480 }]) {
      const cost = pictureCost(rules, known);
      expect(Object.values(cost).filter((count) => !Number.isInteger(count) || count <= 0)).toEqual([]);
    }
  });
});

describe('the size of a picture', () => {
  const png = (width: number, height: number): Uint8Array => {
    const bytes = Buffer.alloc(33);
    bytes.write('\x89PNG\r\n\x1a\n', 0, 'latin1');
    bytes.writeUInt32BE(13, 8);
    bytes.write('IHDR', 12, 'latin1');
    bytes.writeUInt32BE(width, 16);
    bytes.writeUInt32BE(height, 20);
    return bytes;
  };
  /** A JPEG's first segments: EXIF with an orientation, then the frame. */
  const jpeg = (orientation: number): Uint8Array =>
    Buffer.concat([
      Buffer.from('ffd8ffe1001e45786966000049492a000800000001001201030001000000', 'hex'),
      Buffer.from([orientation, 0, 0, 0, 0, 0, 0, 0].slice(0, 2)),
      Buffer.from('0000ffc00011080064012c03012200021101031101', 'hex'),
    ]);

  it.each<[string, unknown, [number, number] | null]>([
    ['is in the header of its file', { bytes: png(3840, 2160), path: null }, [3840, 2160]],
    ['is turned as EXIF says', { bytes: jpeg(6), path: 'a.jpg' }, [100, 300]],
    ['is not turned where EXIF says nothing of it', { bytes: jpeg(1), path: 'a.jpg' }, [300, 100]],
    ['is told by the viewer', { src: 'https://example.com/a.png', height: 2160, width: 3840 }, [3840, 2160]],
    ['is not known of a path', { bytes: null, path: 'a.png' }, null],
    ['is not known of bytes that are none', { bytes: Buffer.from('no picture at all'), path: null }, null],
    ['is not known of none', null, null],
    ['is not known of no pixels', { bytes: png(0, 5), path: null }, null],
    ['is not known of more pixels than can be counted', { src: 'a', width: 1e308, height: 1e308 }, null],
    ['is not known of parts of pixels', { src: 'a', width: 0.5, height: 7.5 }, null],
  ])('%s', (_, cell, expected) => expect(pictureSize(cell)).toEqual(expected && size(expected)));
});

describe('a picture that Pillow refuses', () => {
  const gif = (width: number, height: number) => {
    const bytes = Buffer.alloc(20);
    bytes.write('GIF89a', 0, 'latin1');
    bytes.writeUInt16LE(width, 6);
    bytes.writeUInt16LE(height, 8);
    return { image: { bytes, path: null } };
  };

  it('has more pixels than twice its limit', () => {
    expect(hasBrokenPicture(gif(13_000, 13_000))).toBe(false);
    expect(hasBrokenPicture(gif(20_000, 20_000))).toBe(true);
  });

  it('is no reason to read a long JPEG byte by byte', () => {
    const bytes = new Uint8Array(64 * 2 ** 20);
    bytes.set(Buffer.from('ffd8ffe000040000ffc3000b080064012c01011100ffda0008', 'hex'));
    const started = performance.now();
    expect(pictureSize({ bytes, path: null })).toBeNull();
    expect(performance.now() - started).toBeLessThan(2000);
  });
});

describe('the pictures of many rows', () => {
  const rules = { kind: 'area', patch: 16, merge: 2, min_pixels: 65_536, max_pixels: 16_777_216, frames: 1 } as const;
  const shown = (width: number, height: number) => ({ src: 'a', width, height });
  const ROWS = [[shown(512, 512)], Array(8).fill(shown(512, 512)), [shown(3840, 2160)], [], [{ path: 'a.png' }]];
  const counted = (rows: unknown[][]): PictureCounter => {
    const counter = new PictureCounter(rules);
    for (const row of rows) counter.add(row, 400, 1, 1);
    return counter;
  };

  it('make rows as long as they are', () => {
    expect(counted(ROWS).statistics(2)).toMatchObject({
      ...{ per_row: 8, seen: 11, unsized: 1, largest: { width: 3840, height: 2160 } },
      counted: {
        largest: 16_384,
        most: { tokens: 16_384 },
        text: 100,
        rows: { p50: 100 + 2048, max: 100 + 16_384, total: 2 * (500 + 256 + 2048 + 8160 + 16_384) },
      },
    });
  });

  it('count twice where a row holds two answers, each with its pictures', () => {
    const counter = new PictureCounter(rules);
    counter.add([shown(512, 512)], 400, 2, 1);
    expect(counter.statistics(1)?.counted).toMatchObject({ most: { tokens: 256 }, rows: { max: 100 + 512 } });
  });

  it('count the same in parts', () => {
    const parts = new PictureCounter(rules);
    for (const row of ROWS) parts.merge(structuredClone(counted([row]).state()));
    expect(parts.statistics(3)).toEqual(counted(ROWS).statistics(3));
  });

  it('are told without a model, too', () => {
    const counter = new PictureCounter(null);
    counter.add([shown(8, 8), shown(640, 480)], 10, 1, 1);
    expect(counter.statistics(1)).toEqual({
      ...{ per_row: 2, seen: 2, unsized: 0, largest: { width: 640, height: 480 } },
      mean: { pictures: 2, pixels: 64 + 640 * 480 },
    });
    expect(new PictureCounter(null).statistics(1)).toBeUndefined();
  });

  it('do not hide the text of a conversation in parts', () => {
    const content = [{ type: 'image' }, { type: 'text', text: 'What is it?' }];
    expect(
      usedCharacters([
        [
          { role: 'user', content },
          { role: 'assistant', content: 'A cat.' },
        ],
      ]),
    ).toBe(11 + 6);
  });
});

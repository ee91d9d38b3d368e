import { describe, expect, it } from 'vitest';
import type { PictureStatistics } from '../../scripts/dataset/report.ts';
import { readVisionTower } from '../../scripts/planner/model-facts/vision-tower.ts';
import type { ModelFacts } from '../../scripts/planner/model-facts.ts';
import { pictureDecision, pictureDoubts } from '../../scripts/planner/picture-words.ts';
import { answerTokens, chooseMaxLength } from '../../scripts/planner/recipe/lengths.ts';
import { loraRank } from '../../scripts/planner/recipe/lora-rank.ts';
import { forwardSeconds, type MicroBatch } from '../../scripts/planner/time/step.ts';
import { preparingSeconds, throughTower } from '../../scripts/planner/time/tower.ts';
import type { Workload } from '../../scripts/planner/workload.ts';
import { QWEN3_8B, work } from './support.ts';

const TOWER = readVisionTower({
  model_type: 'qwen3_vl',
  vision_config: { depth: 24, hidden_size: 1024, intermediate_size: 4096, patch_size: 16, spatial_merge_size: 2 },
});
const SEEING: ModelFacts = { ...QWEN3_8B, max_length: 10_000, vision: true, ...(TOWER ? { tower: TOWER } : {}) };

const counted: NonNullable<PictureStatistics['counted']> = {
  largest: 8160,
  most: { tokens: 8160, patches: 32_640, pairs: 32_640 ** 2 },
  mean: { tokens: 4080, patches: 16_320, pairs: 16_320 ** 2 },
  text: 400,
  rows: { total: 0, mean: 4380, p50: 4400, p95: 8500, max: 8560, estimated: true },
};
const pictures: PictureStatistics = {
  ...{ per_row: 1, seen: 200, unsized: 0, largest: { width: 3840, height: 2160 } },
  mean: { pictures: 1, pixels: 8e6 },
  counted,
};
const seeing = (over: Partial<Workload> = {}): Workload =>
  work({ facts: SEEING, report: { ...work().report, vision: true }, tokens: counted.rows, pictures, ...over });

describe('rows with pictures', () => {
  it('have room for what of their text is estimated, not for their pictures', () => {
    expect(chooseMaxLength(seeing()).length).toBe(8560 + 100);
  });

  it('have no more room than the model reads, and the length that they have where that is less', () => {
    expect(chooseMaxLength(seeing({ facts: { ...SEEING, max_length: 8600 } })).length).toBe(8600);
    expect(chooseMaxLength(seeing({ facts: { ...SEEING, max_length: 4096 } })).length).toBe(8560);
  });

  it('are as long as they are, longer than any length that is planned for text', () => {
    const tokens = { ...counted.rows, max: 60_000 };
    expect(chooseMaxLength(seeing({ tokens, facts: { ...SEEING, max_length: 262_144 } })).length).toBe(60_100);
  });

  it('as prompts leave the rest to the answer, and are too long where they leave none', () => {
    expect(answerTokens(seeing({ method: 'grpo', facts: { ...SEEING, max_length: 8760 } }))).toBe(100);
    const over = seeing({ method: 'grpo', facts: { ...SEEING, max_length: 8000 } });
    expect(chooseMaxLength(over).length).toBeGreaterThan(8000);
  });

  it('teach an adapter their text alone', () => {
    const rows = 100_000;
    expect(loraRank(seeing({ rows })).wanted).toBe(300 * rows);
    expect(loraRank(work({ rows, tokens: counted.rows })).wanted).toBe(4380 * rows);
  });

  it('are told on the card', () => {
    expect(pictureDecision(seeing())).toEqual([
      { what: 'pictures', because: '1 a row, up to 3840x2160 = 8,160 tokens' },
    ]);
    expect(pictureDoubts(seeing())).toEqual([]);
    const some = seeing({ pictures: { ...pictures, unsized: 50, counted: { ...counted, largest: 16_384 } } });
    expect(pictureDecision(some)[0]?.because).toBe('1 a row, up to 16,384 tokens each');
    expect(pictureDoubts(some)).toEqual([
      "the sizes of 50 of 200 pictures can't be seen: each counts as 16,384 tokens, the most that is made of one",
    ]);
    expect(pictureDoubts(seeing({ pictures: { ...pictures, unsized: 200 } }))[0]).toContain('sizes of the pictures');
    expect(pictureDecision(work())).toEqual([]);
  });
});

describe('the time of pictures', () => {
  const batch: MicroBatch = {
    ...{ shape: SEEING, mode: 'lora', weight_bytes: 2, sequences: 2, tokens: 8560 },
    ...{ checkpointing: true, extra_forwards: 0, adapted: 1 },
  };
  const seen = { ...counted.most, ...pictures.mean };
  const through = TOWER && throughTower(TOWER, batch, seen);

  it('is that of their patches, each of which looks at all others of its tile', () => {
    const { sequences = 0, tokens = 0 } = through ?? {};
    expect(sequences * tokens).toBeCloseTo(2 * 32_640, 6);
    // A decoder's layer counts half of the pairs.
    expect(sequences * tokens ** 2).toBeCloseTo(2 * 2 * 32_640 ** 2, 0);
    const tiles = TOWER && throughTower(TOWER, batch, { ...seen, pairs: 64 * 510 ** 2 });
    const on = { flops: 1e14, bandwidth: 1e12, layer_seconds: 0 };
    expect(forwardSeconds(through ?? batch, on)).toBeGreaterThan(2 * forwardSeconds(tiles ?? batch, on));
  });

  it('is less where most layers look at windows', () => {
    const windows = readVisionTower({ model_type: 'qwen2_5_vl', vision_config: { depth: 32, hidden_size: 1280 } });
    expect(windows).toMatchObject({ layers: 32, full_attention_layers: 4 });
    const { tokens = 0 } = (windows && throughTower(windows, batch, seen)) ?? {};
    expect(tokens).toBeCloseTo(2 * (32_640 / 8 + (7 / 8) * 64), 6);
  });

  it('is none where there are no pictures', () => {
    expect(TOWER && throughTower(TOWER, batch, { pictures: 0, pixels: 0, patches: 0, pairs: 0 })).toBeNull();
    expect(preparingSeconds(batch, { pictures: 0, pixels: 0, patches: 0, pairs: 0 })).toBe(0);
  });

  it('is that of a CPU, too, as it was measured', () => {
    expect(preparingSeconds({ ...batch, sequences: 1 }, { ...seen, pixels: 3840 * 2160 })).toBeCloseTo(0.45, 1);
  });
});

import * as z from 'zod';
import type { MemoryInput } from '../../scripts/planner/memory.ts';
import { readVisionTower } from '../../scripts/planner/model-facts/vision-tower.ts';
import type { ModelFacts } from '../../scripts/planner/model-facts.ts';
import { jsonLines } from '../json-lines.ts';
import { factsFrom } from './facts.ts';
import { OracleRow, stepInput } from './oracle.ts';

/** A step on rows with pictures: each of `patches` (high, wide) where the model takes any size. */
const Row = OracleRow.extend({
  config: z.looseObject({
    model_type: z.string(),
    tie_word_embeddings: z.boolean().optional(),
    text_config: OracleRow.shape.config.partial({ tie_word_embeddings: true }),
    vision_config: z.looseObject({ image_size: z.number().optional(), patch_size: z.number() }),
  }),
  pictures: z.number(),
  patches: z.tuple([z.number(), z.number()]).optional(),
});
export type PictureRow = z.infer<typeof Row>;

export const readPictures = (): PictureRow[] =>
  jsonLines(new URL('pictures.jsonl', import.meta.url)).map((row) => Row.parse(row));

export function pictureInput(row: PictureRow, rows: readonly PictureRow[]): MemoryInput {
  const facts = pictureFacts(row, rows);
  const { image_size = 0, patch_size } = row.config.vision_config;
  const [high, wide] = row.patches ?? [Math.floor(image_size / patch_size), Math.floor(image_size / patch_size)];
  return { ...stepInput(row, facts), picture_patches: row.pictures * high * wide };
}

/** Parameters as a step of all weights or a LoRA step of the same shape counted them. */
function pictureFacts(row: PictureRow, rows: readonly PictureRow[]): ModelFacts {
  const { config } = row;
  const text = config.text_config;
  const tower = readVisionTower(config);
  const counted = [row, ...rows].find(
    (other) =>
      other.mode !== 'qlora' &&
      other.family === row.family &&
      other.config.text_config.num_hidden_layers === text.num_hidden_layers,
  );
  if (!counted) throw new Error(`no step of ${row.family} with ${text.num_hidden_layers} layers counts its parameters`);
  const parameters = counted.parameters - (counted.mode === 'lora' ? counted.trained : 0);
  return {
    ...factsFrom(row.family, {
      ...text,
      tie_word_embeddings: config.tie_word_embeddings ?? text.tie_word_embeddings ?? false,
      parameters,
    }),
    ...(tower ? { tower } : {}),
  };
}

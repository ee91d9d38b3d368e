import { isRecord, type Row } from '../rows.ts';
import { isWhole } from './sizes.ts';

/** What a model's processor makes of pictures: its class and sizes, and what they leave out by the model's own config. */
export interface Described {
  processor: Row;
  image: Row;
  config: Row;
}

/** SigLIP's of 400 million parameters, which most have, where a configuration leaves a size out. */
export const USUAL = { side: 384, patch: 14 };
export const vision = (config: Row): Row => (isRecord(config.vision_config) ? config.vision_config : {});
export const imageSide = (config: Row): number => numberOf(vision(config).image_size, USUAL.side);
export const towerPatches = (config: Row): number =>
  Math.floor(imageSide(config) / numberOf(vision(config).patch_size, USUAL.patch)) ** 2;

/** A side, or sides by name; a number alone is the shorter edge, and height and width of a crop. */
export function sizeOf(value: unknown): Readonly<Record<string, number>> {
  if (typeof value === 'number') return { shortest_edge: value, height: value, width: value };
  if (!isRecord(value)) return {};
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, number] => typeof entry[1] === 'number'),
  );
}

export const numberOf = (value: unknown, fallback: number): number => (isWhole(value) ? value : fallback);

import { fails } from '../cells.ts';
import type { Problem } from '../findings.ts';
import type { ColumnKinds } from '../kinds.ts';

export const hasPrompt = (kinds: ColumnKinds): boolean => kinds.has('prompt');

/** TRL refuses these columns where the model has no vision part, and this runtime trains none that has. */
export function visionProblem(kinds: ColumnKinds): Problem | null {
  const column = ['image', 'images'].find((name) => kinds.has(name));
  if (column === undefined) return null;
  return fails(
    'vision_columns',
    `Has a column \`${column}\`: TRL stops, "appears to be vision-related", unless the model sees. Where the text makes sense alone, map its columns to leave the images out.`,
  );
}

export function present<T>(items: readonly (T | null)[]): T[] {
  return items.filter((item) => item !== null);
}

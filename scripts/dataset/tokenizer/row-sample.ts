import type { SeenRow } from '../rows.ts';

/** Characters that are kept: tokenizing so many takes some ten seconds, and they take some 20 MB. */
const MAX_CHARACTERS = 8_000_000;

/**
 * Rows at equal distances over all that were seen, as many as fit: every row at first, and whenever they become too
 * much every second of those is forgotten. The same rows give the same sample.
 */
export class RowSample {
  #rows: { row: SeenRow; characters: number }[] = [];
  #characters = 0;
  #distance = 1;
  #seen = 0;
  #partial = false;

  constructor(private readonly maxCharacters = MAX_CHARACTERS) {}

  add(row: SeenRow): void {
    const number = this.#seen;
    this.#seen += 1;
    if (number % this.#distance !== 0) return;
    const characters = charactersOf(row.row, 0);
    this.#rows.push({ row, characters });
    this.#characters += characters;
    while (this.#characters > this.maxCharacters && this.#rows.length > 1) this.#halve();
  }

  get rows(): SeenRow[] {
    return this.#rows.map(({ row }) => row);
  }

  /** Whether it holds every row. */
  get complete(): boolean {
    return this.#distance === 1 && !this.#partial;
  }

  /** Says that there are rows that `add` was not given. */
  incomplete(): void {
    this.#partial = true;
  }

  #halve(): void {
    this.#rows = this.#rows.filter((_, index) => index % 2 === 0);
    this.#characters = this.#rows.reduce((sum, { characters }) => sum + characters, 0);
    this.#distance *= 2;
  }
}

/** Characters of all texts of a value; each other value counts as one. */
function charactersOf(value: unknown, depth: number): number {
  if (typeof value === 'string') return value.length;
  if (typeof value !== 'object' || value === null || depth > 32) return 1;
  if (value instanceof Uint8Array) return value.length;
  let sum = 1;
  for (const item of Object.values(value)) sum += charactersOf(item, depth + 1);
  return sum;
}

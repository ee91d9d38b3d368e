import type { TokenStatistics } from './report.ts';
import { isRecord } from './rows.ts';

/**
 * Characters of one token, for an estimate without a tokenizer: about 4 in English text (OpenAI's rule of thumb
 * for its BPE vocabularies); code and other languages have fewer.
 */
const CHARACTERS_PER_TOKEN = 4;

/** Characters in texts and in the contents of messages. */
export function usedCharacters(cells: readonly unknown[]): number {
  let sum = 0;
  for (const cell of cells) {
    if (typeof cell === 'string') sum += cell.length;
    else if (Array.isArray(cell)) {
      for (const message of cell) {
        if (isRecord(message) && typeof message.content === 'string') sum += message.content.length;
      }
    }
  }
  return sum;
}

/** Token counts of rows, as a histogram: memory grows with the number of different lengths, not of rows. */
export class TokenCounter {
  readonly #rowsOfLength = new Map<number, number>();
  #rows = 0;
  #tokens = 0;

  /** `rows`: how many have this length, also in parts of one. */
  addCharacters(characters: number, rows = 1): void {
    if (rows === 0) return;
    this.#add(Math.ceil(characters / CHARACTERS_PER_TOKEN), rows);
  }

  /** Rows by their length: all that is known, as plain data. */
  state(): ReadonlyMap<number, number> {
    return this.#rowsOfLength;
  }

  merge(rowsOfLength: ReadonlyMap<number, number>): void {
    for (const [tokens, rows] of rowsOfLength) this.#add(tokens, rows);
  }

  #add(tokens: number, rows: number): void {
    this.#rowsOfLength.set(tokens, (this.#rowsOfLength.get(tokens) ?? 0) + rows);
    this.#rows += rows;
    this.#tokens += tokens * rows;
  }

  /** `scale`: rows of the split for each row seen. Undefined where no row was counted. */
  statistics(scale: number): TokenStatistics | undefined {
    if (this.#rows === 0) return undefined;
    const lengths = [...this.#rowsOfLength].sort(([a], [b]) => a - b);
    return {
      total: Math.round(this.#tokens * scale),
      mean: this.#tokens / this.#rows,
      p50: quantile(lengths, 0.5 * this.#rows),
      p95: quantile(lengths, 0.95 * this.#rows),
      max: lengths.at(-1)?.[0] ?? 0,
      estimated: true,
    };
  }
}

/** The smallest length that at least `rank` rows don't exceed. */
export function quantile(lengths: readonly (readonly [number, number])[], rank: number): number {
  let seen = 0;
  for (const [length, rows] of lengths) {
    seen += rows;
    if (seen >= rank) return length;
  }
  return 0;
}

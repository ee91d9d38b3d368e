import type { TokenStatistics } from './report.ts';
import { isRecord } from './rows.ts';

/**
 * Characters of one token, for an estimate without a tokenizer: about 4 in English text (OpenAI's rule of thumb
 * for its BPE vocabularies); code and other languages have fewer.
 */
const CHARACTERS_PER_TOKEN = 4;

/** About so many tokens. */
export const tokensOfText = (characters: number): number => Math.ceil(characters / CHARACTERS_PER_TOKEN);

/** Characters in texts and in the contents of messages, of those in parts the text. */
export function usedCharacters(cells: readonly unknown[]): number {
  let sum = 0;
  for (const cell of cells) {
    if (typeof cell === 'string') sum += cell.length;
    else if (Array.isArray(cell)) {
      for (const message of cell) {
        if (isRecord(message)) sum += contentCharacters(message.content);
      }
    }
  }
  return sum;
}

function contentCharacters(content: unknown): number {
  if (typeof content === 'string') return content.length;
  if (!Array.isArray(content)) return 0;
  const texts = content.map((part: unknown) =>
    isRecord(part) && typeof part.text === 'string' ? part.text.length : 0,
  );
  return texts.reduce((sum, length) => sum + length, 0);
}

/** Token counts of rows, as a histogram: memory grows with the number of different lengths, not of rows. */
export class TokenCounter {
  readonly #rowsOfLength = new Map<number, number>();
  #rows = 0;
  #tokens = 0;

  /** `rows`: how many have this length, also in parts of one. */
  addCharacters(characters: number, rows = 1): void {
    this.addTokens(tokensOfText(characters), rows);
  }

  addTokens(tokens: number, rows = 1): void {
    if (rows > 0) this.#add(tokens, rows);
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

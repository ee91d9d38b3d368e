import type { Leaf } from './leaf.ts';
import type { Page } from './page.ts';

/** Stands at one entry of a leaf column; pages are added as they are read. */
export class Cursor {
  readonly #pages: Page[] = [];
  #page: Page | null = null;
  #entry = 0;
  #value = 0;
  #started = 0;
  #consumed = 0;
  /** No page will come: the last row is whole. */
  finished = false;

  constructor(readonly leaf: Leaf) {}

  push(page: Page): void {
    if (page.entries === 0) return;
    this.#started += startsIn(page);
    if (this.#page) this.#pages.push(page);
    else this.#turnTo(page);
  }

  /** Rows that can be read to their end. */
  get rows(): number {
    const open = this.leaf.maxRepetition > 0 && !this.finished ? 1 : 0;
    return Math.max(0, this.#started - open - this.#consumed);
  }

  /** Definition level of the entry here. Throws at the end. */
  get definition(): number {
    const page = this.#page;
    if (!page) throw new Error(`parquet column ${this.leaf.decoder.pathInSchema.join('.')} ends too early`);
    return page.definitions ? (page.definitions[this.#entry] ?? 0) : this.leaf.maxDefinition;
  }

  /** Repetition level of the entry here: 0 where a row begins, and at the end. */
  get repetition(): number {
    return this.#page?.repetitions?.[this.#entry] ?? 0;
  }

  /** The value here, null where there is none; goes on to the next. */
  next(): unknown {
    const there = this.definition === this.leaf.maxDefinition;
    const value = there ? (this.#page?.values[this.#value++] ?? null) : null;
    this.#forward();
    return value;
  }

  /** What `next` does, without a value. */
  skip(): void {
    if (this.definition === this.leaf.maxDefinition) this.#value += 1;
    this.#forward();
  }

  /** The rest of a row that a page begins with, when it is not the row that is wanted. */
  skipRest(): void {
    while (this.#page && this.repetition > 0) this.skip();
  }

  rowRead(): void {
    this.#consumed += 1;
  }

  #forward(): void {
    this.#entry += 1;
    if (this.#page && this.#entry >= this.#page.entries) this.#turnTo(this.#pages.shift() ?? null);
  }

  #turnTo(page: Page | null): void {
    this.#page = page;
    this.#entry = 0;
    this.#value = 0;
  }
}

function startsIn({ entries, repetitions }: Page): number {
  if (!repetitions) return entries;
  let starts = 0;
  for (let index = 0; index < entries; index += 1) if (repetitions[index] === 0) starts += 1;
  return starts;
}

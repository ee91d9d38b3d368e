import type { Piece, Readable } from '../local/reader.ts';
import { completed } from '../table-columns.ts';
import type { RowSample } from '../tokenizer/row-sample.ts';

/** Pieces that are read again for the sample. */
const PIECES = 16;

/** Rows from all over the files into the sample: all of them where they are few, else those of some pieces. */
export async function sampleFiles(
  files: readonly Readable[],
  names: readonly string[],
  sample: RowSample,
): Promise<void> {
  const pieces: { readable: Readable; piece: Piece }[] = [];
  for (const readable of files) for await (const piece of readable.pieces()) pieces.push({ readable, piece });
  const chosen = pieces.filter((_, index) => pieces.length <= PIECES || isChosen(index, pieces.length));
  if (chosen.length < pieces.length) sample.incomplete();
  let index = 0;
  for (const { readable, piece } of chosen) {
    for await (const batch of readable.batches(piece)) {
      for (const row of batch) sample.add({ index: index++, row: completed(row, names) });
    }
  }
}

/** PIECES numbers below `count`, at equal distances. */
function isChosen(index: number, count: number): boolean {
  return Math.floor((index * PIECES) / count) !== Math.floor(((index + 1) * PIECES) / count);
}

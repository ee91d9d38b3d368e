import { pictureWords } from '../dataset/pictures/words.ts';
import type { PictureStatistics } from '../dataset/report.ts';
import { TrainerError } from '../errors.ts';
import { grouped, preview } from '../printable.ts';
import type { Decision, Workload } from './workload.ts';

/** What the pictures cost, for the card: `pictures: 1 a row, up to 3840x2160 = 8,100 tokens`. */
export function pictureDecision({ pictures }: Workload): Decision[] {
  if (!pictures?.counted || pictures.seen === 0) return [];
  return [{ what: 'pictures', because: pictureWords(pictures) }];
}

/** What of them is not known, and how it is counted then. */
export function pictureDoubts({ pictures }: Workload): string[] {
  if (!pictures?.counted || pictures.seen === 0) return [];
  const { unknown_processor: unknown } = pictures.counted;
  return [
    ...(pictures.unsized > 0 ? [unsizedWords(pictures, grouped(pictures.counted.largest))] : []),
    ...(unknown === undefined
      ? []
      : [
          `how ${preview(unknown) || 'its processor'} makes tokens of pictures is not known: counted by their whole size`,
        ]),
  ];
}

function unsizedWords({ unsized, seen }: PictureStatistics, tokens: string): string {
  const which = unsized === seen ? 'the pictures' : `${grouped(unsized)} of ${grouped(seen)} pictures`;
  return `the sizes of ${which} can't be seen: each counts as ${tokens} tokens, the most that is made of one`;
}

/** `length`: of the longest row; `most`: what the model reads. */
export function picturesTooLong(length: number, most: number, { facts, pictures }: Workload): TrainerError {
  const theirs = pictures?.counted
    ? `, up to ${grouped(pictures.counted.most.tokens)} of them from pictures (${pictures.per_row} in a row at most)`
    : '';
  return new TrainerError(
    'data',
    'pictures_too_long',
    `the longest row has about ${grouped(length)} tokens${theirs}; ${facts.id} reads ${grouped(most)}, and rows with pictures can't be cut`,
    'Leave such rows out of the data, or choose a model that reads more. Fewer pictures in a row make fewer tokens, and to most models smaller ones do, too.',
  );
}

import { TrainerError } from '../../errors.ts';

export const badCard = (why: string): TrainerError =>
  new TrainerError(
    'data',
    'bad_card',
    `the dataset's card can't be followed: ${why}`,
    'load_dataset stops at it, too. Correct the `configs` at the top of its README.md.',
  );

export const noData = (why: string): TrainerError =>
  new TrainerError(
    'data',
    'no_data_files',
    `no data files: ${why}`,
    'Look at the files on its page; another dataset or another revision may hold the rows.',
  );

export const severalFormats = (formats: readonly string[]): TrainerError =>
  new TrainerError(
    'data',
    'several_formats',
    `data files of several formats: ${formats.join(', ')}`,
    'load_dataset reads one format at a time: keep one, or declare `configs` in README.md.',
  );

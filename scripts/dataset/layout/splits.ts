import { found } from './find.ts';

/** Patterns of files by split, in the order of the splits. */
export type Patterns = ReadonlyMap<string, readonly string[]>;

const WORDS: Readonly<Record<string, readonly string[]>> = {
  train: ['train', 'training'],
  validation: ['validation', 'valid', 'dev', 'val'],
  test: ['test', 'testing', 'eval', 'evaluation'],
};
const SEPARATORS = '-._ 0-9';
const IN_FOLDER = (word: string): string[] => [
  `**/${word}/**`,
  `**/${word}[${SEPARATORS}]*/**`,
  `**/*[${SEPARATORS}]${word}/**`,
  `**/*[${SEPARATORS}]${word}[${SEPARATORS}]*/**`,
];
const IN_FILE = (word: string): string[] => [
  `**/${word}[${SEPARATORS}]*`,
  `**/*[${SEPARATORS}]${word}[${SEPARATORS}]*`,
];
const named = (patterns: (word: string) => string[]): Patterns =>
  new Map(Object.entries(WORDS).map(([split, words]) => [split, words.flatMap(patterns)]));

/** In the order in which `datasets` 5.2 tries them (data_files.py, ALL_DEFAULT_PATTERNS). */
const DEFAULTS: readonly Patterns[] = [
  new Map([['logs', ['**/*.eval']]]),
  new Map([['test', ['**/task.toml', '**/instruction.md']]]),
  named(IN_FOLDER),
  named(IN_FILE),
  new Map([['train', ['**']]]),
];

const DIGITS = '[0-9][0-9][0-9][0-9][0-9]';
const shards = (split: string): string => `data/${split}-${DIGITS}-of-${DIGITS}*.*`;
const SHARD_NAME = new RegExp(`^(.+)-${DIGITS}-of-${DIGITS}.*\\..*$`, 's');

/** A split's name; `datasets` stops at others. */
export const SPLIT_NAME = /^\w+(\.\w+)*$/;

/** The splits that the names of files say, none where there is no data. */
export function inferredSplits(paths: readonly string[]): Patterns {
  const sharded = found(shards('*'), paths).map((path) => SHARD_NAME.exec(path.slice('data/'.length))?.[1] ?? '');
  if (sharded.length > 0) {
    const usual = Object.keys(WORDS);
    const names = [
      ...usual.filter((split) => sharded.includes(split)),
      ...[...new Set(sharded)].filter((split) => !usual.includes(split)).sort(),
    ];
    return new Map(names.map((split) => [split, [shards(split)]]));
  }
  for (const patterns of DEFAULTS) {
    const some = [...patterns].filter(([, list]) => list.some((pattern) => found(pattern, paths).length > 0));
    if (some.length > 0) return new Map(some);
  }
  return new Map();
}

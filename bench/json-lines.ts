import { readFileSync } from 'node:fs';

/** What each line of the file holds. */
export const jsonLines = (file: URL): unknown[] =>
  readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);

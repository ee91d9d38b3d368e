import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';

/** Trainers, in the order in which they are shown. */
export const TRAINERS = ['sft', 'dpo', 'reward', 'grpo', 'rloo', 'kto'] as const;
export type Trainer = (typeof TRAINERS)[number];

const Expectation = z.strictObject({
  verdict: z.enum(['READY', 'NEEDS_MAPPING', 'INCOMPATIBLE']),
  /** Codes of all findings. */
  codes: z.array(z.string()).optional(),
  /** Row numbers of the finding named first. */
  rows: z.array(z.number()).optional(),
  invalid: z.number().optional(),
  /** Proposed mappings, each as `--map` takes its columns: `new=old new=old`. */
  map: z.array(z.string()).optional(),
});

/**
 * One file a case: rows, and what validation has to say about them. A cell may be `{"$repeat": [text, n]}`, that text n
 * times, a list as well; `{"$png": [width, height]}`, a picture; or `{"$bytes": base64}`, a file that says it is one.
 */
const CaseFile = z.strictObject({
  about: z.string().optional(),
  rows: z.json(),
  /** Columns of pictures, as `datasets` declares them. */
  features: z.record(z.string(), z.enum(['Image', 'List(Image)'])).optional(),
  /** Chat template: of those beside this file, or of those that TRL ships. */
  template: z.string().optional(),
  /** Tokens; the tiny models' tokenizer makes one of each byte. */
  max_length: z.number().optional(),
  /** Which tiny model; `vision` where the first row has an `image` or `images`. */
  model: z.enum(['text', 'vision']).optional(),
  expect: z.partialRecord(z.enum(TRAINERS), Expectation),
});
type CaseFile = z.infer<typeof CaseFile>;

export interface Case extends CaseFile {
  name: string;
  /** Of everything that decides what TRL does with it: 12 hex digits. */
  hash: string;
  /** A file that `validate` reads: made where it can be JSON, else the Parquet file among the fixtures. */
  write(folder: string): string;
}

const FIXTURES = join(import.meta.dirname, '../fixtures');
const CASES = join(FIXTURES, 'cases');
/** Cases that JSON can't hold; `npm run oracle` writes them. */
export const PARQUET = join(FIXTURES, 'images');

export const loadCases = (): Case[] =>
  readdirSync(CASES)
    .map((file) => file.replace(/\.json$/, ''))
    .sort()
    .map(loadCase);

/** Without a model nothing can be said about chat templates, lengths and pictures that a model can't see. */
export const isOfDataAlone = ({ template, max_length, model }: Case): boolean =>
  template === undefined && max_length === undefined && model === undefined;

function loadCase(name: string): Case {
  const parsed = CaseFile.safeParse(JSON.parse(readFileSync(join(CASES, `${name}.json`), 'utf8')));
  if (!parsed.success) throw new Error(`${name}.json: ${z.prettifyError(parsed.error)}`);
  const { rows, ...rest } = parsed.data;
  const { features, template, max_length, model } = rest;
  const decisive = JSON.stringify([rows, features, template, max_length, model]);
  return {
    name,
    rows,
    ...rest,
    hash: createHash('sha256').update(decisive).digest('hex').slice(0, 12),
    write(folder) {
      if (/\{"\$(png|bytes)":/.test(decisive)) return join(PARQUET, `${name}.parquet`);
      const path = join(folder, `${name}.jsonl`);
      const expanded = z.array(z.unknown()).parse(expand(rows));
      writeFileSync(path, expanded.map((row) => `${JSON.stringify(row)}\n`).join(''));
      return path;
    },
  };
}

function expand(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(expand);
  if (typeof value !== 'object' || value === null) return value;
  if ('$repeat' in value) {
    const [repeated, times] = z.tuple([z.unknown(), z.number()]).parse(value.$repeat);
    return typeof repeated === 'string'
      ? repeated.repeat(times)
      : Array.from({ length: times }, () => z.array(z.unknown()).parse(expand(repeated))).flat();
  }
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, expand(item)]));
}

import * as z from 'zod';
import { Value } from './value.ts';
import { valueText } from './value-text.ts';

/**
 * How the columns that TRL wants come from the columns that the data has. Declarative: the dataset room
 * interprets it to validate, the training room renders it as Python, and both must agree on every row.
 * Mapped columns are kept and no others, so a mapping also removes a column that is in the way.
 */
export const Mapping = z.strictObject({
  columns: z
    .array(
      z.strictObject({
        /** Column that the trainer reads. */
        to: z.string().min(1),
        /** Column of the dataset, or what is made of its columns. */
        from: Value,
      }),
    )
    .min(1),
});
export type Mapping = z.infer<typeof Mapping>;

/** Whether columns only change their names. */
export const isRenaming = ({ columns }: Mapping): boolean => columns.every(({ from }) => typeof from === 'string');

/** Each column as `--map` takes it, unquoted: `messages=messages`, `prompt=join(instruction, input)`. */
export const mappingWords = ({ columns }: Mapping): string[] =>
  columns.map(({ to, from }) => `${to}=${valueText(from)}`);

/** `--map` as a person writes it in a shell: `--map messages=messages --map completion=answer`. */
export function mappingFlags(mapping: Mapping): string {
  return mappingWords(mapping)
    .map((word) => `--map ${shellWord(word)}`)
    .join(' ');
}

/** Quoted for a POSIX shell where it needs to be: a column may be called anything. */
export function shellWord(word: string): string {
  return /^[A-Za-z0-9_.,:=/@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

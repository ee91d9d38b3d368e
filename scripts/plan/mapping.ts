import * as z from 'zod';

/**
 * How the columns that TRL wants come from the columns that the data has. Declarative: the dataset room
 * interprets it to validate, the training room renders it as Python, and both must agree.
 * Mapped columns are kept and no others, so a mapping also removes a column that is in the way.
 */
export const Mapping = z.strictObject({
  columns: z
    .array(
      z.strictObject({
        /** Column that the trainer reads. */
        to: z.string().min(1),
        /** Column of the dataset. */
        from: z.string().min(1),
      }),
    )
    .min(1),
});
export type Mapping = z.infer<typeof Mapping>;

/** `--map` as a person writes it: `messages=messages completion=answer`. */
export function mappingFlags(mapping: Mapping): string {
  return mapping.columns.map(({ to, from }) => `--map ${shellWord(`${to}=${from}`)}`).join(' ');
}

/** Quoted for a POSIX shell where it needs to be: a column may be called anything. */
export function shellWord(word: string): string {
  return /^[A-Za-z0-9_.,:=/@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

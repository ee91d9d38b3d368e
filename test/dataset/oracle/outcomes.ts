import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';

/** What TRL did. `load`: the training script itself refuses, before TRL sees the rows. */
export const Outcome = z.object({
  outcome: z.enum(['trains', 'learns_nothing', 'fails']),
  stage: z.enum(['load', 'init', 'map', 'train']).optional(),
  error: z.string().optional(),
  /** Rows left to train on, of all; absent where that is all of them. */
  kept: z.tuple([z.number(), z.number()]).optional(),
});
export type Outcome = z.infer<typeof Outcome>;

/** Of the cases as they are, and under what we propose (proposals.ts). */
export type Which = 'outcomes' | 'proposals';
const pathOf = (name: Which): string => join(import.meta.dirname, 'fixtures', `${name}.json`);
const Recorded = z.strictObject({
  versions: z.record(z.string(), z.string()),
  /** Trainers that this TRL doesn't have. */
  no_trainer: z.array(z.string()),
  /** One line a case: the hash of its inputs, and by trainer or proposal `outcome kept/all` or `fails stage: error`. */
  cases: z.record(z.string(), z.object({ hash: z.string() }).catchall(z.string())),
});
export type Recorded = z.infer<typeof Recorded>;

export const readOutcomes = (name: Which = 'outcomes'): Recorded =>
  Recorded.parse(JSON.parse(readFileSync(pathOf(name), 'utf8')));

export function writeOutcomes(name: Which, { versions, no_trainer, cases }: Recorded): void {
  const lines = Object.entries(cases)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([each, outcomes]) => `    ${JSON.stringify(each)}: ${JSON.stringify(outcomes)}`);
  const head = `  "versions": ${JSON.stringify(versions)},\n  "no_trainer": ${JSON.stringify(no_trainer)}`;
  writeFileSync(pathOf(name), `{\n${head},\n  "cases": {\n${lines.join(',\n')}\n  }\n}\n`);
}

export function outcomeText({ outcome, stage, error, kept }: Outcome): string {
  if (outcome === 'fails') return `fails ${stage}: ${error}`;
  return kept ? `${outcome} ${kept.join('/')}` : outcome;
}

/** The inverse, for one line of the record. */
export function recordedOutcome(line: Record<string, string> | undefined, key: string): Outcome {
  const text = line?.[key] ?? '';
  const [, outcome, stage, error, kept, all] = /^(?:(fails) (\w+): (.*)|(?:\w+)(?: (\d+)\/(\d+))?)$/s.exec(text) ?? [];
  return Outcome.parse({
    outcome: outcome ?? text.split(' ')[0],
    ...(outcome ? { stage, error } : {}),
    ...(kept ? { kept: [Number(kept), Number(all)] } : {}),
  });
}

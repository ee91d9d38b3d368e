import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { TRAINERS, type Trainer } from './case.ts';

/** What TRL did. `load`: the training script itself refuses, before TRL sees the rows. */
export const Outcome = z.object({
  outcome: z.enum(['trains', 'learns_nothing', 'fails']),
  stage: z.enum(['load', 'init', 'map', 'train']).optional(),
  error: z.string().optional(),
  /** Rows left to train on, of all; absent where that is all of them. */
  kept: z.tuple([z.number(), z.number()]).optional(),
});
export type Outcome = z.infer<typeof Outcome>;

const PATH = join(import.meta.dirname, 'outcomes.json');
const trainers = z.enum(TRAINERS);
const Recorded = z.strictObject({
  versions: z.record(z.string(), z.string()),
  /** Trainers that this TRL doesn't have. */
  no_trainer: z.array(z.string()),
  /** One line a case: the hash of its inputs, and by trainer `outcome kept/all` or `fails stage: error`. */
  cases: z.record(z.string(), z.object({ hash: z.string() }).catchall(z.string())),
});
export type Recorded = z.infer<typeof Recorded>;

export const readOutcomes = (): Recorded => Recorded.parse(JSON.parse(readFileSync(PATH, 'utf8')));

export function writeOutcomes({ versions, no_trainer, cases }: Recorded): void {
  const lines = Object.entries(cases)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, outcomes]) => `    ${JSON.stringify(name)}: ${JSON.stringify(outcomes)}`);
  const head = `  "versions": ${JSON.stringify(versions)},\n  "no_trainer": ${JSON.stringify(no_trainer)}`;
  writeFileSync(PATH, `{\n${head},\n  "cases": {\n${lines.join(',\n')}\n  }\n}\n`);
}

export function outcomeText({ outcome, stage, error, kept }: Outcome): string {
  if (outcome === 'fails') return `fails ${stage}: ${error}`;
  return kept ? `${outcome} ${kept.join('/')}` : outcome;
}

/** The inverse, for one line of the record. */
export function recordedOutcome(line: Record<string, string> | undefined, trainer: Trainer): Outcome {
  const text = line?.[trainers.parse(trainer)] ?? '';
  const [, outcome, stage, error, kept, all] = /^(?:(fails) (\w+): (.*)|(?:\w+)(?: (\d+)\/(\d+))?)$/s.exec(text) ?? [];
  return Outcome.parse({
    outcome: outcome ?? text.split(' ')[0],
    ...(outcome ? { stage, error } : {}),
    ...(kept ? { kept: [Number(kept), Number(all)] } : {}),
  });
}

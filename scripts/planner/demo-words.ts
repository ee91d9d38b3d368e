import { grouped } from '../printable.ts';
import { takes } from './hardware-words.ts';
import { methodRecipe } from './recipe/method-recipe.ts';
import { packedSequences } from './recipe/packing.ts';
import { trainedRows } from './recipe/steps.ts';
import type { Candidate } from './search/candidate.ts';
import { type Decision, numberOr, type Workload } from './workload.ts';

/** What a demo shows of the whole run, for the card; nothing for a whole run. `processes` work side by side. */
export function demoDecision(
  work: Workload,
  { recipe, like }: Pick<Candidate, 'recipe' | 'like'>,
  processes: number,
): Decision[] {
  if (!work.whole) return [];
  const rows = `its ${grouped(work.whole.rows)} rows`;
  if (!like) {
    const why = methodRecipe(work.method).generation === null ? '' : ', or its step takes more prompts than there are';
    return [{ what: 'not as the whole run', because: `with ${rows} that fits no memory or disk here${why}` }];
  }
  const [side, there] = [sideBySide(recipe, processes), sequences(work, recipe)];
  if (there < side) {
    const because = `${there} sequences, of ${side} that are taken at once: with ${rows} it needs more memory and time`;
    return [{ what: 'less than the whole run', because }];
  }
  const epochs = Number(like.recipe.training_args.num_train_epochs);
  const longer =
    like.usd > 0 ? `, which would take ${takes(like)} in ${epochs} ${epochs === 1 ? 'epoch' : 'epochs'} here` : '';
  return [{ what: 'as the whole run', because: `batched, packed and kept in memory like ${rows}${longer}` }];
}

const sideBySide = ({ training_args: args }: Candidate['recipe'], processes: number): number =>
  numberOr(args.per_device_train_batch_size, 1) * processes;

/** That there are to train on; where prompts are answered, as many as a step takes. */
function sequences(work: Workload, { training_args: args }: Candidate['recipe']): number {
  if (methodRecipe(work.method).generation !== null) return Number.POSITIVE_INFINITY;
  const packing = args.packing === true;
  return trainedRows(work, packedSequences({ ...work, packing }, work.rows, numberOr(args.max_length, 1)));
}

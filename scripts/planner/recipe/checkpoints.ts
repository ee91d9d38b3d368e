import type { Recipe } from '../../plan/schema.ts';
import { numberOr } from '../workload.ts';

type Saving = Pick<Recipe, 'training_args' | 'total_steps'>;

/** Checkpoints that a run writes, the last one at its end. */
export function savesOf({ training_args: args, total_steps }: Saving): number {
  if (args.save_strategy === 'no') return 0;
  return Math.ceil(total_steps / numberOr(args.save_steps, total_steps));
}

/**
 * Checkpoints on disk at the most: transformers deletes the oldest after the newest is saved, and none where the limit
 * is 0 or absent; where it is 1 the best may stay besides the newest (trainer_utils.py, rotate_checkpoints).
 */
export function storedCheckpoints(recipe: Saving): number {
  const { save_total_limit, load_best_model_at_end } = recipe.training_args;
  const limit = numberOr(save_total_limit, Number.POSITIVE_INFINITY);
  const kept = limit === 1 && load_best_model_at_end === true ? 2 : limit;
  return Math.min(kept + 1, savesOf(recipe));
}

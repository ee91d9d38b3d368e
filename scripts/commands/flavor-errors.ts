import { TrainerError } from '../errors.ts';
import { leftOutNotes } from '../jobs/hf/left-out.ts';
import { nearest } from '../planner/overrides/nearest.ts';
import { preview } from '../printable.ts';
import type { Priced } from './prices.ts';

/** Names at most. */
const FEW = 5;

type Offered = Pick<Priced, 'flavors' | 'leftOut'>;

/** For a flavor that can't be planned with: one that is left out, or none of the catalogue. */
export function unknownFlavor(name: string, { flavors, leftOut }: Offered): TrainerError {
  const names = flavors.map((flavor) => flavor.name);
  const others = `There are: ${names.join(', ')}. Without --flavor the plan chooses.`;
  const out = leftOut.find((one) => one.name === name);
  if (out) {
    const error = new TrainerError(
      'usage',
      'flavor_left_out',
      `flavor ${name} can't be planned with: ${out.why}`,
      others,
    );
    return withLeftOut(
      error,
      leftOut.filter((one) => one !== out),
    );
  }
  const all = [...names, ...leftOut.flatMap((one) => one.name ?? [])];
  const near = [...new Set([...nearest(name.toLowerCase(), all), ...beginningWith(name, all)])].slice(0, FEW);
  const which = near.length > 0 ? `; near: ${near.join(', ')}` : '';
  return withLeftOut(
    new TrainerError('usage', 'unknown_flavor', `there is no flavor "${preview(name)}"${which}`, others),
    leftOut,
  );
}

/** As `a100` begins what is `a100-large` and `a100x4`. */
const beginningWith = (name: string, names: readonly string[]): string[] =>
  name === '' ? [] : names.filter((other) => other.startsWith(name.toLowerCase()));

/** What was left out may be what would have done: said before the ways out. */
export function withLeftOut(error: TrainerError, leftOut: Priced['leftOut']): TrainerError {
  if (leftOut.length === 0) return error;
  const notes = leftOutNotes(leftOut).join('. ');
  return new TrainerError(error.kind, error.code, error.message, `${notes}. ${error.hint}`, { cause: error.cause });
}

/** Where no GPU is left, nothing that can be asked for mends it. */
export const noGpuLeft = (leftOut: Priced['leftOut']): TrainerError =>
  new TrainerError(
    'network',
    'no_gpu_readable',
    `of the catalogue of Hugging Face Jobs no GPU can be planned with. ${leftOutNotes(leftOut).join('. ')}`,
    'Try again later, or plan with --backend local.',
  );

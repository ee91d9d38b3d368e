import { shareWords } from '../output/token-lines.ts';
import { sequenceLengths, tooLongAre } from '../planner/recipe/lengths.ts';
import { methodRecipe } from '../planner/recipe/method-recipe.ts';
import { packs } from '../planner/recipe/packing.ts';
import { shareLonger } from '../planner/recipe/padding.ts';
import type { Workload } from '../planner/workload.ts';
import { grouped } from '../printable.ts';

/** How many rows are longer, in words, up to that share of them. */
const WORDS: [number, string][] = [
  [0.05, 'fewer than one row in twenty is'],
  [0.4, 'some of the rows are'],
  [0.6, 'about half of the rows are'],
  [0.9, 'most rows are'],
  [1, 'nearly all rows are'],
];

/** What is cut or left out at this length, counted or else told from how long rows are; nothing where no row is. */
export function longRows(work: Workload, length: number): string[] {
  const { tokens, method } = work;
  if (!cuts(work)) return [];
  const counted = tokens.by_length?.find(({ max_length }) => max_length === length);
  if (counted) return counted.truncated_share + counted.dropped_share > 0 ? [shareWords(counted)] : [];
  const lengths = sequenceLengths(work);
  const share = shareLonger(lengths, length);
  const words = WORDS.find(([most]) => share <= most)?.[1];
  if (share === 0 || !words) return [];
  const { p50, max } = lengths;
  const how = `half of them have ${grouped(p50)} tokens or more, the longest has ${grouped(max)}`;
  const estimated = tokens.estimated ? ' (estimated)' : '';
  return [`at max_length ${grouped(length)} ${words} ${tooLongAre(method)}: ${how}${estimated}`];
}

/** Not a prompt that is answered, nor a picture's row; and packed without regard to rows, none loses its end. */
function cuts(work: Workload): boolean {
  const { method, report, request } = work;
  if (methodRecipe(method).generation !== null || report.vision) return false;
  return !(packs(work) && request.set?.packing_strategy === 'wrapped');
}

import { KEPT_FLAVOR } from '../plan/flavor.ts';
import type { Alternative, Plan } from '../plan/schema.ts';
import { duration, money } from './units.ts';

/** The plan and what could be taken instead, a line each, cheapest first: memory of each accelerator, time and cost. */
export function choiceLines({ request, hardware, recipe, estimate, alternatives, why }: Plan): string[] {
  if (alternatives.length === 0) return [];
  const { gpu_memory_gib, seconds, usd } = estimate;
  const chosen = { flavor: hardware.flavor, recipe: recipe.mode, gpu_memory_gib, seconds, usd };
  const all = [chosen, ...alternatives].sort((a, b) => a.usd - b.usd || a.seconds - b.seconds);
  const asked = request.flavor !== undefined && request.flavor !== 'auto';
  const kept = why.some(({ because }) => because === KEPT_FLAVOR);
  const mark = asked ? 'this plan, as asked for' : kept ? 'this plan, as before' : 'this plan, recommended';
  const minutes = all.map((one) => Math.round(one.seconds / 60));
  const fastest = minutes.indexOf(Math.min(...minutes));
  const marks = (one: Alternative, at: number): string =>
    [one === chosen ? mark : '', at === 0 ? 'cheapest' : '', at === fastest ? 'fastest' : '']
      .filter(Boolean)
      .join(', ');
  return aligned(
    all.map((one, at) => [
      ...[one.flavor, one.recipe, `${one.gpu_memory_gib.toFixed(1)} GiB`],
      ...[duration(one.seconds), money(one.usd), marks(one, at)],
    ]),
  );
}

/** Names to the left, numbers to the right. */
function aligned(rows: string[][]): string[] {
  const wide = (column: number): number => Math.max(...rows.map((row) => row[column]?.length ?? 0));
  return rows.map((row) =>
    row
      .map((cell, column) => (column < 2 || column === 5 ? cell.padEnd(wide(column)) : cell.padStart(wide(column))))
      .join('  ')
      .trimEnd(),
  );
}

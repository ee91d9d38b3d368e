import { CALIBRATION, type Calibration } from '../../scripts/planner/time/step.ts';
import { naive, predicted, type Row, sourceOf } from './rows.ts';

/** What is fitted: the constants of time/step.ts, and the share that each card reaches. */
export interface Fit {
  calibration: Calibration;
  reachable: Record<string, number>;
}

/** What a plan uses. */
export const COMMITTED: Fit = { calibration: CALIBRATION, reachable: {} };

/** Where a fit starts: the arithmetic as it is written down, and half of each peak. It knows nothing of the runs. */
const NEUTRAL: Calibration = {
  attention: 1,
  traffic: 1,
  layer_seconds: 0.001,
  backward_launches: 2,
  dequantize_bytes: 5,
  optimizer_bytes: 30,
};

const cardsOf = (rows: readonly Row[]): string[] => [...new Set(rows.map(({ gpu }) => gpu))];

export const errorOf = (row: Row, fit: Fit): number =>
  predicted(row, fit.calibration, fit.reachable[row.gpu]) / row.seconds;

/** Mean of |log error|, each source counting the same however many rows it has. */
function loss(rows: readonly Row[], fit: Fit): number {
  const bySource = new Map<string, number[]>();
  for (const row of rows) {
    const errors = bySource.get(sourceOf(row)) ?? [];
    errors.push(Math.abs(Math.log(errorOf(row, fit))));
    bySource.set(sourceOf(row), errors);
  }
  const means = [...bySource.values()].map((errors) => errors.reduce((sum, one) => sum + one, 0) / errors.length);
  return means.reduce((sum, one) => sum + one, 0) / means.length;
}

/** The numbers of a fit as a list, and back. */
function numbers({ calibration: c, reachable }: Fit, cards: string[]): number[] {
  return [
    c.attention,
    c.traffic,
    c.layer_seconds,
    c.backward_launches,
    c.dequantize_bytes,
    c.optimizer_bytes,
    ...cards.map((card) => reachable[card] ?? 0.5),
  ];
}

const FIRST_CARD = 6;

function fitOf(values: number[], cards: string[]): Fit {
  const [
    attention = 0,
    traffic = 0,
    layer_seconds = 0,
    backward_launches = 0,
    dequantize_bytes = 0,
    optimizer_bytes = 0,
  ] = values;
  return {
    calibration: { attention, traffic, layer_seconds, backward_launches, dequantize_bytes, optimizer_bytes },
    reachable: Object.fromEntries(cards.map((card, i) => [card, values[FIRST_CARD + i] ?? 0.5])),
  };
}

/**
 * Searches along one number after another, with smaller and smaller steps. A card that is not among the rows gets
 * the share of the card with most rows.
 */
export function fitTo(rows: readonly Row[], cardsToo: readonly string[] = []): Fit {
  const cards = cardsOf(rows);
  const start: Fit = { calibration: NEUTRAL, reachable: {} };
  let values = numbers(start, cards);
  let best = loss(rows, fitOf(values, cards));
  for (let step = 0.5; step > 0.005; ) {
    let better = false;
    for (let i = 0; i < values.length; i += 1) {
      for (const factor of [1 + step, 1 / (1 + step)]) {
        const changed = values.map((value, j) => (j === i ? value * factor : value));
        // No card is faster than its data sheet's 95%.
        if (changed.slice(FIRST_CARD).some((share) => share > 0.95)) continue;
        const found = loss(rows, fitOf(changed, cards));
        if (found < best - 1e-9) [values, best, better] = [changed, found, true];
      }
    }
    if (!better) step /= 2;
  }
  const fit = fitOf(values, cards);
  const often = (card: string): number => rows.filter(({ gpu }) => gpu === card).length;
  const [usual = ''] = [...cards].sort((a, b) => often(b) - often(a));
  const unseen = Object.fromEntries(cardsToo.map((card) => [card, fit.reachable[usual] ?? 0.5]));
  return { ...fit, reachable: { ...unseen, ...fit.reachable } };
}

/** The share of the peak at which the usual rule has the smallest median error: the best it can do. */
export function bestNaiveShare(rows: readonly Row[]): number {
  const shares = Array.from({ length: 90 }, (_, i) => 0.05 + i * 0.01);
  const median = (share: number): number => {
    const errors = rows.map((row) => Math.abs(Math.log(naive(row, share) / row.seconds))).sort((a, b) => a - b);
    return errors[Math.floor(errors.length / 2)] ?? 0;
  };
  return shares.sort((a, b) => median(a) - median(b))[0] ?? 0.4;
}

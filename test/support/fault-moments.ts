import { setTimeout as sleep } from 'node:timers/promises';
import type { TrainingEvent } from '../../scripts/monitor/events.ts';

/** Numbers from 0 to 1 that a seed decides (mulberry32): a failure can be had again. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export const between = (random: () => number, low: number, high: number): number =>
  low + Math.floor(random() * (high - low + 1));
export const oneOf = <Item>(random: () => number, items: readonly [Item, ...Item[]]): Item =>
  items[between(random, 0, items.length - 1)] ?? items[0];

/** A moment of a run: so many milliseconds after its nth event. */
export interface Moment {
  event: number;
  ms: number;
}

/** Any moment of a run that tells `events` of them, its loading, saving and pushing included. */
export const randomMoment = (random: () => number, events: number): Moment => ({
  event: between(random, 1, events),
  ms: between(random, 0, 250),
});

/** Does something at that moment. */
export function at({ event, ms }: Moment, act: (kill: (signal: NodeJS.Signals) => void) => void) {
  let seen = 0;
  return (_: TrainingEvent, kill: (signal: NodeJS.Signals) => void): void => {
    seen += 1;
    if (seen === event) void sleep(ms).then(() => act(kill));
  };
}

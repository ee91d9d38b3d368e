import { parseEvent, type TrainingEvent } from '../../scripts/monitor/events.ts';

/** How a run of Python ended, and what it printed. */
export interface Ran {
  code: number | null;
  signal: NodeJS.Signals | null;
  /** stdout and stderr. */
  log: string;
  events: TrainingEvent[];
}

/** Sees each event as it comes, with the process. */
export type OnEvent = (event: TrainingEvent, kill: (signal: NodeJS.Signals) => void) => void;

/** Takes what a run prints, and finds the events among its lines. */
export class Printed {
  log = '';
  readonly events: TrainingEvent[] = [];
  readonly #onEvent: (event: TrainingEvent) => void;
  #rest = '';

  constructor(onEvent: (event: TrainingEvent) => void) {
    this.#onEvent = onEvent;
  }

  take(text: string): void {
    this.log += text;
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) {
      const event = parseEvent(line);
      if (!event) continue;
      this.events.push(event);
      this.#onEvent(event);
    }
  }
}

import { parseEvent, type TrainingEvent } from './events.ts';

/** What a job's log tells about its training. Counts in optimizer steps, times in seconds. */
export interface Progress {
  /** The log holds events; its ordinary lines then say the same again. */
  has_events: boolean;
  /** What the script is doing: `loading_data`, `training`, ...; null before its first word. */
  activity: string | null;
  step: number | null;
  total_steps: number | null;
  /** Step of the checkpoint that this run went on from; 0 for a new one. */
  from_step: number;
  loss: number | null;
  first_loss: number | null;
  learning_rate: number | null;
  eval_loss: number | null;
  /** Losses in the order of their steps. */
  losses: number[];
  eta_seconds: number | null;
  alarms: { code: string; message: string }[];
  samples: { when: 'before' | 'after'; prompt: string; answer: string }[];
  pushed: { repo_id: string; url: string } | null;
  saved_path: string | null;
}

export function emptyProgress(): Progress {
  return {
    has_events: false,
    activity: null,
    step: null,
    total_steps: null,
    from_step: 0,
    loss: null,
    first_loss: null,
    learning_rate: null,
    eval_loss: null,
    losses: [],
    eta_seconds: null,
    alarms: [],
    samples: [],
    pushed: null,
    saved_path: null,
  };
}

/** The progress after one more log line; the same object where the line says nothing. */
export function advance(progress: Progress, line: string): Progress {
  const event = parseEvent(line);
  if (event) return { ...afterEvent(progress, event), has_events: true };
  return progress.has_events ? progress : afterLogLine(progress, line);
}

export async function readProgress(lines: AsyncIterable<string>): Promise<Progress> {
  let progress = emptyProgress();
  for await (const line of lines) progress = advance(progress, line);
  return progress;
}

function afterEvent(progress: Progress, event: TrainingEvent): Progress {
  switch (event.event) {
    case 'stage':
      return { ...progress, activity: event.stage };
    case 'start':
      // A later attempt goes on in a log of its own: what it shows starts here.
      return {
        ...progress,
        activity: 'training',
        step: event.from_step,
        from_step: event.from_step,
        total_steps: event.total_steps,
      };
    case 'step':
      return {
        ...afterStep(progress, event.step, event.loss, event.learning_rate),
        total_steps: event.total_steps,
        eta_seconds: eta(progress.from_step, event.step, event.total_steps, event.seconds),
      };
    case 'eval':
      return { ...progress, eval_loss: event.eval_loss };
    case 'sample':
      return {
        ...progress,
        samples: [...progress.samples, { when: event.when, prompt: event.prompt, answer: event.answer }],
      };
    case 'alarm': {
      const alarm = { code: event.code, message: event.message };
      const known = progress.alarms.some((other) => other.code === alarm.code && other.message === alarm.message);
      return known ? progress : { ...progress, alarms: [...progress.alarms, alarm] };
    }
    case 'saved':
      return { ...progress, saved_path: event.path };
    case 'pushed':
      return { ...progress, pushed: { repo_id: event.repo_id, url: event.url } };
    case 'stopped':
      return { ...progress, eta_seconds: null };
    case 'done':
      return { ...progress, step: event.step, activity: 'done', eta_seconds: 0 };
    case 'checkpoint':
      return progress;
  }
}

function afterStep(progress: Progress, step: number | null, loss: number | null, rate: number | null): Progress {
  return {
    ...progress,
    activity: 'training',
    step: step ?? progress.step,
    loss,
    first_loss: progress.first_loss ?? loss,
    learning_rate: rate ?? progress.learning_rate,
    losses: loss === null ? progress.losses : [...progress.losses, loss],
  };
}

/** Remaining steps at the rate of this run so far; null before it has a rate. */
function eta(fromStep: number, step: number, totalSteps: number, seconds: number): number | null {
  const done = step - fromStep;
  return done > 0 ? Math.max(0, Math.round((seconds / done) * (totalSteps - step))) : null;
}

/** transformers' own line, `{'loss': '5.737', 'learning_rate': ...}`: v5 quotes the numbers, v4 doesn't. */
const LOG_LINE = /^\{.*'loss': '?([-+.\deE]+|nan|inf)'?/;
const LEARNING_RATE = /'learning_rate': '?([-+.\deE]+)'?/;
/** tqdm's bar: ` 12%|█▏  | 8/69 [00:03<00:25,  2.40it/s]`. */
const BAR = /\|\s*(\d+)\/(\d+) \[/;

/** Scripts that are not ours write no events: their ordinary log says the least. */
function afterLogLine(progress: Progress, line: string): Progress {
  const bar = BAR.exec(line);
  if (bar) return { ...progress, step: Number(bar[1]), total_steps: Number(bar[2]) };
  const loss = LOG_LINE.exec(line)?.[1];
  if (loss === undefined) return progress;
  return afterStep(progress, progress.step, finite(loss), finite(LEARNING_RATE.exec(line)?.[1]));
}

function finite(text: string | undefined): number | null {
  const value = Number(text);
  return text !== undefined && Number.isFinite(value) ? value : null;
}

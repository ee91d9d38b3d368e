import { sparkline } from '../monitor/sparkline.ts';
import type { Status } from '../monitor/status.ts';
import { preview, printable } from '../printable.ts';
import { style } from './style.ts';
import { duration, money, rate } from './units.ts';

/** One screen on a job. `width` is the terminal's; the curve is drawn where `terminal`. */
export function renderStatus(status: Status, terminal: boolean, width: number): string {
  const rows: [string, string | null][] = [
    ['Step', stepLine(status)],
    ['Loss', lossLine(status)],
    ['', terminal && status.losses.length > 1 ? sparkline(status.losses, Math.min(60, width - 16)) : null],
    ['Eval loss', status.eval_loss === null ? null : figure(status.eval_loss)],
    ['Learn rate', status.learning_rate === null ? null : rate(status.learning_rate)],
    ['Remaining', status.eta_seconds === null ? null : `about ${duration(status.eta_seconds)}`],
    ['Cost so far', status.usd_so_far === null || status.backend === 'local' ? null : money(status.usd_so_far)],
    ['Model', status.links.model ?? null],
    ['Watch', status.links.job],
    ['Curves', status.links.metrics ?? null],
  ];
  const body = rows
    .filter(([, value]) => value !== null)
    .map(([label, value]) => `  ${style.dim(label.padEnd(12))}${printable(value ?? '')}`);
  const alarms = status.alarms.map((alarm) => style.yellow(`  ! ${preview(alarm.message, 200)}`));
  return [headline(status), ...body, ...alarms].join('\n');
}

const WORDS: Record<Status['stage'], string> = {
  SCHEDULING: 'waits for a machine',
  RUNNING: 'is running',
  COMPLETED: 'is done',
  CANCELED: 'was cancelled',
  ERROR: 'failed',
  DELETED: 'was deleted',
  UNKNOWN: 'is in a stage that this version does not know',
};

function headline(status: Status): string {
  const elapsed = status.elapsed_seconds === null ? '' : ` (${duration(status.elapsed_seconds)})`;
  const activity = status.activity && status.activity !== 'training' ? `, ${status.activity.replaceAll('_', ' ')}` : '';
  const message = status.message ? `: ${preview(status.message, 300)}` : '';
  return style.bold(`Job ${status.job_id} ${WORDS[status.stage]}${elapsed}${activity}${message}`);
}

function stepLine({ step, total_steps }: Status): string | null {
  if (step === null) return null;
  return total_steps ? `${step} of ${total_steps} (${Math.floor((100 * step) / total_steps)}%)` : String(step);
}

function lossLine({ loss, first_loss }: Status): string | null {
  if (loss === null) return null;
  if (first_loss === null) return figure(loss);
  const arrow = loss < first_loss ? '↓' : loss > first_loss ? '↑' : '=';
  return `${figure(loss)} (${arrow} from ${figure(first_loss)} at the start)`;
}

const figure = (value: number): string => value.toPrecision(4);

import { describe, expect, it } from 'vitest';
import { parseEvent } from '../../scripts/monitor/events.ts';
import { advance, emptyProgress, type Progress } from '../../scripts/monitor/progress.ts';
import { sparkline } from '../../scripts/monitor/sparkline.ts';

const event = (fields: object): string => JSON.stringify({ hf_llm_trainer: 1, time: 1, ...fields });
const step = (at: number, loss: number | null, seconds = at): string =>
  event({
    event: 'step',
    step: at,
    total_steps: 10,
    loss,
    learning_rate: 1e-4,
    grad_norm: 1,
    tokens: 5,
    gpu_memory_gib: null,
    seconds,
  });
const start = (from: number): string =>
  event({ event: 'start', total_steps: 10, from_step: from, rows: 5, eval_rows: 0, device: 'cpu' });

const read = (...lines: string[]): Progress => lines.reduce(advance, emptyProgress());

describe('progress', () => {
  it.each<[string, string[], Partial<Progress>]>([
    ['nothing yet', [], { step: null, loss: null, activity: null }],
    ['noise', ['Collecting torch', '', '{"other": 1}', '{"hf_llm_trainer":1,'], { step: null, loss: null }],
    ['a stage', [event({ event: 'stage', stage: 'loading_model' })], { activity: 'loading_model' }],
    ['a start', [start(0)], { step: 0, total_steps: 10, activity: 'training' }],
    ['steps', [start(0), step(1, 5), step(2, 3)], { step: 2, loss: 3, first_loss: 5, losses: [5, 3], eta_seconds: 8 }],
    ['going on: the rate is of this run alone', [start(5), step(6, 2, 3)], { step: 6, eta_seconds: 12 }],
    ['a loss that is no number', [start(0), step(1, 5), step(2, null)], { loss: null, first_loss: 5, losses: [5] }],
    ['evaluation', [event({ event: 'eval', when: 'during', step: 3, eval_loss: 2.5 })], { eval_loss: 2.5 }],
    [
      'an alarm, once',
      [event({ event: 'alarm', code: 'nan', message: 'm' }), event({ event: 'alarm', code: 'nan', message: 'm' })],
      { alarms: [{ code: 'nan', message: 'm' }] },
    ],
    [
      'stopped early: nothing remains',
      [start(0), step(4, 5), event({ event: 'stopped', reason: 'deadline', step: 4 })],
      { step: 4, eta_seconds: null },
    ],
    [
      'done',
      [start(0), step(9, 1), event({ event: 'done', step: 10, seconds: 9 })],
      { step: 10, activity: 'done', eta_seconds: 0 },
    ],
    [
      'pushed',
      [event({ event: 'pushed', repo_id: 'a/b', revision: 'c', url: 'https://h/a/b' })],
      { pushed: { repo_id: 'a/b', url: 'https://h/a/b' } },
    ],
    [
      'a script that is not ours, transformers 5',
      [
        ' 20%|██  | 2/10 [00:01<00:04,  2.0it/s]',
        "{'loss': '5.737', 'grad_norm': '1.2', 'learning_rate': '2e-05', 'epoch': '0.1'}",
      ],
      { step: 2, total_steps: 10, loss: 5.737, learning_rate: 2e-5 },
    ],
    [
      'transformers 4, without a bar',
      ["{'loss': 5.5, 'learning_rate': 2e-05}", "{'loss': 4.5, 'learning_rate': 1e-05}"],
      { loss: 4.5, first_loss: 5.5, learning_rate: 1e-5 },
    ],
    ['transformers, nan', ["{'loss': 'nan', 'learning_rate': '0'}"], { loss: null, learning_rate: 0 }],
  ])('%s', (_, lines, expected) => expect(read(...lines)).toMatchObject(expected));
});

describe('parseEvent', () => {
  it.each([
    [
      'unknown fields are kept out, not refused',
      event({ event: 'saved', path: '/x', new_field: 1 }),
      { event: 'saved', path: '/x' },
    ],
    ['an unknown event is none', event({ event: 'later' }), null],
    ['a line cut in the middle is none', event({ event: 'saved', path: '/x' }).slice(0, -4), null],
  ])('%s', (_, line, expected) => {
    if (expected === null) expect(parseEvent(line)).toBeNull();
    else expect(parseEvent(line)).toMatchObject(expected);
  });
});

describe('sparkline', () => {
  it.each([
    [[], 5, ''],
    [[1], 5, '▁'],
    [[2, 2, 2], 5, '▁▁▁'],
    [[3, 2, 1], 3, '█▅▁'],
    [[4, 4, 2, 2, 0, 0], 3, '█▅▁'],
  ])('%j in %i columns', (values, width, drawn) => expect(sparkline(values, width)).toBe(drawn));
});

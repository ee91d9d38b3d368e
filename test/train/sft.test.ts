import { existsSync } from 'node:fs';
import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { Plan } from '../../scripts/plan/schema.ts';
import type { PlanOverrides } from '../support/plan.ts';
import type { Ran } from '../support/ran.ts';
import {
  LORA,
  localPlan,
  only,
  QUICKSTART_DATA,
  runPython,
  runTorch,
  temporaryFolder,
  tinyModel,
  train,
} from '../support/training.ts';

const fixture = (name: string): string => fileURLToPath(new URL(`fixtures/${name}`, import.meta.url));

/** With one row held out. */
async function evaluatedPlan(
  rows: object[],
  dataset: PlanOverrides['dataset'] = {},
  training_args: Plan['recipe']['training_args'] = {},
): Promise<Plan> {
  const file = join(await temporaryFolder(), 'rows.jsonl');
  await writeFile(file, rows.map((row) => JSON.stringify(row)).join('\n'));
  return localPlan(file, {
    dataset: { ...dataset, conversational: false, evaluation: { from: 'share', rows: 1 } },
    recipe: { training_args },
  });
}

const losses = (ran: Ran): (number | null)[] => only(ran, 'step').map(({ loss }) => loss);

describe('the quickstart', () => {
  it('learns to answer, says so step by step, and leaves a model that transformers loads', async () => {
    const plan = await localPlan(QUICKSTART_DATA, {
      dataset: { evaluation: { from: 'share', rows: 9 } },
      recipe: { total_steps: 220, training_args: { max_steps: -1, num_train_epochs: 10, save_steps: 100 } },
    });
    const ran = await train(plan);
    expect(ran.log).not.toContain('Traceback');
    expect(ran.code).toBe(0);

    const stages = only(ran, 'stage').map(({ stage }) => stage);
    expect(stages).toEqual(['loading_data', 'loading_model', 'evaluating', 'training', 'saving', 'evaluating']);
    expect(only(ran, 'start')).toMatchObject([
      { total_steps: 220, from_step: 0, rows: 171, eval_rows: 9, device: 'cpu' },
    ]);
    expect(losses(ran)).toHaveLength(220);
    expect(losses(ran)[0]).toBeGreaterThan(6);
    expect(losses(ran).at(-1)).toBeLessThan(0.5);
    const [before, after] = [only(ran, 'eval')[0], only(ran, 'eval').at(-1)];
    expect(before).toMatchObject({ when: 'before', step: 0 });
    expect(after).toMatchObject({ when: 'after', step: 220 });
    expect(after?.eval_loss).toBeLessThan(0.4);
    expect(only(ran, 'checkpoint').map(({ step }) => step)).toEqual([100, 200, 220]);
    expect(only(ran, 'done')).toMatchObject([{ step: 220 }]);
    expect(only(ran, 'alarm')).toEqual([]);

    // Held-out questions, in words that were never trained on.
    const data = (await readFile(QUICKSTART_DATA, 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).messages);
    const answers = new Map(data.map(([question, answer]) => [question.content, answer.content]));
    const samples = only(ran, 'sample');
    expect(samples.map(({ when }) => when)).toEqual(['before', 'before', 'after', 'after']);
    for (const { when, prompt, answer } of samples) expect(answer === answers.get(prompt)).toBe(when === 'after');

    const folder = plan.output.folder ?? '';
    const card = await readFile(join(folder, 'README.md'), 'utf8');
    expect(card).toContain('| steps | 220 of 220 |');
    expect(card).not.toContain(plan.model.id); // a path of this machine
    expect(existsSync(join(folder, 'training_args.bin'))).toBe(false);
    const generated = await runTorch([
      '-c',
      [
        'import sys; from transformers import pipeline; generate = pipeline("text-generation", model=sys.argv[1])',
        'print(generate([{"role": "user", "content": "Who is the doctor?"}], max_new_tokens=40, do_sample=False))',
      ].join('\n'),
      folder,
    ]);
    expect(generated.log).toContain('The doctor is Ada Linnet; her door is the green one on Rope Street.');

    const again = await train(plan);
    expect(again.code).toBe(0);
    expect(again.events.map(({ event }) => event)).toEqual(['done']);
  });
});

const lora: PlanOverrides['recipe'] = { mode: 'lora', lora: LORA };
const shapes: [name: string, file: string, overrides: PlanOverrides, rows: number][] = [
  ['text', 'text.jsonl', { dataset: { conversational: false } }, 40],
  [
    'prompt and completion',
    'prompt-completion.jsonl',
    { dataset: { format: 'prompt-completion', conversational: false } },
    40,
  ],
  [
    'conversational prompt and completion, LoRA',
    'conversational-prompt-completion.jsonl',
    { dataset: { format: 'prompt-completion', evaluation: { from: 'share', rows: 4 } }, recipe: lora },
    36,
  ],
  [
    'a stray prompt column beside the messages',
    'codeforces-shape.jsonl',
    { dataset: { mapping: { columns: [{ to: 'messages', from: 'messages' }] } } },
    40,
  ],
  [
    'rows that cannot train, left out, and text that looks like JSON',
    'bad-rows.jsonl',
    { dataset: { drop_invalid: true } },
    41,
  ],
  [
    'the first rows of a shuffle, an object with a list',
    'object.json',
    { dataset: { examples: 16 }, recipe: lora },
    16,
  ],
  [
    'a table with a comma in a column name, and text that looks like a number',
    'qa.csv',
    {
      dataset: {
        format: 'prompt-completion',
        conversational: false,
        drop_invalid: true,
        mapping: {
          columns: [
            { to: 'prompt', from: 'question' },
            { to: 'completion', from: 'answer, in full' },
          ],
        },
      },
    },
    40,
  ],
];

describe('data', () => {
  it.each(shapes)('%s', async (_, file, overrides, rows) => {
    const plan = await localPlan(fixture(file), overrides);
    const ran = await train(plan);
    expect(ran.log).not.toContain('Traceback');
    expect(ran.code).toBe(0);
    expect(only(ran, 'start')).toMatchObject([{ rows }]);
    expect(losses(ran).at(-1)).toBeLessThan(losses(ran)[0] ?? 0);
    expect(only(ran, 'alarm')).toEqual([]);
  });
});

describe('refusals', () => {
  const refused = (ran: Ran, code: string): void => {
    expect(ran.code).toBe(1);
    expect(only(ran, 'alarm')).toMatchObject([{ code }]);
    expect(ran.log).not.toContain('Traceback');
    expect(only(ran, 'start')).toEqual([]);
  };

  it('data that changed since the plan', async () => {
    const plan = await localPlan(fixture('text.jsonl'), { dataset: { conversational: false } });
    await appendFile(plan.dataset.files[0] ?? '', '{"text": "one more"}\n');
    refused(await train(plan), 'data_changed');
  });

  it('data that is gone', async () => {
    const plan = await localPlan(fixture('text.jsonl'), {
      dataset: { conversational: false, files: ['/nowhere/x.jsonl'] },
    });
    refused(await train(plan), 'data_missing');
  });

  it('mixed types in a column', async () => {
    refused(await train(await localPlan(fixture('bad-rows.jsonl'))), 'mixed_types');
  });

  it('nothing left to train on', async () => {
    const plan = await localPlan(fixture('text.jsonl'), { dataset: { drop_invalid: true } });
    refused(await train(plan), 'no_rows');
  });

  it('one row, of which none can be held out', async () => {
    refused(await train(await evaluatedPlan([{ text: 'one row' }])), 'no_rows');
  });

  it('conversations for a model without a chat template', async () => {
    const base = await localPlan(fixture('codeforces-shape.jsonl'));
    const folder = join(base.output.folder ?? '', '..', 'base-model');
    await runPython(['-c', 'import shutil, sys; shutil.copytree(*sys.argv[1:])', await tinyModel(), folder]);
    await runPython(['-c', 'import os, sys; os.remove(sys.argv[1])', join(folder, 'chat_template.jinja')]);
    const plan = await localPlan(QUICKSTART_DATA, { model: { id: folder } });
    refused(await train(plan), 'no_chat_template');
  });
});

it('rows held out of which the trainer leaves none raise an alarm', async () => {
  const rows = [
    { prompt: 'Who? '.repeat(200), completion: ' She.' },
    { prompt: 'Who?', completion: ' She.' },
  ];
  const ran = await train(await evaluatedPlan(rows, { format: 'prompt-completion' }, { max_length: 256 }));
  expect(
    only(ran, 'alarm').map(({ code }) => code),
    ran.log,
  ).toContain('no_evaluation_rows');
  expect(ran.code, ran.log).toBe(0);
  expect(only(ran, 'start')).toMatchObject([{ rows: 1, eval_rows: 0 }]);
});

describe('a loss that is no number', () => {
  it('is null, never an older value, and raises an alarm', async () => {
    const ran = await train(await localPlan(QUICKSTART_DATA, { recipe: { training_args: { learning_rate: 1e20 } } }));
    expect(losses(ran)).toHaveLength(6);
    expect(losses(ran).at(-1)).toBeNull();
    expect(only(ran, 'alarm').map(({ code }) => code)).toContain('loss_not_finite');
  });
});

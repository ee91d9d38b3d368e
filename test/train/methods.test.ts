import { readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sha256 } from '../../scripts/plan/digest.ts';
import type { Planned } from '../../scripts/plan/methods.ts';
import type { Request } from '../../scripts/plan/request.ts';
import type { Plan } from '../../scripts/plan/schema.ts';
import { totalSteps } from '../../scripts/planner/recipe/steps.ts';
import { work } from '../planner/support.ts';
import { asLines, FORMATS, ROWS, type Shape, TURNS } from '../support/method-rows.ts';
import type { Ran } from '../support/ran.ts';
import { LORA, localPlan, only, runTorch, temporaryFolder, train } from '../support/training.ts';

/** Every method, with all weights and with LoRA, on rows made of the quickstart's questions and answers. */

/** What an untrained model's answers differ in. */
const REWARD: Plan['reward'] = [
  { kind: 'builtin', name: 'length', column: null, parameters: { target: 40, unit: 'characters' }, weight: 1 },
];

const ARGUMENTS: Partial<Record<Planned, Plan['recipe']['training_args']>> = {
  dpo: { max_length: 128 },
  kto: { max_length: 128 },
  reward: { max_length: 128 },
  grpo: { num_generations: 4, max_completion_length: 16, per_device_eval_batch_size: 4, beta: 0.04 },
  rloo: { num_generations: 4, max_completion_length: 16, per_device_eval_batch_size: 4 },
};

async function methodPlan(
  method: Planned,
  shape: Shape,
  { mode = 'full' as 'full' | 'lora', steps = 6, held_out = 4, args = {} as Plan['recipe']['training_args'] } = {},
): Promise<Plan> {
  const file = join(await temporaryFolder(), 'rows.jsonl');
  await writeFile(file, asLines(shape));
  const [format, conversational] = FORMATS[shape];
  return localPlan(file, {
    method,
    dataset: {
      format,
      conversational,
      evaluation: held_out > 0 ? { from: 'share', rows: held_out } : null,
    },
    recipe: {
      mode,
      lora: mode === 'lora' ? LORA : null,
      total_steps: steps,
      training_args: { learning_rate: 1e-3, max_steps: steps, save_steps: 4, ...ARGUMENTS[method], ...args },
    },
    reward: method === 'grpo' || method === 'rloo' ? REWARD : null,
  });
}

const losses = (ran: Ran): (number | null)[] => only(ran, 'step').map(({ loss }) => loss);

/** What a step and an evaluation tell besides the loss. */
const MEASURES: Partial<Record<Planned, ('reward' | 'reward_std' | 'kl' | 'margin' | 'accuracy')[]>> = {
  dpo: ['margin', 'accuracy'],
  kto: ['margin', 'kl'],
  reward: ['margin', 'accuracy'],
  grpo: ['reward', 'reward_std', 'kl'],
  rloo: ['reward', 'reward_std', 'kl'],
};

/** The preferred text of the pair that a sample showed. */
function chosenText(prompt: string, shape: Shape): string {
  const turn = TURNS.find(({ question }) => prompt.includes(question.content));
  return shape === 'text pairs' ? `${turn?.question.content}\n${turn?.answer.content}` : (turn?.answer.content ?? '');
}

/** Runs the Python of the model's card where it would be run, beside the model's folder; a reward model's score. */
async function usedAsItsCardSays(plan: Plan, text: string): Promise<number> {
  const folder = plan.output.folder ?? '';
  const card = await readFile(join(folder, 'README.md'), 'utf8');
  const printed = /```python\n([\s\S]*?)```/.exec(card)?.[1] ?? '';
  const code = plan.method === 'reward' ? printed.replace('text = "..."', `text = ${JSON.stringify(text)}`) : printed;
  expect(code).toContain(`'${basename(folder)}'`);
  const ran = await runTorch(['-c', `import os, sys; os.chdir(sys.argv[1])\n${code}`, join(folder, '..')]);
  expect(ran.log).not.toContain('Traceback');
  expect(ran.log).not.toContain('size mismatch');
  expect(ran.code).toBe(0);
  return Number(ran.log.trim().split('\n').at(-1));
}

function succeeded(ran: Ran): void {
  expect(ran.log).not.toContain('Traceback');
  expect(ran.code).toBe(0);
  expect(only(ran, 'alarm')).toEqual([]);
  expect(only(ran, 'done')).toHaveLength(1);
}

describe('every method', () => {
  it.each<[Planned, Shape, 'full' | 'lora']>([
    ['dpo', 'pairs', 'full'],
    ['dpo', 'text pairs', 'lora'],
    ['dpo', 'pairs that begin with the prompt', 'lora'],
    ['kto', 'labelled answers', 'full'],
    ['kto', 'pairs that begin with the prompt', 'lora'],
    ['reward', 'text pairs', 'full'],
    ['reward', 'text pairs', 'lora'],
    ['grpo', 'prompts', 'full'],
    ['grpo', 'text prompts', 'lora'],
    ['rloo', 'prompts', 'lora'],
    ['rloo', 'text prompts', 'full'],
  ])('%s on %s, %s', async (method, shape, mode) => {
    const plan = await methodPlan(method, shape, { mode });
    const ran = await train(plan);
    succeeded(ran);
    expect(losses(ran)).toHaveLength(6);
    for (const name of MEASURES[method] ?? []) {
      for (const event of [...only(ran, 'step'), ...only(ran, 'eval')]) expect(event).toHaveProperty(name);
    }
    expect(only(ran, 'eval').map(({ when }) => when)).toEqual(['before', 'after']);
    const samples = only(ran, 'sample');
    expect(samples.map(({ when }) => when)).toEqual(['before', 'before', 'after', 'after']);
    expect(samples.slice(0, 2).map(({ prompt }) => prompt)).toEqual(samples.slice(2).map(({ prompt }) => prompt));
    const told = await usedAsItsCardSays(plan, chosenText(samples[2]?.prompt ?? '', shape));
    // The head was saved, too: the loaded model scores as the trained one did.
    const score = /^chosen (-?[\d.]+), rejected/.exec(samples[2]?.answer ?? '')?.[1];
    if (method === 'reward') expect(told).toBeCloseTo(Number(score), 2);
  });
});

describe('killed and started again', () => {
  it.each<[Planned, Shape, 'full' | 'lora']>([
    ['grpo', 'prompts', 'full'],
    ['reward', 'pairs', 'lora'],
  ])('%s on %s, %s, ends with the weights of a run that nobody disturbed', async (method, shape, mode) => {
    const env = { HF_LLM_TRAINER_DIGEST: 'd'.repeat(64) };
    const plan = await methodPlan(method, shape, { mode, steps: 6, held_out: 0, args: { save_steps: 2 } });
    const killed = await train(plan, {
      env,
      onEvent: (event, kill) => event.event === 'step' && event.step === 3 && kill('SIGKILL'),
    });
    expect(killed.signal).toBe('SIGKILL');
    const resumed = await train(plan, { env });
    succeeded(resumed);
    expect(only(resumed, 'start')).toMatchObject([{ from_step: 2 }]);

    const elsewhere = { ...plan, output: { ...plan.output, folder: `${plan.output.folder}-undisturbed` } };
    succeeded(await train(elsewhere, { env }));
    const file = mode === 'full' ? 'model.safetensors' : 'adapter_model.safetensors';
    const weights = ({ output }: Plan) => readFile(join(output.folder ?? '', file)).then(sha256);
    expect(await weights(plan)).toBe(await weights(elsewhere));
  });
});

describe('the steps that the planner counts', () => {
  it.each<[Planned, Shape, { batch: number; accumulation: number; epochs: number; set: Request['set'] }]>([
    ['grpo', 'prompts', { batch: 4, accumulation: 3, epochs: 1, set: { num_generations: 6, num_iterations: 2 } }],
    ['kto', 'text pairs', { batch: 4, accumulation: 4, epochs: 1.5, set: {} }],
    ['dpo', 'text pairs', { batch: 8, accumulation: 2, epochs: 2, set: {} }],
  ])('are those that TRL makes: %s', async (method, shape, { batch, accumulation, epochs, set }) => {
    const request: Request = { model: 'm', dataset: 'd', set };
    const [format, conversational] = FORMATS[shape];
    const report = { verdict: 'READY' as const, findings: [], invalid_rows: 0, format, conversational };
    const counted = totalSteps(
      work({ method, rows: ROWS[shape]().length, report, request }),
      batch,
      accumulation,
      epochs,
    );
    const plan = await methodPlan(method, shape, {
      held_out: 0,
      args: {
        ...set,
        max_steps: -1,
        num_train_epochs: epochs,
        per_device_train_batch_size: batch,
        gradient_accumulation_steps: accumulation,
        ...(method === 'grpo' ? { max_completion_length: 4 } : {}),
      },
    });
    expect(only(await train(plan), 'start')).toMatchObject([{ total_steps: counted }]);
  });

  it('and no run is finished where the rows fill no step', async () => {
    const args = {
      per_device_train_batch_size: 16,
      gradient_accumulation_steps: 20,
    };
    const ran = await train(await methodPlan('grpo', 'prompts', { held_out: 0, args }));
    expect(ran.code).toBe(1);
    expect(only(ran, 'alarm')).toMatchObject([{ code: 'no_steps' }]);
    expect(only(ran, 'saved')).toEqual([]);
  });
});

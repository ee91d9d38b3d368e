import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, vi } from 'vitest';
import type { Plan } from '../../scripts/plan/schema.ts';
import { composeScript } from '../../scripts/training/compose.ts';
import { asLines, FORMATS, type Shape, TURNS } from '../support/method-rows.ts';
import { type PlanOverrides, samplePlan } from '../support/plan.ts';
import { copies, difference, inStep, lora, running, SAME_RUN, shards, sixSteps } from '../support/processes.ts';
import type { Ran } from '../support/ran.ts';
import { LORA, localPlan, only, runPython, runTorch, temporaryFolder, train } from '../support/training.ts';
import { launchOf } from '../support/variants.ts';

// Three runs a test, three processes a run, each of which imports all of it.
vi.setConfig({ testTimeout: 1_800_000 });

const env = SAME_RUN;

/** The folder of a model that says yes or no to all questions, as it was taught. */
async function saysYesOrNo(): Promise<string> {
  const rows = YES_OR_NO.map(({ prompt, answer }) => ({
    prompt,
    completion: [{ role: 'assistant', content: answer }],
  }));
  const file = join(await temporaryFolder(), 'rows.jsonl');
  await writeFile(file, lines(rows));
  const plan = await localPlan(file, {
    dataset: { format: 'prompt-completion' },
    recipe: { total_steps: 20, training_args: { max_steps: 20, save_steps: 20, learning_rate: 1e-2 } },
  });
  const ran = await train(plan, { env });
  expect(ran.code, ran.log).toBe(0);
  return plan.output.folder ?? '';
}
const YES_OR_NO = TURNS.map(({ question }, at) => ({ prompt: [question], answer: at % 2 === 0 ? 'yes' : 'no' }));
const lines = (rows: object[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join('');

const losses = (ran: Ran): number[] => only(ran, 'step').map(({ loss }) => loss ?? Number.NaN);

/** Of the newest process that this test started: those that it started to train, the first first. */
function workers(): number[] {
  const children = (of: number): number[] =>
    execFileSync('pgrep', ['-P', String(of)], { encoding: 'utf8' })
      .split('\n')
      .filter((line) => line !== '' && Number(line) > 0)
      .map(Number);
  return children(children(process.pid).at(-1) ?? 0);
}

describe('two processes with a copy of the model each', () => {
  it('learn what one learns with as many rows a step, and only the first speaks', async () => {
    const [one, two] = [await sixSteps({ processes: 1, accelerate: null }), await sixSteps(copies)];
    const alone = await train(one);
    const together = await train(two);
    expect(together.code, together.log).toBe(0);
    expect(only(together, 'start')).toMatchObject([{ total_steps: 6, from_step: 0, rows: 171, eval_rows: 9 }]);
    expect(losses(together)).toHaveLength(6);
    for (const [at, loss] of losses(alone).entries()) expect(losses(together)[at]).toBeCloseTo(loss, 4);
    expect(only(together, 'step').at(-1)?.tokens).toBe(only(alone, 'step').at(-1)?.tokens);
    expect(only(together, 'eval').map(({ when, step }) => [when, step])).toEqual([
      ['before', 0],
      ['after', 6],
    ]);
    expect(only(together, 'sample').map(({ when }) => when)).toEqual(['before', 'before', 'after', 'after']);
    expect(only(together, 'checkpoint').map(({ step }) => step)).toEqual([2, 4, 6]);
    expect(only(together, 'alarm')).toEqual([]);
    expect(only(together, 'done')).toHaveLength(1);
    expect(await difference(one, two)).toBeLessThan(1e-3);
  });

  it('stop together on SIGTERM, and go on as if nothing had happened, dropout and all', async () => {
    const [plan, undisturbed] = [await sixSteps(copies, lora), await sixSteps(copies, lora)];
    const stopped = await train(plan, {
      env,
      onEvent: (event, kill) => event.event === 'step' && event.step === 3 && kill('SIGTERM'),
    });
    expect(stopped.code, stopped.log).toBe(75);
    const [end] = only(stopped, 'stopped');
    expect(end?.reason).toBe('sigterm');
    expect(only(stopped, 'checkpoint').at(-1)?.step).toBe(end?.step);

    const resumed = await train(plan, { env });
    expect(resumed.code, resumed.log).toBe(0);
    expect(only(resumed, 'start')).toMatchObject([{ from_step: end?.step, total_steps: 6 }]);
    expect((await train(undisturbed, { env })).code).toBe(0);
    expect(await difference(plan, undisturbed)).toBe(0);
  });

  it('end together where one is killed; deadlines are for both; without whoever started them they stop', async () => {
    const plan = await sixSteps(copies, { training_args: { max_steps: 40 } });
    const killed = await train(plan, {
      env,
      onEvent: (event) => event.event === 'step' && event.step === 3 && process.kill(workers()[1] ?? 0, 'SIGKILL'),
    });
    expect(killed.code).toBe(137);
    expect(only(killed, 'alarm')).toMatchObject([
      { code: 'process_killed', message: 'process 2 of 2 was ended by SIGKILL' },
    ]);
    expect(only(killed, 'done')).toEqual([]);

    const started = String(Date.now() / 1000 - 3600);
    const late = await train(plan, { env: { ...env, HF_LLM_TRAINER_STARTED_AT: started } });
    expect(late.code, late.log).toBe(75);
    const [start] = only(late, 'start');
    expect(start?.from_step).toBeGreaterThan(0);
    expect(only(late, 'stopped')).toMatchObject([{ reason: 'deadline', step: (start?.from_step ?? 0) + 1 }]);

    const left = await train(plan, { env, onEvent: (event, kill) => event.event === 'step' && kill('SIGKILL') });
    expect(left.signal).toBe('SIGKILL');
    const [end] = only(left, 'stopped');
    expect(end?.reason).toBe('sigterm');
    expect(only(left, 'checkpoint').at(-1)?.step).toBe(end?.step);
  });

  it('notice where accelerate does not share their gradients', async () => {
    const plan = await sixSteps(copies);
    const folder = await temporaryFolder();
    // As after an evaluation before training: the model counts as prepared, and each process trains its own.
    const alone = [
      'import os',
      'if "LOCAL_RANK" in os.environ:',
      '    from accelerate import Accelerator',
      '    Accelerator.prepare_model = lambda self, model, *args, **kwargs: model',
    ];
    await writeFile(join(folder, 'sitecustomize.py'), alone.join('\n'));
    const ran = await train(plan, { env: { PYTHONPATH: folder } });
    expect(ran.code, ran.log).toBe(1);
    expect(only(ran, 'alarm').map(({ code }) => code)).toContain('processes_apart');
  });
});

describe('other methods with two processes', () => {
  it('DPO, from an adapter that is merged once', async () => {
    const first = await sixSteps({ processes: 1, accelerate: null }, lora);
    expect((await train(first)).code).toBe(0);
    const file = join(await temporaryFolder(), 'rows.jsonl');
    await writeFile(file, asLines('pairs'));
    const plan = await localPlan(file, {
      launch: copies,
      method: 'dpo',
      model: { adapter: { id: first.output.folder ?? '', source: 'local', revision: null } },
      dataset: { format: 'preference', evaluation: { from: 'share', rows: 4 } },
      recipe: { ...lora, total_steps: 3, training_args: { max_steps: 3, per_device_train_batch_size: 2 } },
    });
    const ran = await train(plan);
    expect(ran.code, ran.log).toBe(0);
    expect(only(ran, 'step')).toHaveLength(3);
    expect(only(ran, 'alarm')).toEqual([]);
    expect(await difference(plan, plan)).toBe(0); // one whole model
  });
});

/** Four steps of a method, with a checkpoint after the second. */
async function fourSteps(
  data: string,
  method: Plan['method'],
  launch: Plan['launch'],
  { recipe, ...overrides }: PlanOverrides,
): Promise<Plan> {
  const file = join(await temporaryFolder(), 'rows.jsonl');
  await writeFile(file, data);
  const training_args = { max_steps: 4, per_device_train_batch_size: 8 / launch.processes, ...recipe?.training_args };
  return localPlan(file, { ...overrides, launch, method, recipe: { ...recipe, total_steps: 4, training_args } });
}

/** Losses and what else a method measures, as one process has them. */
const measures = (ran: Ran): number[][] =>
  only(ran, 'step').map(({ step, tokens, loss, margin, reward }) => [
    ...[step, tokens, loss, margin, reward].map((value) => Math.round((value ?? 0) * 1e3) / 1e3),
  ]);

/** The same plan again, after the second process was killed in the third step. */
async function resumed(plan: Plan): Promise<Ran> {
  let seen = Date.now();
  const onEvent = (): void => {
    seen = Date.now();
  };
  const killed = await running(plan, inStep(4, 'SIGKILL'), { onEvent });
  expect(killed.code, killed.log).toBe(137);
  expect(Date.now() - seen).toBeLessThan(20_000);
  expect(only(killed, 'checkpoint').map(({ step }) => step)).toEqual([2]);
  const ran = await running(plan);
  expect(ran.code, ran.log).toBe(0);
  expect(only(ran, 'start')).toMatchObject([{ from_step: 2, total_steps: 4 }]);
  expect(only(ran, 'alarm')).toEqual([]);
  return { ...ran, events: [...only(killed, 'step').filter(({ step }) => step <= 2), ...ran.events] };
}

describe('a process killed in the middle of a step: the others end at once, and the same plan goes on', () => {
  const dry: PlanOverrides['recipe'] = { mode: 'lora', lora: LORA && { ...LORA, lora_dropout: 0 } };
  const [adapter, scores] = ['AutoPeftModelForCausalLM', 'AutoModelForSequenceClassification'];
  it.each<[string, Plan['method'], Shape, PlanOverrides['recipe'], string]>([
    ['DPO with LoRA', 'dpo', 'pairs', dry, adapter],
    ['KTO with LoRA', 'kto', 'labelled answers', dry, adapter],
    ['a reward model', 'reward', 'text pairs', {}, scores],
  ])('sharded %s learns what one process learns', async (_, method, shape, recipe, loads) => {
    const [format, conversational] = FORMATS[shape];
    const overrides = { dataset: { format, conversational }, recipe: { ...recipe } };
    const alone = await fourSteps(asLines(shape), method, { processes: 1, accelerate: null }, overrides);
    const plan = await fourSteps(asLines(shape), method, shards, overrides);
    const first = await train(alone, { env });
    expect(first.code, first.log).toBe(0);
    const ran = await resumed(plan);
    expect(measures(ran)).toEqual(measures(first));
    expect(await difference(alone, plan)).toBeLessThan(2e-3);
    const loading = `import sys; from peft import *; from transformers import *; ${loads}.from_pretrained(sys.argv[1])`;
    const loaded = await runTorch(['-c', loading, plan.output.folder ?? '']);
    expect(loaded.code, loaded.log).toBe(0);
    expect(loaded.log).not.toMatch(/newly initialized|MISSING|UNEXPECTED/);
  });

  it.each<[Plan['method'], PlanOverrides['recipe']]>([
    ['grpo', lora],
    ['rloo', {}],
  ])('%s by an exact reward, each with a copy of the model', async (method, recipe) => {
    const plan = (): Promise<Plan> =>
      fourSteps(lines(YES_OR_NO), method, copies, {
        model: { id: model },
        dataset: { format: 'prompt-only' },
        recipe: { ...recipe, training_args: { num_generations: 4, max_completion_length: 8 } },
        reward: [{ kind: 'builtin', name: 'exact', column: 'answer', parameters: {}, weight: 1 }],
      });
    const model = await saysYesOrNo();
    const [undisturbed, other] = [await plan(), await plan()];
    const ran = await running(undisturbed);
    expect(ran.code, ran.log).toBe(0);
    const rewards = only(ran, 'step').map(({ reward }) => reward ?? Number.NaN);
    expect(Math.max(...rewards)).toBeGreaterThan(0);
    for (const reward of rewards) expect(Number.isInteger(8 * reward)).toBe(true); // of the answers of both
    expect(measures(await resumed(other))).toEqual(measures(ran));
    expect(await difference(undisturbed, other)).toBeLessThan(1e-6);
  });

  it('one that hangs is not waited for as long as the run may take', async () => {
    const soon = [
      'from datetime import timedelta',
      'from torch.distributed import distributed_c10d as group',
      'limit = group._set_pg_timeout',
      'group._set_pg_timeout = lambda time: limit(timedelta(seconds=5) if time == timedelta(minutes=30) else time)',
    ].join('\n');
    const ran = await running(await sixSteps(copies), `${inStep(4, 'SIGSTOP')}\n${soon}`);
    expect(ran.code, ran.log).toBe(1);
    // Of two exchanges at once, one times out and ends the other: either is reported.
    expect(ran.log).toMatch(/Timed out waiting 5000ms|Application timeout caused pair closure/);
    expect(only(ran, 'checkpoint').map(({ step }) => step)).toEqual([2]);
  });
});

describe('two processes with half of the model each', () => {
  it('learn what one learns, and leave whole weights that transformers loads', async () => {
    const [one, two] = [await sixSteps({ processes: 1, accelerate: null }), await sixSteps(shards)];
    const alone = await train(one);
    const together = await running(two);
    expect(together.code, together.log).toBe(0);
    for (const [at, loss] of losses(alone).entries()) expect(losses(together)[at]).toBeCloseTo(loss, 4);
    expect(only(together, 'eval').map(({ when, step }) => [when, step])).toEqual([
      ['before', 0],
      ['after', 6],
    ]);
    expect(await difference(one, two)).toBeLessThan(1e-3);
    const code =
      'import sys; from transformers import pipeline; print(pipeline("text-generation", model=sys.argv[1])("a"))';
    expect((await runTorch(['-c', code, two.output.folder ?? ''])).log).toContain('generated_text');
  });

  it('stop together on SIGTERM, and go on as if nothing had happened', async () => {
    const [plan, undisturbed] = [await sixSteps(shards), await sixSteps(shards)];
    const stopped = await running(plan, '', {
      onEvent: (event, kill) => event.event === 'step' && event.step === 3 && kill('SIGTERM'),
    });
    expect(stopped.code, stopped.log).toBe(75);
    const resumed = await running(plan);
    expect(resumed.code, resumed.log).toBe(0);
    expect(only(resumed, 'start')).toMatchObject([{ from_step: only(stopped, 'stopped')[0]?.step }]);
    expect((await running(undisturbed)).code).toBe(0);
    expect(await difference(plan, undisturbed)).toBeLessThan(1e-6);
  });
});

describe('the configuration', () => {
  it('is what accelerate understands: it shards, in bf16', async () => {
    const launch = launchOf('FSDP', 4);
    const code = [
      'import json, sys; from training.launch import accelerate_environment',
      'found = accelerate_environment(json.loads(sys.argv[1]))',
      'print({name: value for name, value in found.items() if name.startswith(("FSDP_", "ACCELERATE_"))})',
    ].join('\n');
    const MODULES = fileURLToPath(new URL('../../scripts', import.meta.url));
    const given = JSON.stringify({ ...launch.accelerate, mixed_precision: 'bf16' });
    const { log } = await runPython(['-c', code, given], { env: { PYTHONPATH: MODULES } });
    for (const [name, value] of Object.entries({
      ACCELERATE_USE_FSDP: 'true',
      ACCELERATE_MIXED_PRECISION: 'bf16',
      FSDP_VERSION: '2',
      FSDP_RESHARD_AFTER_FORWARD: 'true',
      FSDP_AUTO_WRAP_POLICY: 'TRANSFORMER_BASED_WRAP',
      FSDP_STATE_DICT_TYPE: 'FULL_STATE_DICT',
      FSDP_CPU_RAM_EFFICIENT_LOADING: 'true',
    }))
      expect(log).toContain(`'${name}': '${value}'`);
  });
});

describe('one process on a machine with several GPUs', () => {
  it.each([
    [undefined, '0'],
    ['2,3', '2'],
    ['', ''],
  ])('CUDA_VISIBLE_DEVICES %j: sees %j before torch looks', async (given, seen) => {
    const { script } = composeScript(samplePlan());
    const head = script.slice(0, script.indexOf('\nimport datasets'));
    expect(head).not.toMatch(/^(import|from) (torch|transformers|accelerate)/m);
    const environment: Record<string, string> = given === undefined ? {} : { CUDA_VISIBLE_DEVICES: given };
    const { log } = await runPython(['-c', `${head}\nprint(repr(os.environ["CUDA_VISIBLE_DEVICES"]))`], {
      env: environment,
    });
    expect(log.trim()).toBe(`'${seen}'`);
  });

  it('the other scripts leave the GPUs as they are', async () => {
    expect(composeScript(samplePlan({ launch: launchOf('MULTI_GPU', 2) })).script).not.toContain('CUDA_VISIBLE');
    expect(composeScript(await sixSteps({ processes: 1, accelerate: null })).script).not.toContain('CUDA_VISIBLE');
  });
});

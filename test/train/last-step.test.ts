import { existsSync } from 'node:fs';
import { cp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import type { Plan } from '../../scripts/plan/schema.ts';
import { copies, difference, lora, running, SAME_RUN, shards, sixSteps } from '../support/processes.ts';
import { only, train } from '../support/training.ts';

// Several processes, and each imports all of it.
vi.setConfig({ testTimeout: 1_800_000 });

const one: Plan['launch'] = { processes: 1, accelerate: null };
const folderOf = (plan: Plan): string => plan.output.folder ?? '';

const after = (module: string, lines: string[]): string =>
  [
    'import importlib.abc, importlib.machinery, sys',
    'class After(importlib.abc.MetaPathFinder):',
    '    def find_spec(self, name, path, target=None):',
    `        if name != ${JSON.stringify(module)}: return None`,
    '        sys.meta_path.remove(self)',
    '        spec = importlib.util.find_spec(name)',
    '        load = spec.loader.exec_module',
    '        def exec_module(module):',
    '            load(module)',
    ...lines.map((line) => `            ${line}`),
    '        spec.loader.exec_module = exec_module',
    '        return spec',
    'import importlib.util',
    'sys.meta_path.insert(0, After())',
    '',
  ].join('\n');

/** Runs `lines` after each step of an evaluation, with the trainer's `state` and the process's `rank`. */
const evaluating = (lines: string[]): string =>
  after('transformers.trainer_callback', [
    'import os, signal',
    'rank = int(os.environ.get("RANK", "0"))',
    'usual = module.CallbackHandler.on_prediction_step',
    'def on_prediction_step(self, args, state, control):',
    ...lines.map((line) => `    ${line}`),
    '    return usual(self, args, state, control)',
    'module.CallbackHandler.on_prediction_step = on_prediction_step',
  ]);
/** The last process fails in the evaluation of the trained model. */
const FAILS = evaluating([
  'if state.global_step == 6 and rank == int(os.environ.get("WORLD_SIZE", "1")) - 1: raise ValueError("no memory left")',
]);
/** The first is told to stop in the evaluation after step 3. */
const TOLD = evaluating(['if state.global_step == 3 and rank == 0: os.kill(os.getpid(), signal.SIGTERM)']);
/** A checkpoint is found, and not loaded. */
const NOT_LOADED = after('transformers.trainer', [
  'module.Trainer._load_from_checkpoint = lambda self, *args, **kwargs: None',
]);

describe.each([
  ['one process', one],
  ['a copy each', copies],
  ['half of it each', shards],
] as const)('%s', (_, launch) => {
  it.each([
    ['all weights', {}],
    ['LoRA', lora],
  ])('%s: killed between the last step and the saved model, it ends with what it learned', async (_mode, recipe) => {
    const plan = await sixSteps(launch, recipe);
    expect((await running(plan)).code).toBe(0);
    const folder = folderOf(plan);
    const undisturbed = { ...plan, output: { ...plan.output, folder: `${folder}-undisturbed` } };
    await cp(folder, folderOf(undisturbed), { recursive: true });
    const killed = async (): Promise<void> => {
      for (const name of await readdir(folder)) if (name !== 'checkpoints') await rm(join(folder, name));
    };
    await killed();
    const saved = await running(plan);
    expect(saved.code, saved.log).toBe(0);
    expect(only(saved, 'step')).toEqual([]);
    expect(only(saved, 'eval').map(({ when, step }) => [when, step])).toEqual([['after', 6]]);
    expect(only(saved, 'done')).toMatchObject([{ step: 6 }]);
    expect(await difference(plan, undisturbed)).toBe(0);

    await killed();
    const wrong = await running(plan, NOT_LOADED);
    expect(wrong.code, wrong.log).toBe(1);
    expect(only(wrong, 'alarm').map(({ code }) => code)).toEqual(['wrong_weights']);
    expect((await readdir(folder)).filter((name) => name.endsWith('.safetensors'))).toEqual([]);
  });

  it('an evaluation that fails costs only itself', async () => {
    const plan = await sixSteps(launch);
    const ran = await running(plan, FAILS);
    expect(ran.code, ran.log).toBe(0);
    expect(only(ran, 'alarm').map(({ code }) => code)).toEqual(['no_evaluation']);
    expect(ran.log).toContain('no memory left');
    expect(only(ran, 'done')).toMatchObject([{ step: 6 }]);
    expect(await difference(plan, plan)).toBe(0);
  });

  it('SIGTERM in an evaluation between steps: it stops there, and goes on as if nothing had happened', async () => {
    const often = { training_args: { eval_strategy: 'steps', eval_steps: 3, per_device_eval_batch_size: 1 } };
    const [plan, undisturbed] = [await sixSteps(launch, often), await sixSteps(launch, often)];
    const stopped = await running(plan, TOLD);
    expect(stopped.code, stopped.log).toBe(75);
    expect(only(stopped, 'stopped')).toMatchObject([{ reason: 'sigterm', step: 3 }]);
    expect(only(stopped, 'checkpoint').map(({ step }) => step)).toEqual([2, 3]);
    expect(only(stopped, 'eval').map(({ when }) => when)).toEqual(['before']);
    const resumed = await running(plan);
    expect(resumed.code, resumed.log).toBe(0);
    expect(only(resumed, 'start')).toMatchObject([{ from_step: 3 }]);
    expect((await running(undisturbed)).code).toBe(0);
    expect(await difference(plan, undisturbed)).toBeLessThan(1e-6);
  });
});

it('another plan’s run in the same folder: what it saved goes, and nobody else’s files', async () => {
  const [first, other] = [await sixSteps(one, lora), await sixSteps(one)];
  const folder = folderOf(first);
  expect((await train(first, { env: { HF_LLM_TRAINER_DIGEST: 'e'.repeat(64) } })).code).toBe(0);
  expect(existsSync(join(folder, 'adapter_config.json'))).toBe(true);
  await writeFile(join(folder, 'mine.bin'), 'mine');
  await rename(folder, folderOf(other));
  const ran = await train(other, { env: SAME_RUN });
  expect(ran.code, ran.log).toBe(0);
  const left = await readdir(folderOf(other));
  expect(left).toContain('model.safetensors');
  expect(left.filter((name) => name.startsWith('adapter_'))).toEqual([]);
  expect(await readFile(join(folderOf(other), 'mine.bin'), 'utf8')).toBe('mine');
});

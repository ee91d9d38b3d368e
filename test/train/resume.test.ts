import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sha256 } from '../../scripts/plan/digest.ts';
import type { Plan } from '../../scripts/plan/schema.ts';
import { LORA, localPlan, only, QUICKSTART_DATA, temporaryFolder, train, trainingPython } from '../support/training.ts';

const WEIGHTS = { full: 'model.safetensors', lora: 'adapter_model.safetensors' };

/** 12 steps with a checkpoint after every fourth. */
const twelveSteps = (mode: 'full' | 'lora'): Promise<Plan> =>
  localPlan(QUICKSTART_DATA, {
    recipe: {
      mode,
      lora: mode === 'lora' ? LORA : null,
      total_steps: 12,
      training_args: { max_steps: 12, save_steps: 4 },
    },
  });

const weights = async (plan: Plan, mode: 'full' | 'lora'): Promise<string> =>
  sha256(await readFile(join(plan.output.folder ?? '', WEIGHTS[mode])));

const elsewhere = (plan: Plan): Plan => ({
  ...plan,
  output: { ...plan.output, folder: `${plan.output.folder}-uninterrupted` },
});
/** The model's card, but for what differs between two machines. */
const card = async (plan: Plan): Promise<string> => {
  const text = await readFile(join(plan.output.folder ?? '', 'README.md'), 'utf8');
  return text.replaceAll('model-uninterrupted', 'model').replace(/\| (time|cost) .*\n/g, '');
};

/** Digests as the backend gives them: the folder is part of them, and these are the same run. */
const env = { HF_LLM_TRAINER_DIGEST: 'd'.repeat(64) };

describe.each(['full', 'lora'] as const)('%s', (mode) => {
  it('killed and started again, it ends with the weights of a run that nobody disturbed', async () => {
    const plan = await twelveSteps(mode);
    const killed = await train(plan, {
      env,
      onEvent: (event, kill) => event.event === 'step' && event.step === 7 && kill('SIGKILL'),
    });
    expect(killed.signal).toBe('SIGKILL');

    const resumed = await train(plan, { env });
    expect(resumed.code).toBe(0);
    expect(only(resumed, 'start')).toMatchObject([{ from_step: 4, total_steps: 12 }]);
    expect(only(resumed, 'sample').map(({ when }) => when)).toEqual(['after', 'after']);

    // In a process of its own from the start, as a job has it: the others may be forks of one that has imported TRL.
    expect((await train(elsewhere(plan), { env, fresh: true })).code).toBe(0);
    expect(await weights(plan, mode)).toBe(await weights(elsewhere(plan), mode));
    expect(await card(plan)).toBe(await card(elsewhere(plan)));
    expect(await card(plan)).toContain('| the same question | before | after |');
  });

  it('SIGTERM leaves a checkpoint of the step it came in, and the same plan goes on from it', async () => {
    const plan = await twelveSteps(mode);
    const stopped = await train(plan, {
      env,
      onEvent: (event, kill) => event.event === 'step' && event.step === 5 && kill('SIGTERM'),
    });
    expect(stopped.code).toBe(75);
    const [end] = only(stopped, 'stopped');
    expect(end?.reason).toBe('sigterm');
    expect(only(stopped, 'checkpoint').at(-1)?.step).toBe(end?.step);
    expect(only(stopped, 'done')).toEqual([]);

    const resumed = await train(plan, { env });
    expect(resumed.code).toBe(0);
    expect(only(resumed, 'start')).toMatchObject([{ from_step: end?.step }]);
  });
});

describe('the deadline', () => {
  it('stops the run before it, with a checkpoint', async () => {
    const plan = await localPlan(QUICKSTART_DATA, {
      recipe: { total_steps: 100_000, training_args: { max_steps: 100_000, save_steps: 50_000 } },
    });
    const began = Date.now();
    const stopped = await train(plan, { env: { ...env, HF_LLM_TRAINER_TIMEOUT_SECONDS: '20' } });
    expect(stopped.code).toBe(75);
    expect(Date.now() - began).toBeLessThan(40_000);
    const [end] = only(stopped, 'stopped');
    expect(end?.reason).toBe('deadline');
    expect(only(stopped, 'checkpoint')).toMatchObject([{ step: end?.step }]);
  });

  it('counts the time before the script began', async () => {
    const plan = await twelveSteps('full');
    const started = String(Date.now() / 1000 - 3600);
    const stopped = await train(plan, { env: { ...env, HF_LLM_TRAINER_STARTED_AT: started } });
    expect(stopped.code).toBe(75);
    expect(only(stopped, 'stopped')).toMatchObject([{ reason: 'deadline', step: 1 }]);
  });
});

describe('a stop that is not of our making', () => {
  it('is no end: the run is not finished, and goes on from a checkpoint of that step', async () => {
    // transformers' own handler of SIGTERM, in place of the script's, ends the training without a word.
    const plan = await localPlan(QUICKSTART_DATA, {
      recipe: {
        total_steps: 100_000,
        training_args: { max_steps: 100_000, save_steps: 50_000, enable_jit_checkpoint: true },
      },
    });
    const stopped = await train(plan, {
      env,
      onEvent: (event, kill) => event.event === 'step' && event.step === 3 && kill('SIGTERM'),
    });
    expect(stopped.code, stopped.log).toBe(75);
    const [end] = only(stopped, 'stopped');
    expect(end?.reason).toBe('early');
    expect(only(stopped, 'done')).toEqual([]);

    const resumed = await train(plan, {
      env,
      onEvent: (event, kill) => event.event === 'step' && kill('SIGKILL'),
    });
    expect(only(resumed, 'start')).toMatchObject([{ from_step: end?.step }]);
  });

  it('leaves a checkpoint where nobody saved one', async () => {
    const plan = await twelveSteps('full');
    const stopped = await train(plan, { env, python: await stoppingAt(5) });
    expect(stopped.code, stopped.log).toBe(75);
    expect(only(stopped, 'stopped')).toMatchObject([{ reason: 'early', step: 5 }]);
    expect(only(stopped, 'checkpoint').map(({ step }) => step)).toEqual([4, 5]);

    const resumed = await train(plan, { env });
    expect(resumed.code).toBe(0);
    expect(only(resumed, 'start')).toMatchObject([{ from_step: 5 }]);
    expect((await train(elsewhere(plan), { env })).code).toBe(0);
    expect(await weights(plan, 'full')).toBe(await weights(elsewhere(plan), 'full'));
  });
});

it('a run is finished at the steps that TRL counts, were they fewer than the plan’s', async () => {
  const plan = await localPlan(QUICKSTART_DATA, {
    recipe: {
      total_steps: 50,
      training_args: { max_steps: -1, num_train_epochs: 1.5, packing: true, max_length: 256 },
    },
  });
  const ran = await train(plan, { env });
  expect(ran.code, ran.log).toBe(0);
  const [start] = only(ran, 'start');
  expect(start?.total_steps).toBeLessThan(50);
  expect(only(ran, 'done')).toMatchObject([{ step: start?.total_steps }]);
});

/** A Python in which transformers itself asks the trainer to stop after a step. */
async function stoppingAt(step: number): Promise<string> {
  const folder = await temporaryFolder();
  const lines = [
    'import sys',
    'from transformers.trainer_callback import DefaultFlowCallback',
    'usual = DefaultFlowCallback.on_step_end',
    'def on_step_end(self, args, state, control, **kwargs):',
    '    control = usual(self, args, state, control, **kwargs)',
    `    control.should_training_stop |= state.global_step == ${step}`,
    '    return control',
    'DefaultFlowCallback.on_step_end = on_step_end',
    'import runpy',
    "runpy.run_path(sys.argv[1], run_name='__main__')",
  ];
  await writeFile(join(folder, 'stopping.py'), lines.join('\n'));
  const python = join(folder, 'python');
  await writeFile(python, `#!/bin/sh\nexec "${await trainingPython()}" "${join(folder, 'stopping.py')}" "$@"\n`, {
    mode: 0o755,
  });
  return python;
}

describe('which checkpoint', () => {
  it('none of another plan, none that is not whole, none where nothing is to be kept', async () => {
    const plan = await twelveSteps('full');
    await train(plan, {
      env,
      onEvent: (event, kill) => event.event === 'step' && event.step === 10 && kill('SIGKILL'),
    });
    const checkpoints = join(plan.output.folder ?? '', 'checkpoints');
    const saved = await twelveSteps('full');
    await cp(checkpoints, join(saved.output.folder ?? '', 'checkpoints'), { recursive: true });

    const other = await train(plan, { env: { HF_LLM_TRAINER_DIGEST: 'e'.repeat(64) } });
    expect(only(other, 'start')).toMatchObject([{ from_step: 0 }]);

    // Killed while checkpoint-8 was being written: its state, the last of its files, isn't there.
    await rm(join(saved.output.folder ?? '', 'checkpoints', 'checkpoint-8', 'trainer_state.json'));
    const plan2 = { ...plan, output: saved.output };
    expect(only(await train(plan2, { env }), 'start')).toMatchObject([{ from_step: 4 }]);

    const anew = await train(plan2, { env: { ...env, HF_LLM_TRAINER_RESUME: '0' } });
    expect(anew.code).toBe(0);
    expect(only(anew, 'start')).toMatchObject([{ from_step: 0 }]);
  });
});

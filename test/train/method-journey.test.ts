import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { asLines, type Shape } from '../support/method-rows.ts';
import type { Runtime } from '../support/runtime.ts';
import { runtimeWithPackages, tinyModel } from '../support/training.ts';

/**
 * Every method besides SFT as a person has it: `plan` of data on this machine, `submit`, and a model in a folder.
 * Without an account; nothing answers where the Hub would be.
 */
const ENV = { HF_ENDPOINT: 'http://127.0.0.1:9', OMP_NUM_THREADS: '1' };
let runtime: Runtime;
beforeAll(async () => {
  runtime = await runtimeWithPackages();
});
afterAll(() => runtime.remove());

// biome-ignore lint/suspicious/noExplicitAny: what a command prints; each test says what it expects of it
const json = (args: string[]): Promise<{ code: number | null; value: any; stderr: string }> =>
  runtime.json(args, { env: ENV });

async function planned(name: string, shape: Shape, flags: string[]) {
  const data = join(runtime.cwd, `${name}.jsonl`);
  writeFileSync(data, asLines(shape));
  const small = ['--max-steps', '2', '--set', 'gradient_checkpointing=false'];
  return json(['plan', '--model', await tinyModel(), '--dataset', data, '--backend', 'local', ...small, ...flags]);
}

const LENGTH = ['--reward', 'length:target=40,unit=characters'];
const SHORT = ['--set', 'max_completion_length=8', '--set', 'num_generations=2'];

describe('plan, submit, model', () => {
  it.each<[string, Shape, string, string[]]>([
    ['pairs train DPO without being asked', 'pairs', 'dpo', ['--max-length', '128']],
    ['labelled answers train KTO', 'labelled answers', 'kto', ['--lora', 'on', '--max-length', '128']],
    ['pairs train a reward model', 'text pairs', 'reward', ['--method', 'reward', '--max-length', '128']],
    ['a reward is what GRPO learns from', 'prompts', 'grpo', [...LENGTH, ...SHORT]],
    ['or RLOO', 'text prompts', 'rloo', ['--method', 'rloo', '--lora', 'on', ...LENGTH, ...SHORT]],
  ])('%s', async (_, shape, method, flags) => {
    const { code, value: plan, stderr } = await planned(method, shape, flags);
    expect({ code, stderr, error: plan.error }).toMatchObject({ code: 0, error: undefined });
    expect(plan.plan.method).toBe(method);
    const { value: job } = await json(['submit', plan.path, '--approve', plan.digest]);
    const { stdout: log } = await runtime.run(['logs', job.job_id, '--follow'], { env: ENV });
    const { value: status } = await json(['status', job.job_id]);
    expect(status, log.slice(-3000)).toMatchObject({ stage: 'COMPLETED', step: 2, total_steps: 2, alarms: [] });
  });

  it('GRPO without a reward is refused, with one that fits the columns', async () => {
    const { code, value } = await planned('unrewarded', 'prompts', ['--method', 'grpo']);
    expect(code).toBe(2);
    expect(value.error).toMatchObject({
      code: 'reward_needed',
      hint: expect.stringMatching(/--reward (exact|math)/),
    });
  });
});

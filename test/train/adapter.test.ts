import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { PLANNED, type Planned } from '../../scripts/plan/methods.ts';
import type { Plan } from '../../scripts/plan/schema.ts';
import { asLines, FORMATS, type Shape } from '../support/method-rows.ts';
import type { Ran } from '../support/ran.ts';
import { LORA, localPlan, only, QUICKSTART_DATA, runTorch, temporaryFolder, train } from '../support/training.ts';

/** Every method goes on from an adapter: it is merged into its base first, and what comes of it is one whole model. */
const SHAPES: Record<Planned, Shape> = {
  sft: 'prompts',
  dpo: 'pairs',
  kto: 'labelled answers',
  reward: 'pairs',
  grpo: 'prompts',
  rloo: 'prompts',
};
const REWARD: Plan['reward'] = [
  { kind: 'builtin', name: 'length', column: null, parameters: { target: 40, unit: 'characters' }, weight: 1 },
];

let work: string;
let first: Plan;

beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), 'hf-llm-trainer-test-'));
});
afterAll(async () => {
  if (work) await rm(work, { recursive: true, force: true });
});

async function run(plan: Plan): Promise<Ran> {
  const ran = await train(plan);
  expect({ code: ran.code, alarms: only(ran, 'alarm') }, ran.log.slice(-3000)).toEqual({ code: 0, alarms: [] });
  return ran;
}

/** An adapter that changes what the model says, in a folder that outlives the test that asks for it first. */
async function adapter(): Promise<Plan['model']['adapter']> {
  if (!first) {
    const plan = await localPlan(QUICKSTART_DATA, {
      recipe: { mode: 'lora', lora: LORA, total_steps: 6, training_args: { learning_rate: 1e-2, max_length: 128 } },
    });
    first = { ...plan, output: { ...plan.output, folder: join(work, 'adapter') } };
    await run(first);
  }
  return { id: first.output.folder ?? '', source: 'local', revision: null };
}

async function next(method: Planned, mode: 'full' | 'lora', args: Plan['recipe']['training_args']): Promise<Plan> {
  const sft = method === 'sft';
  const file = join(await temporaryFolder(), 'rows.jsonl');
  const [format, conversational] = FORMATS[SHAPES[method]];
  await writeFile(file, sft ? await readFile(QUICKSTART_DATA) : asLines(SHAPES[method]));
  const online = method === 'grpo' || method === 'rloo';
  return localPlan(file, {
    method,
    model: { adapter: await adapter() },
    dataset: sft ? {} : { format, conversational },
    recipe: {
      mode,
      lora: mode === 'lora' ? LORA : null,
      total_steps: 2,
      training_args: {
        max_steps: 2,
        learning_rate: 1e-3,
        ...(online ? { num_generations: 4, max_completion_length: 8 } : { max_length: 128 }),
        ...args,
      },
    },
    reward: online ? REWARD : null,
  });
}

const COMPARE = `
import json, sys, torch
from pathlib import Path
from peft import PeftModel
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM
base, adapter, made = sys.argv[1:]
merged = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(base), adapter).merge_and_unload().state_dict()
plain = AutoModelForCausalLM.from_pretrained(base).state_dict()
model = load_file(Path(made) / "model.safetensors")
far = lambda one: max(float((model[n].float() - one[n].float()).abs().max()) for n in model if n in one)
print("DATA", json.dumps([far(merged), far(plain), len(model)]))
`;

/** How far the model in the folder is from base and adapter, and from the base alone. */
async function distances(plan: Plan): Promise<[fromMerged: number, fromBase: number]> {
  const made = plan.output.folder ?? '';
  const { log } = await runTorch(['-c', COMPARE, plan.model.id, plan.model.adapter?.id ?? '', made]);
  const [merged, base, tensors] = JSON.parse(/^DATA (.*)$/m.exec(log)?.[1] ?? JSON.stringify(log));
  expect(tensors).toBeGreaterThan(10);
  return [merged, base];
}

it.each(['full', 'lora'] as const)('%s: nothing learned is the adapter merged', async (mode) => {
  const plan = await next('sft', mode, { learning_rate: 0 });
  await run(plan);
  const [merged, base] = await distances(plan);
  expect(merged).toBeLessThan(1e-5);
  expect(base).toBeGreaterThan(1e-3);
});

it.each(PLANNED.flatMap((method) => (['full', 'lora'] as const).map((mode) => [method, mode] as const)))(
  '%s, %s',
  async (method, mode) => {
    const plan = await next(method, mode, {});
    const ran = await run(plan);
    expect(only(ran, 'step')).toHaveLength(2);
    const [merged, base] = await distances(plan);
    // It learned, and from where the adapter was.
    expect(merged).toBeGreaterThan(0);
    expect(merged).toBeLessThan(base);
    const left = await readdir(plan.output.folder ?? '');
    expect(left).toContain('model.safetensors');
    expect(left.filter((name) => /^(adapter_|merged-base)/.test(name))).toEqual([]);
  },
);

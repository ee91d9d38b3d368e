import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { PLANNED, type Planned } from '../../scripts/plan/methods.ts';
import type { Plan } from '../../scripts/plan/schema.ts';
import { buildRecipe } from '../../scripts/planner/recipe.ts';
import { composeScript } from '../../scripts/training/compose.ts';
import { work } from '../planner/support.ts';
import { asLines, FORMATS, type Shape } from '../support/method-rows.ts';
import { localPlan, runTorch, temporaryFolder } from '../support/training.ts';

/**
 * GPUs before Ampere (T4) compute in fp16, with a gradient scaler. There is none here: the planner's recipe for one is
 * taken as it is, but for the device, and the types of what it trains are looked at.
 */
const PROGRAM = fileURLToPath(new URL('python/trained_types.py', import.meta.url));
const SHAPES: Record<Planned, Shape> = {
  sft: 'text prompts',
  dpo: 'text pairs',
  kto: 'labelled answers',
  reward: 'pairs',
  grpo: 'prompts',
  rloo: 'prompts',
};

async function t4Plan(method: Planned, mode: 'full' | 'lora'): Promise<Plan> {
  const recipe = buildRecipe(work({ method }), {
    mode,
    target: { kind: 'cuda', bf16: false },
    batch: 8,
    max_length: 128,
    epochs: 1,
  });
  expect(recipe).toMatchObject({ precision: 'fp16', training_args: { fp16: true, bf16: false } });
  const file = join(await temporaryFolder(), 'rows.jsonl');
  const [format, conversational] = FORMATS[SHAPES[method]];
  const rows = asLines(SHAPES[method]);
  await writeFile(file, method === 'sft' ? rows.replaceAll('"answer":', '"completion":') : rows);
  const online = method === 'grpo' || method === 'rloo';
  const sft = { format: 'prompt-completion' as const, conversational: false };
  return localPlan(file, {
    method,
    dataset: method === 'sft' ? sft : { format, conversational },
    recipe: { ...recipe, training_args: { ...recipe.training_args, fp16: false, use_cpu: true, eval_strategy: 'no' } },
    reward: online
      ? [{ kind: 'builtin', name: 'length', column: null, parameters: { target: 40, unit: 'characters' }, weight: 1 }]
      : null,
  });
}

describe.each(['full', 'lora'] as const)('%s on a GPU without bf16', (mode) => {
  it('trains in fp32, whatever the method, which a gradient scaler takes', async () => {
    const folder = await temporaryFolder();
    const files = await Promise.all(
      PLANNED.map(async (method) => {
        const file = join(folder, `${method}.py`);
        await writeFile(file, composeScript(await t4Plan(method, mode)).script);
        return file;
      }),
    );
    const { log, code } = await runTorch([PROGRAM, ...files]);
    expect(code, log.slice(-3000)).toBe(0);
    const types = [...log.matchAll(/^DATA (.*)$/gm)].map(([, line]) => JSON.parse(line ?? ''));
    const frozen = mode === 'full' ? [] : ['torch.float16'];
    expect(types).toEqual(PLANNED.map(() => ({ trained: ['torch.float32'], frozen })));
  });
});

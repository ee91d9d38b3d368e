import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Planned } from '../../scripts/plan/methods.ts';
import type { Plan } from '../../scripts/plan/schema.ts';
import { buildRecipe } from '../../scripts/planner/recipe.ts';
import { scriptDependencies } from '../../scripts/training/requirements.ts';
import { work } from '../planner/support.ts';
import { asLines } from '../support/method-rows.ts';
import { testPython } from '../support/python.ts';
import { LORA, localPlan, only, QUICKSTART_DATA, temporaryFolder, train } from '../support/training.ts';

/** An adapter beside weights in 4 bits, as the planner quantizes them: bitsandbytes can do that on a CPU, slowly. */
const quantization = buildRecipe(work(), {
  mode: 'qlora',
  target: { kind: 'cuda', bf16: true },
  batch: 4,
  max_length: 128,
  epochs: 1,
}).quantization;

const FORMATS: [Planned, Plan['dataset']['format'], boolean][] = [
  ['sft', 'language-modeling', true],
  ['dpo', 'preference', false],
];

it.each(FORMATS)('%s trains and leaves an adapter', async (method, format, conversational) => {
  const file = join(await temporaryFolder(), 'rows.jsonl');
  await writeFile(file, method === 'sft' ? await readFile(QUICKSTART_DATA) : asLines('text pairs'));
  const plan = await localPlan(file, {
    method,
    dataset: { format, conversational },
    recipe: {
      mode: 'qlora',
      precision: 'bf16',
      weights_dtype: 'bfloat16',
      lora: LORA,
      quantization,
      total_steps: 4,
      training_args: { learning_rate: 2e-3, max_steps: 4, max_length: 128, bf16: true, activation_checkpointing: true },
    },
  });
  const python = await testPython(scriptDependencies(plan));
  const ran = await train(plan, { python });
  expect({ code: ran.code, alarms: only(ran, 'alarm') }, ran.log.slice(-3000)).toEqual({ code: 0, alarms: [] });
  const steps = only(ran, 'step');
  expect(new Set(steps.map(({ loss }) => loss)).size).toBe(4);
  expect(steps.filter(({ grad_norm }) => !(Number(grad_norm) > 0))).toEqual([]);
  const adapter = JSON.parse(await readFile(join(plan.output.folder ?? '', 'adapter_config.json'), 'utf8'));
  expect(adapter).toMatchObject({ base_model_name_or_path: plan.model.id, r: LORA?.r });
});

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { openModelFolder } from '../../scripts/planner/model-facts/folder.ts';
import { readModelFacts } from '../../scripts/planner/model-facts.ts';
import {
  LORA,
  localPlan,
  only,
  QUICKSTART_DATA,
  runTorch,
  temporaryFolder,
  tinyModel,
  train,
} from '../support/training.ts';

const MAKE = fileURLToPath(new URL('python/packed_model.py', import.meta.url));
const COUNT = `
import sys
from transformers import AutoModelForCausalLM
print("DATA", sum(p.numel() for p in AutoModelForCausalLM.from_pretrained(sys.argv[1]).parameters()))
`;

it('a gpt-oss whose experts are packed in MXFP4 is unpacked, and its adapter trained', async () => {
  const model = join(await temporaryFolder(), 'gpt-oss');
  const made = await runTorch([MAKE, await tinyModel(), model]);
  expect(made.code, made.log).toBe(0);

  const facts = await readModelFacts(await openModelFolder(model), () => Promise.reject(new Error('no base')));
  expect(facts.dequantize).toBe('mxfp4');
  const { log } = await runTorch(['-c', COUNT, model]);
  expect(facts.parameters).toBe(Number(/^DATA (\d+)$/m.exec(log)?.[1]));

  const plan = await localPlan(QUICKSTART_DATA, {
    model: { id: model, architecture: facts.architecture, dequantize: 'mxfp4' },
    recipe: {
      mode: 'lora',
      weights_dtype: 'bfloat16',
      precision: 'bf16',
      lora: LORA,
      total_steps: 3,
      training_args: { max_steps: 3, max_length: 128, bf16: true, packing: false },
    },
  });
  const ran = await train(plan);
  expect({ code: ran.code, alarms: only(ran, 'alarm') }, ran.log.slice(-3000)).toEqual({ code: 0, alarms: [] });
  expect(only(ran, 'step').filter(({ grad_norm }) => !(Number(grad_norm) > 0))).toEqual([]);
  const adapter = JSON.parse(await readFile(join(plan.output.folder ?? '', 'adapter_config.json'), 'utf8'));
  expect(adapter).toMatchObject({ base_model_name_or_path: model, r: LORA?.r });
});

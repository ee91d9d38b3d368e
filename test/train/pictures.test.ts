import { existsSync } from 'node:fs';
import { mkdir, readFile, rename } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { sha256 } from '../../scripts/plan/digest.ts';
import type { Plan } from '../../scripts/plan/schema.ts';
import { TEST_HOME } from '../support/python.ts';
import { LORA, localPlan, only, runPython, temporaryFolder, train } from '../support/training.ts';

/**
 * A vision-language model learns from rows with pictures, in a parquet file as `datasets` writes it: SFT, DPO, GRPO.
 * The model is of LLaVA's kind, untrained, with one layer; its pictures are taken apart by Pillow, without torchvision.
 */
const ORACLE = fileURLToPath(new URL('../dataset/oracle', import.meta.url));

/** Made once: the model that the oracle tries pictures on. */
async function seeingModel(): Promise<string> {
  const made = sha256(await readFile(join(ORACLE, 'models.py'), 'utf8')).slice(0, 12);
  const folder = join(TEST_HOME, `seeing-${made}`);
  if (existsSync(folder)) return join(folder, 'vision');
  const making = `${folder}.${process.pid}`;
  await mkdir(making, { recursive: true });
  const program =
    'import sys; from pathlib import Path; from models import vision_model; vision_model(Path(sys.argv[1]))';
  const ran = await runPython(['-c', program, making], { env: { PYTHONPATH: ORACLE } });
  if (ran.code !== 0) throw new Error(ran.log);
  await rename(making, folder);
  return join(folder, 'vision');
}

const MAKE_ROWS = `
import sys
from datasets import Dataset, Features, Image, List, Value
from PIL import Image as Picture

COLORS = [(200, 30, 30), (30, 200, 30), (30, 30, 200)]
NAMES = ["red", "green", "blue"]
def user(n): return {"role": "user", "content": f"Which colour, number {n}?"}
def assistant(name): return {"role": "assistant", "content": name}
def row(n, shape):
    name, other = NAMES[n % 3], NAMES[(n + 1) % 3]
    pictures = {"images": [Picture.new("RGB", (28, 28), COLORS[n % 3])]}
    if shape == "sft": return {"messages": [user(n), assistant(name)], "image": pictures["images"][0]}
    if shape == "dpo": return {"prompt": [user(n)], "chosen": [assistant(name)], "rejected": [assistant(other)], **pictures}
    return {"prompt": [user(n)], **pictures}
rows = [row(n, sys.argv[2]) for n in range(24)]
Dataset.from_list(rows).to_parquet(sys.argv[1])
picture = Picture.new("RGB", (28, 28), COLORS[0])
picture.save(sys.argv[3])
`;

type Seeing = 'sft' | 'dpo' | 'grpo';

const FORMATS: Record<Seeing, Plan['dataset']['format']> = {
  sft: 'language-modeling',
  dpo: 'preference',
  grpo: 'prompt-only',
};
const ARGUMENTS: Record<Seeing, Plan['recipe']['training_args']> = {
  sft: { max_length: null },
  dpo: { max_length: null },
  grpo: { num_generations: 4, max_completion_length: 8, per_device_eval_batch_size: 4 },
};

async function picturePlan(method: Seeing, mode: 'full' | 'lora'): Promise<{ plan: Plan; picture: string }> {
  const folder = await temporaryFolder();
  const [file, picture] = [join(folder, 'rows.parquet'), join(folder, 'picture.png')];
  const made = await runPython(['-c', MAKE_ROWS, file, method, picture]);
  expect({ code: made.code, log: made.log }).toMatchObject({ code: 0 });
  const plan = await localPlan(file, {
    method,
    model: { id: await seeingModel() },
    dataset: {
      format: FORMATS[method],
      conversational: true,
      vision: true,
      evaluation: { from: 'share', rows: 4 },
    },
    recipe: {
      mode,
      lora: mode === 'lora' ? LORA : null,
      total_steps: 4,
      training_args: { learning_rate: 1e-3, max_steps: 4, save_steps: 2, ...ARGUMENTS[method] },
    },
    reward:
      method === 'grpo'
        ? [{ kind: 'builtin', name: 'length', column: null, parameters: { target: 6, unit: 'characters' }, weight: 1 }]
        : null,
  });
  return { plan, picture };
}

/** Runs the Python of the model's card beside the model's folder, on a picture. */
async function answersAsItsCardSays(plan: Plan, picture: string): Promise<void> {
  const folder = plan.output.folder ?? '';
  const card = await readFile(join(folder, 'README.md'), 'utf8');
  expect(card).toContain('pipeline_tag: image-text-to-text');
  const code = (/```python\n([\s\S]*?)```/.exec(card)?.[1] ?? '').replace('picture.png', picture);
  expect(code).toContain(`'${basename(folder)}'`);
  const ran = await runPython(['-c', `import os, sys; os.chdir(sys.argv[1])\n${code}`, join(folder, '..')]);
  expect({ code: ran.code, log: ran.log }).toMatchObject({ code: 0 });
}

describe('rows with pictures', () => {
  it.each<[Seeing, 'full' | 'lora']>([
    ['sft', 'full'],
    ['sft', 'lora'],
    ['dpo', 'lora'],
    ['grpo', 'full'],
  ])('%s, %s', async (method, mode) => {
    const { plan, picture } = await picturePlan(method, mode);
    const ran = await train(plan);
    expect(ran.log).not.toContain('Traceback');
    expect({ code: ran.code, alarms: only(ran, 'alarm') }, ran.log.slice(-2000)).toEqual({ code: 0, alarms: [] });
    expect(only(ran, 'step')).toHaveLength(4);
    const samples = only(ran, 'sample');
    expect(samples.map(({ when }) => when)).toEqual(['before', 'before', 'after', 'after']);
    expect(samples[0]?.prompt).toMatch(/^Which colour, number \d+\?$/);
    await answersAsItsCardSays(plan, picture);
  });
});

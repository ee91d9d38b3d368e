import { join } from 'node:path';
import { expect } from 'vitest';
import type { Plan } from '../../scripts/plan/schema.ts';
import { LORA, localPlan, runTorch, temporaryFolder } from './training.ts';

/** Rows with pictures, in a parquet file as `datasets` writes it, and plans that train on them. */
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
    pictures = {"images": [Picture.new("RGB", (28 + 14 * (n % 3), 42), COLORS[n % 3])]}
    if shape == "sft": return {"messages": [user(n), assistant(name)], "image": pictures["images"][0]}
    if shape == "dpo": return {"prompt": [user(n)], "chosen": [assistant(name)], "rejected": [assistant(other)], **pictures}
    return {"prompt": [user(n)], **pictures}
rows = [row(n, sys.argv[2]) for n in range(24)]
Dataset.from_list(rows).to_parquet(sys.argv[1])
picture = Picture.new("RGB", (28, 28), COLORS[0])
picture.save(sys.argv[3])
`;

export type Seeing = 'sft' | 'dpo' | 'grpo';

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

/** `model`: a folder, and its architecture. `picture`: a file to ask about. */
export async function picturePlan(
  method: Seeing,
  mode: 'full' | 'lora',
  model: Partial<Plan['model']>,
): Promise<{ plan: Plan; picture: string }> {
  const folder = await temporaryFolder();
  const [file, picture] = [join(folder, 'rows.parquet'), join(folder, 'picture.png')];
  const made = await runTorch(['-c', MAKE_ROWS, file, method, picture]);
  expect({ code: made.code, log: made.log }).toMatchObject({ code: 0 });
  const plan = await localPlan(file, {
    method,
    model,
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

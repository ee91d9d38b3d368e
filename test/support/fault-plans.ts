import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256 } from '../../scripts/plan/digest.ts';
import type { Plan } from '../../scripts/plan/schema.ts';
import type { TestHub } from '../hub/server.ts';
import { asLines } from './method-rows.ts';
import { LORA, localPlan, QUICKSTART_DATA, temporaryFolder, tinyModel } from './training.ts';

/** What is disturbed: tiny trainings of 12 steps with a checkpoint after every third, seconds each. */

export const STEPS = 12;
export const INTERVAL = 3;
export const RECIPES = ['sft', 'sft-lora', 'dpo-lora', 'grpo'] as const;
export type Recipe = (typeof RECIPES)[number];

const steps = { max_steps: STEPS, save_steps: INTERVAL, save_total_limit: 2, per_device_train_batch_size: 4 };
const length: Plan['reward'] = [
  { kind: 'builtin', name: 'length', column: null, parameters: { target: 40, unit: 'characters' }, weight: 1 },
];

/** The plan that trains into `folder`, or pushes to `repo` what it finds on this Hub. */
export async function faultPlan(
  recipe: Recipe,
  place: { folder: string } | { hub: TestHub; repo: string },
): Promise<Plan> {
  const [method = 'sft', lora] = recipe.split('-');
  const data = method === 'sft' ? QUICKSTART_DATA : join(await temporaryFolder(), 'rows.jsonl');
  if (method !== 'sft') await writeFile(data, asLines(method === 'dpo' ? 'pairs' : 'prompts'));
  const onHub = 'hub' in place;
  const output = onHub ? { repo_id: place.repo, folder: null } : { repo_id: null, folder: place.folder };
  return localPlan(data, {
    method: method as Plan['method'],
    ...(onHub && { model: await modelOnHub(place.hub) }),
    dataset: {
      format: ({ sft: 'language-modeling', dpo: 'preference', grpo: 'prompt-only' } as const)[method as 'sft'],
      evaluation: { from: 'share', rows: 4 },
    },
    recipe: {
      mode: lora ? 'lora' : 'full',
      lora: lora ? LORA : null,
      total_steps: STEPS,
      training_args: {
        ...steps,
        ...(method === 'dpo' && { max_length: 128 }),
        ...(method === 'grpo' && { num_generations: 4, max_completion_length: 8, per_device_eval_batch_size: 4 }),
      },
    },
    reward: method === 'grpo' ? length : null,
    output: { ...output, trackio: { project: 'faults', run_name: 'run', space_id: null, private: true } },
  });
}

/** The tiny model in a repository of this Hub, put there once. */
async function modelOnHub(hub: TestHub): Promise<Plan['model']> {
  const id = 'tester/tiny';
  const folder = await tinyModel();
  const files = Object.fromEntries((await readdir(folder)).map((name) => [name, { path: join(folder, name) }]));
  const repo = hub.repo('model', id) ?? (await hub.addRepo({ type: 'model', id, private: true, files }));
  const revision = repo.resolve('main')?.sha ?? '';
  return { id, source: 'hub', revision, parameters: 0, architecture: '', adapter: null };
}

/** The file that a training makes, by what it trains. */
export const weightsFile = (recipe: Recipe): string =>
  recipe.endsWith('lora') ? 'adapter_model.safetensors' : 'model.safetensors';

export const hashOf = async (file: string): Promise<string> => sha256(await readFile(file));

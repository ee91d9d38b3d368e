import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sha256 } from '../../scripts/plan/digest.ts';
import type { Plan } from '../../scripts/plan/schema.ts';
import { composeScript } from '../../scripts/training/compose.ts';
import { scriptDependencies } from '../../scripts/training/requirements.ts';
import { type ForkServer, startForkServer } from '../support/fork-server.ts';
import { picturePlan, type Seeing } from '../support/pictures.ts';
import { samplePlan } from '../support/plan.ts';
import { madeOnce, testPython } from '../support/python.ts';
import type { Ran } from '../support/ran.ts';
import { realTokenizers } from '../support/real-tokenizers.ts';
import { LORA, localPlan, only, QUICKSTART_DATA, runPython, temporaryFolder } from '../support/training.ts';

/** Untrained models of the families that people train, with the chat templates and processors that those have. */
const PYTHON = fileURLToPath(new URL('python', import.meta.url));
const CPU_ONLY = join(PYTHON, 'cpu_only');

/** Whether TRL knows a template of the family that marks what the assistant says. */
const TEXT: Record<string, boolean> = {
  llama: false,
  'qwen2.5': true,
  qwen3: false,
  gemma3: true,
  phi3: true,
  smollm3: false,
  'gpt-oss': true,
  olmo2: true,
  granite: false,
  mistral: false,
};
/** The architecture, and whether its template shows messages that are plain text. */
const SEEING: Record<string, [architecture: string, reads: boolean]> = {
  qwen2_5_vl: ['Qwen2_5_VLForConditionalGeneration', true],
  qwen3_vl: ['Qwen3VLForConditionalGeneration', true],
  gemma3: ['Gemma3ForConditionalGeneration', true],
  smolvlm: ['SmolVLMForConditionalGeneration', false],
  llava: ['LlavaForConditionalGeneration', false],
};

let python: string;
let server: ForkServer;
let folder: string;
let work: string;

beforeAll(async () => {
  const { recipe, model } = samplePlan();
  python = await testPython(
    scriptDependencies({
      recipe: { ...recipe, mode: 'lora' },
      model: { ...model, architecture: 'SmolVLMForConditionalGeneration' },
      reward: [{ kind: 'builtin', name: 'length', column: null, parameters: {}, weight: 1 }],
    }),
  );
  folder = await families();
  work = await mkdtemp(join(tmpdir(), 'hf-llm-trainer-test-'));
  const { PYTHONDONTWRITEBYTECODE: _, ...clean } = process.env;
  const env = { ...clean, PYTHONPATH: CPU_ONLY, HF_HUB_OFFLINE: '1', OMP_NUM_THREADS: '1', TRACKIO_DIR: work };
  server = await startForkServer({ python, env, folder: work });
});
afterAll(async () => {
  server?.close();
  if (work) await rm(work, { recursive: true, force: true });
});

/** Made once. */
async function families(): Promise<string> {
  const sources = await Promise.all(
    ['families.py', 'seeing_families.py'].map((name) => readFile(join(PYTHON, name), 'utf8')),
  );
  const templates = join(await realTokenizers(), 'templates');
  return madeOnce(`families-${sha256(sources.join('')).slice(0, 12)}`, async (making) => {
    await mkdir(join(making, 'seeing'));
    for (const args of [
      [join(PYTHON, 'families.py'), templates, making, ...Object.keys(TEXT)],
      [join(PYTHON, 'seeing_families.py'), join(making, 'seeing'), ...Object.keys(SEEING)],
    ]) {
      const ran = await runPython(args, { python, env: { PYTHONPATH: CPU_ONLY } });
      if (ran.code !== 0) throw new Error(ran.log);
    }
  });
}

async function run(plan: Plan): Promise<Ran> {
  const script = join(await temporaryFolder(), 'script.py');
  await writeFile(script, composeScript(plan).script);
  return server.run({ script });
}

function learned(ran: Ran, steps = 2): void {
  expect({ code: ran.code, alarms: only(ran, 'alarm') }, ran.log.slice(-3000)).toEqual({ code: 0, alarms: [] });
  const norms = only(ran, 'step').map(({ grad_norm }) => Number(grad_norm));
  expect(norms).toHaveLength(steps);
  expect(Math.min(...norms)).toBeGreaterThan(0);
}

const textPlan = (
  model: Partial<Plan['model']>,
  mode: 'full' | 'lora',
  args: Plan['recipe']['training_args'] = {},
): Promise<Plan> =>
  localPlan(QUICKSTART_DATA, {
    model,
    recipe: {
      mode,
      lora: mode === 'lora' ? LORA : null,
      total_steps: 2,
      training_args: { max_steps: 2, max_length: 512, activation_checkpointing: true, ...args },
    },
  });

describe.each(Object.entries(TEXT))('%s', (family, marks) => {
  it('is trained whole', async () => learned(await run(await textPlan({ id: join(folder, family) }, 'full'))));

  it(`as an adapter ${marks ? 'learns' : 'is not asked to learn'} what the assistant says alone`, async () => {
    const ran = await run(await textPlan({ id: join(folder, family) }, 'lora', { assistant_only_loss: true }));
    if (marks) learned(ran);
    else expect(only(ran, 'alarm').map(({ code }) => code)).toEqual(['template_without_marks']);
    expect(ran.code).toBe(marks ? 0 : 1);
  });
});

describe.each(Object.entries(SEEING))('%s, which sees', (family, [architecture, reads]) => {
  const model = () => ({ id: join(folder, 'seeing', family), architecture });

  it.each<[Seeing, 'full' | 'lora']>([
    ['sft', 'full'],
    ['dpo', 'lora'],
    ['grpo', 'full'],
  ])('learns of pictures: %s, %s', async (method, mode) => {
    const { plan } = await picturePlan(method, mode, model());
    const args = { ...plan.recipe.training_args, max_steps: 2, activation_checkpointing: true };
    learned(await run({ ...plan, recipe: { ...plan.recipe, total_steps: 2, training_args: args } }));
  });

  it(
    reads ? 'can still see after it was trained on text' : 'is not trained on text that it would not show',
    async () => {
      const plan = await textPlan(model(), 'full');
      const ran = await run(plan);
      if (!reads) return expect(only(ran, 'alarm').map(({ code }) => code)).toEqual(['template_without_text']);
      learned(ran);
      const config = JSON.parse(await readFile(join(plan.output.folder ?? '', 'processor_config.json'), 'utf8'));
      expect(config.image_processor).toBeDefined();
    },
  );
});

it('goes on from an adapter of a model that sees, and keeps what it learned there', async () => {
  const id = join(folder, 'seeing', 'qwen2_5_vl');
  const model = { id, architecture: 'Qwen2_5_VLForConditionalGeneration' };
  const first = await picturePlan('sft', 'lora', model);
  learned(await run(first.plan), 4);
  const adapter = { id: first.plan.output.folder ?? '', source: 'local' as const, revision: null };
  const second = await picturePlan('dpo', 'lora', { ...model, adapter });
  learned(await run(second.plan), 4);
  expect(existsSync(join(second.plan.output.folder ?? '', 'processor_config.json'))).toBe(true);
});

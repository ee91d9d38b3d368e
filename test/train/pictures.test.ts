import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { sha256 } from '../../scripts/plan/digest.ts';
import type { Plan } from '../../scripts/plan/schema.ts';
import { usage } from '../../scripts/training/model-card-use.ts';
import { picturePlan, type Seeing } from '../support/pictures.ts';
import { madeOnce } from '../support/python.ts';
import { only, runPython, runTorch, temporaryFolder, train } from '../support/training.ts';

/**
 * A vision-language model learns from rows with pictures, in a parquet file as `datasets` writes it: SFT, DPO, GRPO.
 * The model is of LLaVA's kind, untrained, with one layer; its pictures are taken apart by Pillow, without torchvision.
 */
const ORACLE = fileURLToPath(new URL('../dataset/oracle', import.meta.url));

/** Made once: the model that the oracle tries pictures on. */
async function seeingModel(): Promise<string> {
  const made = sha256(await readFile(join(ORACLE, 'models.py'), 'utf8')).slice(0, 12);
  const program =
    'import sys; from pathlib import Path; from models import vision_model; vision_model(Path(sys.argv[1]))';
  const folder = await madeOnce(`seeing-${made}`, async (making) => {
    const ran = await runPython(['-c', program, making], { env: { PYTHONPATH: ORACLE } });
    if (ran.code !== 0) throw new Error(ran.log);
  });
  return join(folder, 'vision');
}

/** Runs the Python of the model's card beside the model's folder, on a picture. */
async function answersAsItsCardSays(plan: Plan, picture: string): Promise<void> {
  const folder = plan.output.folder ?? '';
  const card = await readFile(join(folder, 'README.md'), 'utf8');
  expect(card).toContain('pipeline_tag: image-text-to-text');
  const code = (/```python\n([\s\S]*?)```/.exec(card)?.[1] ?? '').replace('picture.png', picture);
  expect(code).toContain(`'${basename(folder)}'`);
  const ran = await runTorch(['-c', `import os, sys; os.chdir(sys.argv[1])\n${code}`, join(folder, '..')]);
  expect({ code: ran.code, log: ran.log }).toMatchObject({ code: 0 });
}

/** The adapter becomes one model with its base as the card says where they are on the Hub. */
async function mergesAsItsCardSays(plan: Plan): Promise<void> {
  const folder = plan.output.folder ?? '';
  const onHub: Plan = { ...plan, model: { ...plan.model, source: 'hub' }, output: { ...plan.output, repo_id: folder } };
  const [, code = ''] = [
    ...usage(onHub, folder, true)
      .join('\n')
      .matchAll(/```python\n([\s\S]*?)```/g),
  ].map(([, one]) => one);
  expect(code).toContain('PeftModel');
  const cwd = await temporaryFolder();
  const read = 'AutoModelForImageTextToText.from_pretrained("merged"); AutoProcessor.from_pretrained("merged")';
  const ran = await runTorch(['-c', `import os, sys; os.chdir(sys.argv[1])\n${code}\n${read}`, cwd]);
  expect({ code: ran.code, log: ran.log }).toMatchObject({ code: 0 });
}

describe('rows with pictures', () => {
  it.each<[Seeing, 'full' | 'lora']>([
    ['sft', 'full'],
    ['sft', 'lora'],
    ['dpo', 'lora'],
    ['grpo', 'full'],
  ])('%s, %s', async (method, mode) => {
    const { plan, picture } = await picturePlan(method, mode, { id: await seeingModel() });
    const ran = await train(plan);
    expect(ran.log).not.toContain('Traceback');
    expect({ code: ran.code, alarms: only(ran, 'alarm') }, ran.log.slice(-2000)).toEqual({ code: 0, alarms: [] });
    expect(only(ran, 'step')).toHaveLength(4);
    const samples = only(ran, 'sample');
    expect(samples.map(({ when }) => when)).toEqual(['before', 'before', 'after', 'after']);
    expect(samples[0]?.prompt).toMatch(/^Which colour, number \d+\?$/);
    await answersAsItsCardSays(plan, picture);
    if (mode === 'lora') await mergesAsItsCardSays(plan);
  });
});

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { findPython } from '../../scripts/jobs/local/python.ts';
import { scriptDependencies } from '../../scripts/training/requirements.ts';
import { samplePlan } from './plan.ts';
import { TEST_HOME, testPython } from './python.ts';

const run = promisify(execFile);

/** Its source distribution carries llama.cpp's test files: whole vocabularies, about seventy chat templates. */
const SOURCE = 'llama-cpp-python==0.3.36';
const MAKE = fileURLToPath(new URL('../train/python/real_tokenizers.py', import.meta.url));

export const REAL_MODELS = ['qwen2', 'qwen35', 'llama-bpe', 'phi-3', 'phi-3-llama', 'gpt-2'] as const;

/** TRL and its friends, and what reads a vocabulary from GGUF. */
export const tokenizerPython = (): Promise<string> =>
  testPython([
    ...scriptDependencies({ ...samplePlan(), recipe: { ...samplePlan().recipe, mode: 'lora' } }),
    'gguf==0.19.0',
    'sentencepiece==0.2.3',
  ]);

/** Runs Python away from the network, with one thread. */
export async function runTokenizerPython(script: string, args: string[]): Promise<string> {
  const env = { ...process.env, HF_HUB_OFFLINE: '1', OMP_NUM_THREADS: '1', TOKENIZERS_PARALLELISM: 'false' };
  const { stdout } = await run(await tokenizerPython(), [script, ...args], { env, maxBuffer: 1 << 26 });
  return stdout;
}

/** A folder with a model folder for each of REAL_MODELS (without weights), and `templates`. Downloaded once. */
export async function realTokenizers(): Promise<string> {
  const folder = join(TEST_HOME, `real-tokenizers-${SOURCE.replace('==', '-')}`);
  if (existsSync(folder)) return folder;
  await mkdir(TEST_HOME, { recursive: true });
  const making = await mkdtemp(join(TEST_HOME, 'real-tokenizers-making-'));
  try {
    const python = await findPython(process.env);
    const pip = ['-m', 'pip', 'download', '--quiet', '--no-deps', '--no-binary', 'llama-cpp-python'];
    await run(python.command, [...python.args, ...pip, '--dest', making, SOURCE]);
    const [archive = ''] = (await readdir(making)).filter((file) => file.endsWith('.tar.gz'));
    await run('tar', ['-xzf', archive, '--wildcards', '*/vendor/llama.cpp/models/*'], { cwd: making });
    const source = join(making, archive.replace(/\.tar\.gz$/, ''), 'vendor/llama.cpp/models');
    const made = join(making, 'made');
    await mkdir(made);
    await runTokenizerPython(MAKE, [source, made]);
    await rename(made, folder);
  } finally {
    await rm(making, { recursive: true, force: true });
  }
  return folder;
}

import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { readPipSettings, uvSettings } from '../../scripts/jobs/local/pip-settings.ts';
import { findPython } from '../../scripts/jobs/local/python.ts';
import { scriptDependencies } from '../../scripts/training/requirements.ts';
import { madeOnce, testPython } from './python.ts';

const run = promisify(execFile);

/** A source distribution that carries llama.cpp's test files: whole vocabularies, about seventy chat templates. */
const SOURCE = {
  name: 'llama-cpp-python',
  file: 'llama_cpp_python-0.3.36.tar.gz',
  sha256: '832db0699007f1be95a7e41ef12e88926b02ba836461e36a36372db2760c1a2e',
  folder: 'vendor/llama.cpp/models',
};
const UNPACK = fileURLToPath(new URL('../train/python/unpack_source.py', import.meta.url));
const MAKE = fileURLToPath(new URL('../train/python/real_tokenizers.py', import.meta.url));

export const REAL_MODELS = ['qwen2', 'qwen35', 'llama-bpe', 'phi-3', 'phi-3-llama', 'gpt-2'] as const;

/** TRL and its friends, and what reads a vocabulary from GGUF. */
export const tokenizerPython = (): Promise<string> =>
  testPython([
    ...scriptDependencies({ recipe: { mode: 'lora', attn_implementation: null }, model: { adapter: null } }),
    'gguf==0.19.0',
    'sentencepiece==0.2.3',
  ]);

/** Runs Python away from the network, with one thread. */
export async function runTokenizerPython(script: string, args: string[]): Promise<string> {
  // Without compiled modules on disk every run would spend long on compiling them.
  const { PYTHONDONTWRITEBYTECODE: _, ...clean } = process.env;
  const env = { ...clean, HF_HUB_OFFLINE: '1', OMP_NUM_THREADS: '1', TOKENIZERS_PARALLELISM: 'false' };
  const { stdout } = await run(await tokenizerPython(), [script, ...args], { env, maxBuffer: 1 << 26 });
  return stdout;
}

/** A folder with a model folder for each of REAL_MODELS (without weights), and `templates`. Downloaded once. */
export async function realTokenizers(): Promise<string> {
  return madeOnce(`real-tokenizers-${SOURCE.file.replace('.tar.gz', '')}`, async (folder) => {
    const source = await mkdtemp(join(tmpdir(), 'real-tokenizers-'));
    try {
      await unpackSource(source);
      await runTokenizerPython(MAKE, [source, folder]);
    } finally {
      await rm(source, { recursive: true, force: true });
    }
  });
}

/** From the index that pip uses here. */
async function unpackSource(target: string): Promise<void> {
  const python = await findPython(process.env);
  const settings = await readPipSettings(python, process.env);
  const index = settings.indexUrl ?? 'https://pypi.org/simple';
  const { name, file, sha256, folder } = SOURCE;
  const env = { ...process.env, ...uvSettings(settings, process.env) };
  await run(python.command, [...python.args, UNPACK, index, name, file, sha256, folder, target], { env });
}

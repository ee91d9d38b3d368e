import * as hf from '@huggingface/hub';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEMO, seedDemo } from './seed.ts';
import { startHub, type TestHub } from './server.ts';

let hub: TestHub;
beforeAll(async () => {
  hub = await startHub();
  await seedDemo(hub);
});
afterAll(() => hub.close());

describe('models without their weights', () => {
  it.each([
    [DEMO.model, 751_632_384, 1],
    ['Qwen/Qwen3-4B', 4_022_468_096, 2],
    ['Qwen/Qwen3-8B', 8_190_735_360, 4],
    [DEMO.ownCodeModel, 1_000_000_000, 1],
  ])('%s has %i parameters in %i files', async (repo, parameters, files) => {
    const metadata = await hf.parseSafetensorsMetadata({ hubUrl: hub.url, repo, computeParametersCount: true });
    expect(metadata.parameterCount).toEqual({ BF16: parameters });
    expect(metadata.sharded ? Object.keys(metadata.headers).length : 1).toBe(files);
    const info = await hf.modelInfo({ hubUrl: hub.url, name: repo, additionalFields: ['safetensors', 'tags'] });
    expect(info.safetensors?.total).toBe(parameters);
    const config = await hf.downloadFile({ hubUrl: hub.url, repo, path: 'config.json' });
    expect(JSON.parse((await config?.text()) ?? '')).toHaveProperty('model_type');
  });

  it('knows an adapter and a GGUF file for what they are', async () => {
    const adapter = await hf.modelInfo({
      hubUrl: hub.url,
      name: DEMO.adapterModel,
      additionalFields: ['library_name', 'tags'],
    });
    expect(adapter.library_name).toBe('peft');
    expect(adapter.tags).toContain('base_model:Qwen/Qwen3-0.6B');
    const gguf = await hf.modelInfo({
      hubUrl: hub.url,
      name: DEMO.ggufModel,
      additionalFields: ['library_name', 'filePaths'],
    });
    expect(gguf.library_name).toBe('gguf');
    expect(gguf.filePaths).not.toContain('config.json');
  });
});

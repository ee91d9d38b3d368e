import { describe, expect, it } from 'vitest';
import { checkAdapterKind } from '../../scripts/commands/adapter-kind.ts';
import type { ModelFiles } from '../../scripts/hub/model-files.ts';
import { fileIn, startWorld } from './world.ts';

const adapter = (config: object): ModelFiles => ({
  id: 'somebody/adapter',
  source: 'hub',
  revision: 'a'.repeat(40),
  files: ['adapter_config.json'],
  json: async (path) => (path === 'adapter_config.json' ? { base_model_name_or_path: 'a/b', ...config } : null),
  text: async () => null,
  weights: async () => null,
});

describe('an adapter', () => {
  it.each([{ peft_type: 'LORA', task_type: 'CAUSAL_LM' }, { peft_type: 'LORA', task_type: null }, {}])(
    '%j is merged',
    async (config) => {
      await expect(checkAdapterKind(adapter(config))).resolves.toBeUndefined();
    },
  );

  it.each<[config: object, code: string, message: string]>([
    [{ peft_type: 'LORA', task_type: 'SEQ_CLS' }, 'adapter_of_other_task', 'for the task SEQ_CLS'],
    [{ peft_type: 'LORA', task_type: 'FEATURE_EXTRACTION' }, 'adapter_of_other_task', 'FEATURE_EXTRACTION'],
    [{ peft_type: 'PROMPT_TUNING', task_type: 'CAUSAL_LM' }, 'adapter_not_lora', 'of the kind PROMPT_TUNING'],
    [{ peft_type: 'PREFIX_TUNING\u001b[2J' }, 'adapter_not_lora', 'PREFIX_TUNING'],
    [{ peft_type: 3 }, 'adapter_not_lora', 'of the kind 3'],
  ])('%j is refused', async (config, code, message) => {
    await expect(checkAdapterKind(adapter(config))).rejects.toMatchObject({
      kind: 'usage',
      code,
      message: expect.stringContaining(message),
    });
  });
});

it('a plan goes on from no classifier’s', async () => {
  const world = await startWorld();
  try {
    const config = { base_model_name_or_path: 'Qwen/Qwen3-0.6B', peft_type: 'LORA', task_type: 'SEQ_CLS' };
    const files = { 'adapter_config.json': JSON.stringify(config) };
    await world.hub.addRepo({ type: 'model', id: 'somebody/classifier', files });
    const data = fileIn(world.runtime, 'texts.jsonl', '{"text": "a"}\n{"text": "b"}');
    const { code, value } = await world.here.json(['plan', '--model', 'somebody/classifier', '--dataset', data]);
    expect({ code, error: value.error?.code }).toEqual({ code: 2, error: 'adapter_of_other_task' });
  } finally {
    await world.close();
  }
});

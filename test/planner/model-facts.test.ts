import { describe, expect, it } from 'vitest';
import type { ModelFiles } from '../../scripts/hub/model-files.ts';
import type { StoredTensor } from '../../scripts/hub/safetensors.ts';
import { layerWeights } from '../../scripts/planner/memory/layer.ts';
import { loraParameters } from '../../scripts/planner/memory/states.ts';
import { allocatedGib, trainingMemory } from '../../scripts/planner/memory.ts';
import { adaptedModules } from '../../scripts/planner/model-facts/adapted-modules.ts';
import { readLayout } from '../../scripts/planner/model-facts/layout.ts';
import { PARTS } from '../../scripts/planner/model-facts/parts.ts';
import { type ModelFacts, readModelFacts } from '../../scripts/planner/model-facts.ts';
import lora from './memory/lora-parameters.json' with { type: 'json' };
import table from './model-facts/parts.json' with { type: 'json' };

type Case = {
  config: Record<string, unknown>;
  parameters: number;
  parts: Record<string, number>;
  tensors: Record<string, number>;
};
const CASES: Record<string, Case> = table.cases;

/** The tensors that a case's names stand for: `layers.*.self_attn.q_proj.weight 64x64`, so many of them. */
function tensorsOf(tensors: Record<string, number>): StoredTensor[] {
  return Object.entries(tensors).flatMap(([key, count]) => {
    const [pattern = '', sizes = ''] = key.split(' ');
    const shape = sizes === '' ? [] : sizes.split('x').map(Number);
    // Of two numbers the second counts the experts of a layer: all in the first one will do.
    const name = (n: number): string => pattern.replace(/\*(?=.*\*)/, '0').replace('*', String(n));
    return Array.from({ length: count }, (_, n) => ({ name: name(n), dtype: 'BF16', shape }));
  });
}

interface Given {
  config?: unknown;
  adapter?: unknown;
  tensors?: StoredTensor[] | null;
  files?: string[];
  source?: 'hub' | 'local';
}

function model({ config = null, adapter = null, tensors = null, files = [], source = 'hub' }: Given): ModelFiles {
  const json: Record<string, unknown> = { 'config.json': config, 'adapter_config.json': adapter };
  const own = Object.keys(json).filter((name) => json[name] !== null);
  const weights = tensors ? ['model.safetensors'] : [];
  return {
    id: 'some/model',
    source,
    revision: null,
    files: [...own, ...weights, ...files],
    json: async (name) => json[name] ?? null,
    text: async () => null,
    weights: async () => tensors,
  };
}

const factsOf = (given: Given): Promise<ModelFacts> =>
  readModelFacts(model({ files: ['tokenizer.json'], ...given }), () => Promise.reject(new Error('no base here')));
const code = (given: Given): Promise<string> =>
  factsOf(given).then(
    () => 'trains',
    ({ code }) => code,
  );

const LLAMA = CASES['Llama-3.2-1B'] as Case;

describe('parameters by part, as the modules of transformers have them', () => {
  it.each(Object.keys(CASES))('%s', async (name) => {
    const { config, parameters, parts, tensors } = CASES[name] as Case;
    const facts = await factsOf({ config, tensors: tensorsOf(tensors) });
    expect(facts.parameters).toBe(parameters);
    const found = Object.fromEntries(PARTS.map((part) => [part, facts.parts?.[part]]).filter(([, count]) => count));
    expect(found).toEqual(parts);
    expect(facts.notes.filter((note) => note.includes('told from'))).toEqual([]);
  });
});

/** Of one accelerator, a row of 1024 tokens: peaks in GiB as bench/memory/fake_step.py counts them. */
describe('what an adapter trains, as peft counts it', () => {
  it.each(Object.entries(lora))('in %s', async (name, { targets, trained }) => {
    const { config, tensors } = CASES[name] as Case;
    const facts = await factsOf({ config, tensors: tensorsOf(tensors) });
    expect({ targets: adaptedModules(facts), trained: loraParameters(facts, 8) }).toEqual({ targets, trained });
  });

  it('is known of every family whose parts are', () => expect(Object.keys(lora)).toEqual(Object.keys(CASES)));

  it('is told from the shape where experts that get adapters are not stored one by one, or no weights are read or known', async () => {
    const { config, tensors } = CASES['Qwen3-30B-A3B'] as Case;
    const fused = tensorsOf(tensors).map((tensor) => ({
      ...tensor,
      name: tensor.name.replace(/experts\.\d+/, 'experts'),
    }));
    const known = await factsOf({ config, tensors: tensorsOf(tensors) });
    const unnamed = tensorsOf(tensors).map((tensor, at) => ({ ...tensor, name: `blob_${at}` }));
    for (const without of [fused, unnamed, null]) {
      const facts = await factsOf({ config, tensors: without, source: 'local' });
      expect(facts.adapted_width).toBeUndefined();
      expect(loraParameters(facts, 8)).toBe(loraParameters(known, 8));
    }
  });
});

describe('embeddings for each layer', () => {
  it.each([
    ['gemma3n_text', 'full', 1, 103.86],
    ['gemma3n_text', 'full', 2, 112.65],
    ['gemma3n_text', 'lora', 1, 14.8],
    ['gemma4_text', 'full', 1, 77.91],
    ['gemma4_text', 'full', 2, 85.44],
  ] as const)('of %s are no part of a layer; %s, %i batches a step', async (name, mode, accumulated, measured) => {
    const { config, tensors } = CASES[name] as Case;
    const stored = tensorsOf(tensors);
    const facts = await factsOf({ config, tensors: stored });
    const inside = stored.filter(({ name }) => /\.layers\.\d/.test(name));
    const elements = inside.reduce((sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1), 0);
    expect(layerWeights(facts) / (elements / facts.layers)).toBeCloseTo(1, 3);
    const memory = trainingMemory({
      ...{ facts, mode, weight_bytes: mode === 'full' ? 4 : 2, lora_rank: 32, per_device_train_batch_size: 1 },
      ...{ max_length: 1024, gradient_accumulation_steps: accumulated, padded: false },
    });
    expect(Math.abs(allocatedGib(memory, 0) / measured - 1)).toBeLessThan(0.02);
  });
});

it('the streams of Gemma 3n are four where its configuration says nothing of them', async () => {
  const { config: whole, tensors } = CASES.gemma3n_text as Case;
  const { altup_num_inputs: _, ...config } = whole;
  const given = { tensors: tensorsOf(tensors) };
  expect((await factsOf({ ...given, config })).layout.streams).toBe(4);
  expect((await factsOf({ ...given, config: { ...config, altup_num_inputs: 2 } })).layout.streams).toBe(2);
});

describe('tensors that a file has besides', () => {
  const parts = async (extra: StoredTensor[], more: object = {}): Promise<ModelFacts['parts']> =>
    (await factsOf({ config: { ...LLAMA.config, ...more }, tensors: [...tensorsOf(LLAMA.tensors), ...extra] })).parts;
  const tensor = (name: string, shape: number[], dtype = 'BF16'): StoredTensor => ({ name, dtype, shape });

  it.each([
    ['a layer for drafts', tensor('model.layers.16.mlp.up_proj.weight', [8192, 2048])],
    ['one of Qwen', tensor('mtp.layers.0.mlp.up_proj.weight', [8192, 2048])],
    ['a buffer of older versions', tensor('model.layers.0.self_attn.rotary_emb.inv_freq', [32], 'F32')],
  ])('%s is not loaded', async (_, extra) => {
    expect(await parts([extra])).toEqual(await parts([]));
  });

  it('an output layer that is not tied is', async () => {
    expect((await parts([], { tie_word_embeddings: false }))?.output).toBe(128_256 * 2048);
    expect((await parts([]))?.output).toBe(0);
  });

  it('of older transformers have other names and are the same parts', async () => {
    const { config, tensors, parts: now } = CASES.llava as Case;
    const older = tensorsOf(tensors).map(({ name, ...rest }) => ({
      name: name.replace(/^vision_tower\./, 'vision_tower.vision_model.'),
      ...rest,
    }));
    expect((await factsOf({ config, tensors: older })).parts).toMatchObject(now);
  });
});

describe('gpt-oss, whose experts are packed in MXFP4', () => {
  const { config, tensors, parameters, parts } = CASES['gpt-oss-20b'] as Case;
  const packed = tensorsOf(tensors).flatMap((tensor): StoredTensor[] => {
    const [experts = 0, rows = 0, columns = 0] = tensor.shape;
    if (!/experts\.\w+_proj$/.test(tensor.name)) return [tensor];
    // The last dimension first, in blocks of 32 weights in 16 bytes, and a scale for each.
    return [
      { name: `${tensor.name}_blocks`, dtype: 'U8', shape: [experts, columns, rows / 32, 16] },
      { name: `${tensor.name}_scales`, dtype: 'U8', shape: [experts, columns, rows / 32] },
    ];
  });
  const quantization_config = { quant_method: 'mxfp4', modules_to_not_convert: ['lm_head'] };

  it('counts the weights that they are unpacked to, and says so', async () => {
    const facts = await factsOf({ config: { ...config, quantization_config }, tensors: packed });
    expect(facts.parameters).toBe(parameters);
    expect(facts.parts).toMatchObject(parts);
    expect(facts.dequantize).toBe('mxfp4');
    expect(facts.notes.join()).toMatch(/unpacked to 16 bits/);
  });

  it('is not taken for it where the configuration does not say so', async () => {
    expect(await code({ config, tensors: packed })).toBe('quantized_model');
  });
});

describe('what a configuration leaves out', () => {
  it('is what transformers defaults to: LLaVA says only what its language model has of its own', async () => {
    const text_config = { model_type: 'llama', max_position_embeddings: 4096, vocab_size: 32_064 };
    const config = {
      model_type: 'llava',
      architectures: ['LlavaForConditionalGeneration'],
      text_config,
      vision_config: { model_type: 'clip_vision_model', hidden_size: 1024 },
    };
    const facts = await factsOf({ config, tensors: tensorsOf((CASES.llava as Case).tensors) });
    expect(facts).toMatchObject({ hidden_size: 4096, layers: 32, vocab_size: 32_064, max_length: 4096, vision: true });
    expect(facts.layout.tied_embeddings).toBe(false);
  });

  it.each([
    ['gemma3_text', true],
    ['qwen2', false],
  ])('of %s, whether the output layer is tied: %s', async (model_type, tied) => {
    const { config, tensors } = CASES[model_type] as Case;
    const { tie_word_embeddings: _, ...silent } = config;
    expect((await factsOf({ config: silent, tensors: tensorsOf(tensors) })).layout.tied_embeddings).toBe(tied);
  });

  it('is not what it says is none: no sliding window in newer Mistrals', async () => {
    const { config, tensors } = CASES.mistral as Case;
    const window = async (of: object): Promise<number | null> =>
      (await factsOf({ config: { ...config, ...of }, tensors: tensorsOf(tensors) })).layout.sliding_window;
    expect([await window({}), await window({ sliding_window: null }), await window({ sliding_window: 512 })]).toEqual([
      4096,
      null,
      512,
    ]);
  });

  it.each<[string, object]>([
    ['Qwen3-30B-A3B', { count: 128, per_token: 8, intermediate_size: 768, adapted: true }],
    ['gpt-oss-20b', { count: 32, per_token: 4, intermediate_size: 2880, adapted: false }],
    ['mixtral', { count: 8, per_token: 2, intermediate_size: 14_336, adapted: true }],
    ['olmoe', { count: 64, per_token: 8, intermediate_size: 2048, adapted: true }],
    ['deepseek_v3', { count: 256, per_token: 8, intermediate_size: 2048, adapted: true }],
  ])('%s has its experts', async (name, experts) => {
    const { config, tensors } = CASES[name] as Case;
    expect((await factsOf({ config, tensors: tensorsOf(tensors) })).layout.experts).toEqual(experts);
  });

  it.each<[string, object, object | null]>([
    ['lfm2_moe', { num_experts: 32, num_experts_per_tok: 4, moe_intermediate_size: 1792 }, { adapted: false }],
    ['glm4_moe', { n_routed_experts: 128, num_experts_per_tok: 8, moe_intermediate_size: 1408 }, { adapted: true }],
    ['glm4v_moe_text', { n_routed_experts: 128, num_experts_per_tok: 8, moe_intermediate_size: 1 }, { adapted: true }],
    ['qwen3_vl_moe_text', { num_experts: 128, num_experts_per_tok: 8, moe_intermediate_size: 768 }, { adapted: false }],
    [
      'ernie4_5_moe',
      { moe_num_experts: 64, moe_k: 6, moe_intermediate_size: 1536 },
      { count: 64, per_token: 6, intermediate_size: 1536, adapted: true },
    ],
    [
      'longcat_flash',
      { n_routed_experts: 512, moe_topk: 12, expert_ffn_hidden_size: 2048 },
      { count: 512, per_token: 12, intermediate_size: 2048, adapted: true },
    ],
    [
      'gemma4_text',
      { num_experts: 128, top_k_experts: 8, moe_intermediate_size: 704, intermediate_size: 2112 },
      { count: 128, per_token: 8, intermediate_size: 704, adapted: false, shared: 2112 },
    ],
    ['gemma4_text', { num_experts: null, intermediate_size: 2112 }, null],
    [
      'granitemoeshared',
      { num_local_experts: 32, shared_intermediate_size: 1024, intermediate_size: 512 },
      { shared: 1024 },
    ],
    ['llama4_text', { num_local_experts: 16, num_experts_per_tok: 1, intermediate_size: 8192 }, { shared: 8192 }],
  ])('%s has them by the names of its family: %j', (model_type, config, expected) => {
    const { experts } = readLayout({ model_type, num_attention_heads: 8, ...config }, false);
    if (expected === null) expect(experts).toBeNull();
    else expect(experts).toMatchObject(expected);
  });

  it('has other names in some: GPT-2', async () => {
    const config = { model_type: 'gpt2', architectures: ['GPT2LMHeadModel'], n_embd: 1600, n_layer: 48, n_head: 25 };
    const files = ['tokenizer.json', 'pytorch_model.bin'];
    const { hidden_size, layers, query_size, vocab_size } = await factsOf({ config, files });
    expect({ hidden_size, layers, query_size, vocab_size }).toEqual({
      hidden_size: 1600,
      layers: 48,
      query_size: 1600,
      vocab_size: 50_257,
    });
  });

  const STATES = tensorsOf({
    'backbone.embeddings.weight 50280x768': 1,
    'backbone.layers.*.mixer.in_proj.weight 3072x768': 24,
    'backbone.layers.*.norm.weight 768': 24,
  });

  it('is told from the weights in a family that names nothing of the kind, and said', async () => {
    const config = { model_type: 'nemotron_h', architectures: ['NemotronHForCausalLM'], vocab_size: 50_280 };
    const { parameters, layers, layout, notes } = await factsOf({ config, tensors: STATES });
    expect({ parameters, layers }).toEqual({ parameters: 50_280 * 768 + 24 * (3072 * 768 + 768), layers: 24 });
    expect(layout.recorded).toBe(false);
    expect(notes.join('\n')).toMatch(/num_hidden_layers: told from/);
    expect(notes.join('\n')).toMatch(/never recorded: the estimate is cautious/);
    const listed = { ...config, hybrid_override_pattern: 'M-M*' };
    expect((await factsOf({ config: listed, tensors: STATES })).notes.join('\n')).not.toContain('told from');
    expect((await factsOf({ config: listed, tensors: STATES })).layers).toBe(4);
  });

  it('is not missed where a family has nothing of the kind: a state space has no heads', async () => {
    const config = { model_type: 'mamba', architectures: ['MambaForCausalLM'], num_hidden_layers: 24 };
    const { notes, layout } = await factsOf({ config, tensors: STATES });
    expect(notes.join('\n')).not.toContain('told from');
    expect(layout.mixers).toEqual({ mamba: 24 });
  });
});

describe('what is refused', () => {
  const { config } = LLAMA;
  const tensors = tensorsOf(LLAMA.tensors);
  const other = (model_type: string, architecture: string): Given => ({
    config: { model_type, architectures: [architecture] },
    tensors,
  });

  it.each<[what: string, given: Given, code: string]>([
    ['a whole model', { config, tensors }, 'trains'],
    ['an empty repository', { files: ['.gitattributes', 'README.md'] }, 'empty_repository'],
    ['one of GGUF files', { files: ['model-Q4_K_M.gguf', 'README.md'] }, 'gguf_only'],
    ['a diffusion model', { files: ['model_index.json', 'unet/config.json'] }, 'not_generative'],
    ['something else', { files: ['weights.npz'] }, 'no_config'],
    ['an encoder', other('bert', 'BertForMaskedLM'), 'not_generative'],
    ['a sequence-to-sequence model', other('t5', 'T5ForConditionalGeneration'), 'not_generative'],
    ['one that has a decoder of its own', other('bart', 'BartForConditionalGeneration'), 'not_generative'],
    ['a model of pictures and two stacks', other('florence2', 'Florence2ForConditionalGeneration'), 'not_generative'],
    ['a model of speech', other('whisper', 'WhisperForConditionalGeneration'), 'not_generative'],
    ['a vision model', other('vit', 'ViTForImageClassification'), 'not_generative'],
    ['a classifier', other('qwen3', 'Qwen3ForSequenceClassification'), 'not_generative'],
    ['a model without its head', other('mistral', 'MistralModel'), 'not_generative'],
    ['an embedding model on a decoder', { config, tensors, files: ['modules.json'] }, 'not_generative'],
    ['code of its own', { config: { model_type: 'own', auto_map: {} }, tensors }, 'remote_code'],
    ['a type of tomorrow', { config: { model_type: 'llama9' }, tensors }, 'unknown_architecture'],
    ['GPTQ', { config: { ...config, quantization_config: { quant_method: 'gptq' } }, tensors }, 'quantized_model'],
    ['bitsandbytes', { config: { ...config, quantization_config: {} }, tensors }, 'quantized_model'],
    ['fp8', { config, tensors: tensors.map((each) => ({ ...each, dtype: 'F8_E4M3' })) }, 'quantized_model'],
    ['no weights', { config }, 'no_weights'],
    ['weights of another library', { config, files: ['tokenizer.json', 'tf_model.h5'] }, 'no_weights'],
    ['pickled weights', { config, files: ['tokenizer.json', 'pytorch_model.bin'] }, 'trains'],
    ['no tokenizer', { config, tensors, files: [] }, 'no_tokenizer'],
    ['a config that is none', { config: [1], tensors }, 'broken_config'],
    [
      'sizes that are none',
      { config: { ...config, hidden_size: 'wide', vocab_size: -1 }, files: ['vocab.json', 'pytorch_model.bin'] },
      'unknown_shape',
    ],
    ['an adapter that names no base', { adapter: { r: 8 } }, 'no_config'],
  ])('%s: %s', async (_, given, expected) => {
    expect(await code(given)).toBe(expected);
  });

  it.each<[string, Record<string, unknown>, string]>([
    ['is absent', { hidden_size: null, vocab_size: null }, 'lacks hidden_size, vocab_size'],
    ['is negative', { hidden_size: -5 }, 'says hidden_size -5, where a whole number above 0 belongs'],
    [
      'is no number',
      { hidden_size: 'w\u001bide', num_hidden_layers: 0 },
      'says hidden_size "w\\u001bide", num_hidden_layers 0, ',
    ],
    ['no machine could hold', { num_hidden_layers: 1e9 }, 'says num_hidden_layers 1000000000, '],
    ['is negative, of those that may be absent', { head_dim: -1, intermediate_size: null }, 'says head_dim -1, '],
  ])('with the size that %s', async (_, sizes, words) => {
    const given = { config: { ...config, ...sizes }, files: ['vocab.json', 'pytorch_model.bin'] };
    await expect(factsOf(given)).rejects.toMatchObject({
      message: expect.stringContaining(`its config.json ${words}`),
    });
  });

  it('with a wrong size, though its weights tell the right one', async () => {
    await expect(factsOf({ config: { ...config, hidden_size: -5 }, tensors })).rejects.toThrow(/says hidden_size -5/);
  });

  it('with the name of the quantization, and what to give instead', async () => {
    const given = { config: { ...config, quantization_config: { quant_method: 'awq' } }, tensors };
    await expect(factsOf(given)).rejects.toMatchObject({
      message: expect.stringMatching(/quantized \(awq/),
      hint: expect.stringMatching(/unquantized.*--lora qlora/),
    });
  });
});

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { safetensorsFiles } from '../hub/fake-model.ts';
import { startWorld, unwrapped, type World } from './world.ts';

/** Configurations as published, of Qwen/Qwen3-VL-4B-Instruct and llava-hf/llava-1.5-7b-hf. */
const QWEN3_VL = {
  model_type: 'qwen3_vl',
  architectures: ['Qwen3VLForConditionalGeneration'],
  tie_word_embeddings: true,
  text_config: {
    model_type: 'qwen3_vl_text',
    hidden_size: 2560,
    intermediate_size: 9728,
    num_hidden_layers: 36,
    num_attention_heads: 32,
    num_key_value_heads: 8,
    head_dim: 128,
    vocab_size: 151_936,
    max_position_embeddings: 262_144,
    tie_word_embeddings: true,
  },
  vision_config: {
    model_type: 'qwen3_vl',
    depth: 24,
    hidden_size: 1024,
    intermediate_size: 4096,
    num_heads: 16,
    out_hidden_size: 2560,
    patch_size: 16,
    spatial_merge_size: 2,
    temporal_patch_size: 2,
    deepstack_visual_indexes: [5, 11, 17],
  },
};
const QWEN_PROCESSOR = {
  image_processor_type: 'Qwen2VLImageProcessorFast',
  size: { longest_edge: 16_777_216, shortest_edge: 65_536 },
  patch_size: 16,
  temporal_patch_size: 2,
  merge_size: 2,
};
const LLAVA = {
  model_type: 'llava',
  architectures: ['LlavaForConditionalGeneration'],
  text_config: {
    model_type: 'llama',
    hidden_size: 4096,
    intermediate_size: 11_008,
    num_hidden_layers: 32,
    num_attention_heads: 32,
    num_key_value_heads: 32,
    vocab_size: 32_064,
    max_position_embeddings: 4096,
  },
  vision_config: {
    model_type: 'clip_vision_model',
    hidden_size: 1024,
    intermediate_size: 4096,
    num_hidden_layers: 24,
    num_attention_heads: 16,
    image_size: 336,
    patch_size: 14,
  },
};
const CLIP = {
  image_processor_type: 'CLIPImageProcessor',
  crop_size: { height: 336, width: 336 },
  size: { shortest_edge: 336 },
};
const LLAVA_PROCESSOR = {
  patch_size: 14,
  vision_feature_select_strategy: 'default',
  num_additional_image_tokens: 1,
};

const QWEN = 'Qwen/Qwen3-VL-4B-Instruct';
const LLAVA_15 = 'llava-hf/llava-1.5-7b-hf';

/** Enough for planning, which looks whether there is one. */
const TOKENIZER = {
  'tokenizer_config.json': JSON.stringify({ chat_template: '{{ messages }}', eos_token: '</s>' }),
};
const json = (files: Record<string, object>) =>
  Object.fromEntries(Object.entries(files).map(([name, content]) => [name, JSON.stringify(content)]));

interface Sizes {
  hidden_size: number;
  intermediate_size: number;
}
type Tensor = [name: string, shape: number[]];

/** The matrices of both decoders, and of the towers as far as they are of their size. */
function weights({ text_config: text, vision_config: vision }: typeof QWEN3_VL | typeof LLAVA): Tensor[] {
  const { hidden_size: h, intermediate_size: m, vocab_size } = text;
  const heads = text.num_attention_heads * HEAD;
  const keys = text.num_key_value_heads * HEAD;
  const decoder = (layer: number): Tensor[] => {
    const of = (name: string, shape: number[]): Tensor => [
      `model.language_model.layers.${layer}.${name}.weight`,
      shape,
    ];
    return [
      ...[of('self_attn.q_proj', [heads, h]), of('self_attn.k_proj', [keys, h]), of('self_attn.v_proj', [keys, h])],
      ...[of('self_attn.o_proj', [h, heads]), of('mlp.gate_proj', [m, h]), of('mlp.up_proj', [m, h])],
      of('mlp.down_proj', [h, m]),
    ];
  };
  const tower = (layer: number, { hidden_size: w, intermediate_size: inner }: Sizes): Tensor[] => [
    [`model.visual.blocks.${layer}.attn.qkv.weight`, [3 * w, w]],
    [`model.visual.blocks.${layer}.attn.proj.weight`, [w, w]],
    [`model.visual.blocks.${layer}.mlp.linear_fc1.weight`, [inner, w]],
    [`model.visual.blocks.${layer}.mlp.linear_fc2.weight`, [w, inner]],
  ];
  const towers = 'depth' in vision ? vision.depth : vision.num_hidden_layers;
  return [
    ['model.language_model.embed_tokens.weight', [vocab_size, h]],
    ...('tie_word_embeddings' in text ? [] : [['lm_head.weight', [vocab_size, h]] as Tensor]),
    ...Array.from({ length: text.num_hidden_layers }, (_, layer) => decoder(layer)).flat(),
    ...Array.from({ length: towers }, (_, layer) => tower(layer, vision)).flat(),
  ];
}
const HEAD = 128;

type Size = readonly [width: number, height: number];

/** Rows with these pictures, as the dataset viewer shows them. */
function rows(sizes: readonly Size[]): string {
  const images = sizes.map(([width, height], n) => ({ src: `https://example.com/${n}.png`, height, width }));
  const messages = [
    { role: 'user', content: 'What does it show?' },
    { role: 'assistant', content: 'A page with a table.' },
  ];
  return Array.from({ length: 200 }, () => `${JSON.stringify({ images, messages })}\n`).join('');
}

const DATA: Record<string, readonly Size[]> = {
  'four-k': [[3840, 2160]],
  'full-hd': [[1920, 1080]],
  eight: Array(8).fill([512, 512]),
};

let world: World;
beforeAll(async () => {
  world = await startWorld();
  const seeing = (id: string, config: typeof QWEN3_VL | typeof LLAVA, processor: Record<string, object>) => {
    const files = {
      ...TOKENIZER,
      ...json({ 'config.json': config, ...processor }),
      ...safetensorsFiles(weights(config)),
    };
    return world.hub.addRepo({ type: 'model', id, files });
  };
  await seeing(QWEN, QWEN3_VL, { 'preprocessor_config.json': QWEN_PROCESSOR });
  await seeing(LLAVA_15, LLAVA, { 'preprocessor_config.json': CLIP, 'processor_config.json': LLAVA_PROCESSOR });
  await seeing('lab/new-eyes', QWEN3_VL, {
    'preprocessor_config.json': { image_processor_type: 'NewEyesImageProcessor' },
  });
  for (const [name, sizes] of Object.entries(DATA)) {
    await world.hub.addRepo({ type: 'dataset', id: `lab/${name}`, files: { 'train.jsonl': rows(sizes) } });
  }
});
afterAll(() => world.close());

const planned = async (model: string, data: string, ...flags: string[]) => {
  const { code, value } = await world.here.json(['plan', '--model', model, '--dataset', `lab/${data}`, ...flags]);
  return { code, value, error: value.error, card: unwrapped(value.card ?? '') };
};

describe('a plan for pictures', () => {
  it.each<[string, string, number]>([
    ['four-k', 'pictures: 1 a row, up to 3840x2160 = 8,160 tokens', 8160],
    ['full-hd', 'pictures: 1 a row, up to 1920x1080 = 2,040 tokens', 2040],
    ['eight', 'pictures: up to 8 a row, up to 512x512 = 256 tokens, 2,048 a row', 2048],
  ])('counts what %s makes of them', async (data, said, tokens) => {
    const { error, value, card } = await planned(QWEN, data);
    expect(error).toBeUndefined();
    expect(card).toContain(said);
    expect(card).toMatch(/rank 32: .* trained parameters are far more than 1,900 tokens need/);
    const { total_steps, training_args: args } = value.plan.recipe;
    const passed = total_steps * args.per_device_train_batch_size * args.gradient_accumulation_steps * tokens;
    expect(value.estimate.tokens / passed).toBeGreaterThan(0.95);
    expect(value.estimate.tokens / passed).toBeLessThan(1.2);
  });

  it('has the memory and the time of large pictures', async () => {
    const flags = ['--flavor', 'a100-large', '--lora', 'on', '--set', 'per_device_train_batch_size=2'];
    const [large, small] = [await planned(QWEN, 'four-k', ...flags), await planned(QWEN, 'full-hd', ...flags)];
    const [most, least] = [large.value.estimate, small.value.estimate];
    expect(most.gpu_memory_gib).toBeGreaterThan(20);
    expect(most.gpu_memory_gib).toBeGreaterThan(1.5 * least.gpu_memory_gib);
    expect(most.seconds - least.seconds).toBeGreaterThan(60);
  });

  it('does not rent a GPU that is too small for them', async () => {
    const { value } = await planned(QWEN, 'four-k');
    expect(value.plan.hardware.gpu_memory_gib).toBeGreaterThan(16);
  });

  it('refuses rows that the model cannot read, since none is cut', async () => {
    const { code, error } = await planned(LLAVA_15, 'eight');
    expect({ code, error }).toMatchObject({
      code: 3,
      error: {
        code: 'pictures_too_long',
        message: expect.stringMatching(
          /longest row has about 4,6\d\d tokens, up to 4,608 of them from pictures \(8 in a row at most\); .* reads 4,096/,
        ),
      },
    });
    expect((await planned(LLAVA_15, 'four-k')).card).toContain('up to 3840x2160 = 576 tokens');
  });

  it('says which processor it does not know, and counts whole pictures', async () => {
    const { card } = await planned('lab/new-eyes', 'full-hd');
    expect(card).toContain('1 a row, up to 1920x1080 = 2,040 tokens');
    expect(card).toContain('how NewEyesImageProcessor makes tokens of pictures is not known');
  });
});

describe('validate', () => {
  const validated = async (...flags: string[]) => (await world.here.run(['validate', 'lab/four-k', ...flags])).stdout;

  it('tells the sizes of pictures, and what the model makes of them', async () => {
    // Whoever has the address of a picture sees it.
    expect(await validated()).toContain('(a picture of 3840x2160)');
    expect(await validated()).not.toContain('example.com');
    expect(await validated()).toMatch(/without pictures\)\n +pictures: 1 a row, up to 3840x2160\n/);
    expect(await validated('--model', QWEN)).toMatch(/ pictures: 1 a row, up to 3840x2160 = 8,160 tokens\n/);
  });
});

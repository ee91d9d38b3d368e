import * as z from 'zod';
import { TrainerError } from '../errors.ts';
import type { ModelFiles } from '../hub/model-files.ts';
import type { Source } from '../plan/schema.ts';
import { preview } from '../printable.ts';
import { type ModelLayout, readLayout } from './model-layout.ts';
import nativeTypes from './transformers-model-types.json' with { type: 'json' };

/** What the planner has to know about a model. Sizes in elements, lengths in tokens. */
export interface ModelFacts {
  id: string;
  source: Source;
  revision: string | null;
  architecture: string;
  parameters: number;
  hidden_size: number;
  layers: number;
  intermediate_size: number;
  /** Query heads x head dimension, and the same for keys (equal to values). */
  query_size: number;
  key_value_size: number;
  vocab_size: number;
  layout: ModelLayout;
  max_length: number | null;
  has_chat_template: boolean;
  /** Reads pictures, too. */
  vision?: boolean;
  adapter: { id: string; source: Source; revision: string | null } | null;
  notes: string[];
}

const positive = z.number().int().positive();
const TextConfig = z.object({
  hidden_size: positive,
  num_hidden_layers: positive,
  vocab_size: positive,
  num_attention_heads: positive,
  intermediate_size: positive.optional(),
  num_key_value_heads: positive.nullish(),
  head_dim: positive.nullish(),
  max_position_embeddings: positive.nullish(),
  tie_word_embeddings: z.boolean().nullish(),
});
const Config = z.object({
  architectures: z.array(z.string()).nullish(),
  model_type: z.string().nullish(),
  auto_map: z.record(z.string(), z.unknown()).nullish(),
  quantization_config: z.object({ quant_method: z.string().optional() }).nullish(),
  text_config: z.unknown().optional(),
  vision_config: z.unknown().optional(),
  tie_word_embeddings: z.boolean().nullish(),
});
const AdapterConfig = z.object({ base_model_name_or_path: z.string().min(1) });
const TokenizerConfig = z.object({ chat_template: z.unknown().optional() });

/**
 * Reads a model's facts, following an adapter to its base through `openBase`. Throws TrainerError `usage`
 * for what can't be trained: no config, GGUF only, quantized weights, code of its own, not a text generator.
 */
export async function readModelFacts(
  files: ModelFiles,
  openBase: (id: string) => Promise<ModelFiles>,
): Promise<ModelFacts> {
  const config = await files.json('config.json');
  if (config === null || files.files.includes('adapter_config.json')) {
    const baseId = await adapterBase(files);
    if (baseId !== null) {
      const base = await readModelFacts(await openBase(baseId), openBase);
      return {
        ...base,
        has_chat_template: base.has_chat_template || (await hasChatTemplate(files)),
        adapter: { id: files.id, source: files.source, revision: files.revision },
        notes: [...base.notes, `${files.id} is a LoRA adapter: it is merged into ${base.id} first`],
      };
    }
    throw noConfig(files);
  }
  const parsed = Config.safeParse(config);
  if (!parsed.success) {
    throw unusable(
      files,
      'broken_config',
      'its config.json is not a transformers configuration',
      'Choose another model.',
    );
  }
  refuseUnusable(files, parsed.data);

  const text = TextConfig.safeParse(parsed.data.text_config ?? config);
  if (!text.success) {
    const missing = text.error.issues.map((issue) => issue.path.join('.')).join(', ');
    throw unusable(files, 'unknown_shape', `its config.json lacks ${missing}`, 'Choose a decoder-only text model.');
  }
  const shape = text.data;
  const headDim = shape.head_dim ?? Math.floor(shape.hidden_size / shape.num_attention_heads);
  const sizes = {
    hidden_size: shape.hidden_size,
    layers: shape.num_hidden_layers,
    intermediate_size: shape.intermediate_size ?? 4 * shape.hidden_size,
    query_size: headDim * shape.num_attention_heads,
    key_value_size: headDim * (shape.num_key_value_heads ?? shape.num_attention_heads),
    vocab_size: shape.vocab_size,
  };
  const tied = shape.tie_word_embeddings ?? parsed.data.tie_word_embeddings ?? false;
  const weights = await files.weights();
  // A tied output layer that is stored all the same is loaded once.
  const parameters = weights
    ? weights.parameters - (tied && weights.has_lm_head ? sizes.vocab_size * sizes.hidden_size : 0)
    : parametersFromShape(sizes, tied);
  const layout = readLayout(parsed.data.text_config ?? config, tied);
  const notes: string[] = [];
  if (!layout.recorded) {
    notes.push(
      `GPU memory of the family ${preview(parsed.data.model_type ?? 'unknown')} was never recorded: the estimate is cautious`,
    );
  }
  if (!weights) notes.push(`${files.id} has no safetensors weights: its size is computed from config.json`);
  if (parsed.data.auto_map) notes.push(`${files.id} ships code of its own: it is not run, transformers' class is used`);
  return {
    id: files.id,
    source: files.source,
    revision: files.revision,
    architecture: parsed.data.architectures?.[0] ?? 'unknown',
    parameters,
    ...sizes,
    layout,
    max_length: shape.max_position_embeddings ?? null,
    has_chat_template: await hasChatTemplate(files),
    ...(parsed.data.vision_config ? { vision: true } : {}),
    adapter: null,
    notes,
  };
}

/** The model that a LoRA adapter belongs to, by the adapter's own words; null for another model. */
export async function adapterBase(files: ModelFiles): Promise<string | null> {
  const adapter = AdapterConfig.safeParse(await files.json('adapter_config.json'));
  return adapter.success ? adapter.data.base_model_name_or_path : null;
}

/** Parameters of a dense decoder with a gated MLP, without biases and norms: within 1% for Llama, Qwen, Mistral. */
export function parametersFromShape(
  shape: Pick<
    ModelFacts,
    'hidden_size' | 'layers' | 'intermediate_size' | 'query_size' | 'key_value_size' | 'vocab_size'
  >,
  tied: boolean,
): number {
  const attention = 2 * shape.hidden_size * (shape.query_size + shape.key_value_size);
  const mlp = 3 * shape.hidden_size * shape.intermediate_size;
  return shape.layers * (attention + mlp) + (tied ? 1 : 2) * shape.vocab_size * shape.hidden_size;
}

async function hasChatTemplate(files: ModelFiles): Promise<boolean> {
  if (files.files.some((path) => /^(chat_template\.(jinja|json)|additional_chat_templates\/.*)$/.test(path)))
    return true;
  const tokenizer = TokenizerConfig.safeParse(await files.json('tokenizer_config.json'));
  return tokenizer.success && tokenizer.data.chat_template != null;
}

function refuseUnusable(files: ModelFiles, config: z.infer<typeof Config>): void {
  const type = config.model_type ?? '';
  if (!nativeTypes.model_types.includes(type)) {
    throw config.auto_map
      ? unusable(
          files,
          'remote_code',
          'it wants code from its repository to be run (trust_remote_code), which is never done: that code could do anything with your token and data',
          'Choose a model that transformers supports itself.',
        )
      : unusable(
          files,
          'unknown_architecture',
          `the pinned transformers has no model type "${preview(type)}"`,
          'Choose another model.',
        );
  }
  if (config.quantization_config) {
    throw unusable(
      files,
      'quantized_model',
      `its weights are quantized (${preview(config.quantization_config.quant_method ?? 'unknown method')}) and can't be trained further`,
      'Give the repository with the original weights, usually the base model named on its page.',
    );
  }
  const architecture = config.architectures?.[0];
  if (architecture && !/(ForCausalLM|ForConditionalGeneration|LMHeadModel)$/.test(architecture)) {
    throw unusable(
      files,
      'not_generative',
      `${preview(architecture)} does not generate text`,
      'Choose a text generation model.',
    );
  }
}

function noConfig(files: ModelFiles): TrainerError {
  return files.files.some((path) => path.endsWith('.gguf'))
    ? unusable(
        files,
        'gguf_only',
        'it holds GGUF files only, which can be run but not trained',
        'Give the repository with the original safetensors weights.',
      )
    : unusable(files, 'no_config', 'it has no config.json', 'Check that this is a transformers model.');
}

function unusable(files: ModelFiles, code: string, reason: string, hint: string): TrainerError {
  return new TrainerError('usage', code, `the model ${preview(files.id, 200)} can't be trained: ${reason}`, hint);
}

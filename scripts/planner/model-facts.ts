import * as z from 'zod';
import type { ModelFiles } from '../hub/model-files.ts';
import type { StoredTensor } from '../hub/safetensors.ts';
import type { Source } from '../plan/schema.ts';
import { preview } from '../printable.ts';
import { adaptedWidth } from './model-facts/adapted-modules.ts';
import { type ModelConfig, parseConfig } from './model-facts/config.ts';
import { type ModelLayout, readLayout } from './model-facts/layout.ts';
import { type ModelParts, modelParts, packedDtypes, parametersOf } from './model-facts/parts.ts';
import {
  checkComplete,
  checkGenerates,
  hasTokenizer,
  noConfig,
  noShape,
  noTokenizer,
  quantized,
  unusable,
} from './model-facts/refusals.ts';
import { type ModelShape, parametersFromShape, readShape } from './model-facts/shape.ts';
import type { VisionTower } from './model-facts/vision-tower.ts';

/** What the planner has to know about a model. Sizes in elements, lengths in tokens. */
export interface ModelFacts extends ModelShape {
  id: string;
  source: Source;
  revision: string | null;
  architecture: string;
  parameters: number;
  /** Parameters by part, from the headers of its weights; absent where they weren't read. */
  parts?: ModelParts;
  /** Inputs and outputs of all that LoRA adapts: times its rank, what it trains. Absent where that wasn't read either. */
  adapted_width?: number;
  layout: ModelLayout;
  max_length: number | null;
  has_chat_template: boolean;
  /** Reads pictures, too. */
  vision?: boolean;
  tower?: VisionTower;
  /** Its weights are packed, and are unpacked to 16 bits when it is loaded. */
  dequantize?: 'mxfp4';
  adapter: { id: string; source: Source; revision: string | null } | null;
  notes: string[];
}

const AdapterConfig = z.object({ base_model_name_or_path: z.string().min(1) });
const TokenizerConfig = z.object({ chat_template: z.unknown().optional() });

type OpenBase = (id: string) => Promise<ModelFiles>;

/**
 * Reads a model's facts, following an adapter to its base through `openBase`. Throws TrainerError `usage` for what can't
 * be trained: no config or weights or tokenizer, GGUF only, quantized, code of its own, not a text generator.
 */
export function readModelFacts(files: ModelFiles, openBase: OpenBase): Promise<ModelFacts> {
  return factsOf(files, openBase, false);
}

/** `tokenizer`: whether an adapter of this model has one. */
async function factsOf(files: ModelFiles, openBase: OpenBase, tokenizer: boolean): Promise<ModelFacts> {
  const reading = Promise.all([files.json('config.json'), hasChatTemplate(files)]);
  const isAdapter = files.files.includes('adapter_config.json');
  // All files at once; what is wrong with the weights is told where nothing else is.
  const weights = isAdapter ? Promise.resolve(null) : files.weights();
  weights.catch(() => undefined);
  const [json, has_chat_template] = await reading;
  if (json === null || isAdapter) {
    const baseId = await adapterBase(files);
    if (baseId === null) throw noConfig(files);
    const base = await factsOf(await openBase(baseId), openBase, tokenizer || hasTokenizer(files));
    return {
      ...base,
      has_chat_template: base.has_chat_template || has_chat_template,
      adapter: { id: files.id, source: files.source, revision: files.revision },
      notes: [...base.notes, `${files.id} is a LoRA adapter: it is merged into ${base.id} first`],
    };
  }
  const config = parseConfig(json);
  if (config === null) {
    throw unusable(
      files,
      'broken_config',
      'its config.json is not a transformers configuration',
      'Choose another model.',
    );
  }
  checkGenerates(files, config);
  checkQuantization(files, config);
  if (files.source === 'hub' && !tokenizer && !hasTokenizer(files)) throw noTokenizer(files);
  return { ...measured(files, config, await weights), has_chat_template };
}

/** gpt-oss alone exists in no other form: transformers unpacks its MXFP4 experts to 16 bits where it is told to. */
const UNPACKED = 'mxfp4';

function checkQuantization(files: ModelFiles, { quantization }: ModelConfig): void {
  if (quantization !== null && quantization !== UNPACKED) throw quantized(files, quantization);
}

function measured(files: ModelFiles, config: ModelConfig, tensors: readonly StoredTensor[] | null): ModelFacts {
  const { tied } = config;
  checkComplete(files, tensors !== null || files.files.some((path) => /^pytorch_model[^/]*\.(bin|json)$/.test(path)));
  const packed = tensors && config.quantization === null ? packedDtypes(tensors) : null;
  if (packed) throw quantized(files, packed.join(', '));
  const read = readShape(config.text, tensors);
  if ('lacks' in read) throw noShape(files, read);
  const { shape, heads, guessed, max_length } = read;
  const parts = tensors ? modelParts(tensors, tied, shape.layers) : null;
  const layout = readLayout({ ...config.text, num_attention_heads: heads, num_hidden_layers: shape.layers }, tied);
  const architecture = config.architecture ?? 'unknown';
  const adapted_width = tensors ? adaptedWidth(tensors, { layout, architecture, layers: shape.layers }) : null;
  return {
    id: files.id,
    source: files.source,
    revision: files.revision,
    architecture,
    parameters: parts ? parametersOf(parts) : parametersFromShape(shape, tied),
    ...(parts ? { parts } : {}),
    ...(adapted_width !== null ? { adapted_width } : {}),
    ...shape,
    layout,
    max_length,
    has_chat_template: false,
    ...(config.vision ? { vision: true } : {}),
    ...(config.tower ? { tower: config.tower } : {}),
    ...(config.quantization === UNPACKED ? { dequantize: UNPACKED } : {}),
    adapter: null,
    notes: notesOn(files, config, { layout, counted: parts !== null, guessed: missed(guessed, layout) }),
  };
}

/** A model without attention has no heads. */
const missed = (guessed: readonly string[], { mixers }: ModelLayout): string[] =>
  guessed.filter((name) => name !== 'num_attention_heads' || !mixers || (mixers.attention ?? 0) > 0);

function notesOn(
  files: ModelFiles,
  config: ModelConfig,
  { layout, counted, guessed }: { layout: ModelLayout; counted: boolean; guessed: string[] },
): string[] {
  return [
    !layout.recorded &&
      `GPU memory of the family ${preview(config.type || 'unknown')} was never recorded: the estimate is cautious`,
    guessed.length > 0 && `config.json says nothing of ${guessed.join(', ')}: told from the shapes of its weights`,
    !counted && `${files.id} has no safetensors weights: its size is computed from config.json`,
    config.quantization === UNPACKED && 'its weights are packed in MXFP4, and are unpacked to 16 bits to be trained',
    config.own_code && `${files.id} ships code of its own: it is not run, transformers' class is used`,
  ].filter((note) => note !== false);
}

/** The model that a LoRA adapter belongs to, by the adapter's own words; null for another model. */
export async function adapterBase(files: ModelFiles): Promise<string | null> {
  const adapter = AdapterConfig.safeParse(await files.json('adapter_config.json'));
  return adapter.success ? adapter.data.base_model_name_or_path : null;
}

/** Whether the tokenizer has one, in a file of its own or in its configuration. */
export async function hasChatTemplate(files: ModelFiles): Promise<boolean> {
  if (files.files.some((path) => /^(chat_template\.(jinja|json)|additional_chat_templates\/.*)$/.test(path)))
    return true;
  const tokenizer = TokenizerConfig.safeParse(await files.json('tokenizer_config.json'));
  return tokenizer.success && tokenizer.data.chat_template != null;
}

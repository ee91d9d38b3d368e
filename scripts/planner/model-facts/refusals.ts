import { TrainerError } from '../../errors.ts';
import type { ModelFiles } from '../../hub/model-files.ts';
import { grouped, preview } from '../../printable.ts';
import { classesOf, type ModelConfig, otherKind } from './config.ts';
import { MOST_LAYERS, type NoShape } from './shape.ts';

/** Of sentence-transformers: what such a model's head is, and that it is one. */
const EMBEDDING_FILES = ['modules.json', 'config_sentence_transformers.json'];
const TOKENIZER_FILES =
  /^(tokenizer\.(json|model)|tokenizer_config\.json|vocab\.(json|txt)|spiece\.model|sentencepiece\.bpe\.model|tekken\.json|.*\.tiktoken)$/;

/** Throws TrainerError `usage` for a model that transformers loads no text generator from, or whose code would have to run. */
export function checkGenerates(files: ModelFiles, config: ModelConfig): void {
  const { type, architecture } = config;
  const kind = otherKind(type);
  if (kind === undefined) {
    throw config.own_code
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
  if (files.files.some((path) => EMBEDDING_FILES.includes(path))) {
    throw notGenerative(files, 'it is an embedding model of sentence-transformers, not a text generator');
  }
  if (kind !== null) throw notGenerative(files, `${preview(type)} is ${kind}, not a text generator`);
  const generates =
    architecture === null || classesOf(type).includes(architecture) || /(ForCausalLM|LMHeadModel)$/.test(architecture);
  if (!generates) throw notGenerative(files, `${preview(architecture)} does not generate text`);
  if (config.encoder_decoder) {
    throw notGenerative(files, `${preview(type)} is a sequence-to-sequence model, which TRL does not train`);
  }
}

/** Throws TrainerError `usage` where the training could not load tokens or weights. */
export function checkComplete(files: ModelFiles, hasWeights: boolean): void {
  // The weights of a folder may still come: its training is free, and says so itself.
  if (!hasWeights && files.source === 'hub') {
    const odd = files.files.filter((path) => /\.(safetensors|bin|pt|pth|ckpt|h5|msgpack|onnx|gguf)$/.test(path));
    throw unusable(
      files,
      'no_weights',
      `it has no weights that transformers loads (model.safetensors, or shards with their index)${
        odd.length > 0
          ? `, only ${odd
              .slice(0, 3)
              .map((path) => preview(path))
              .join(', ')}`
          : ''
      }`,
      'Check the name, or give the repository with the transformers weights.',
    );
  }
}

export const hasTokenizer = (files: ModelFiles): boolean => files.files.some((path) => TOKENIZER_FILES.test(path));

export function noTokenizer(files: ModelFiles): TrainerError {
  return unusable(
    files,
    'no_tokenizer',
    'it has no tokenizer (tokenizer.json, tokenizer.model, vocab.json)',
    'Give a model with its tokenizer, or put the files of its base model beside its weights.',
  );
}

export function quantized(files: ModelFiles, method: string): TrainerError {
  return new TrainerError(
    'usage',
    'quantized_model',
    `the weights of ${preview(files.id, 200)} are quantized (${preview(method)}), and training starts here from the original ones`,
    'Give the same model unquantized, usually the base model named on its page, with --lora qlora: its weights are packed in 4 bits as they are loaded.',
  );
}

export function noConfig(files: ModelFiles): TrainerError {
  const has = (pattern: RegExp): boolean => files.files.some((path) => pattern.test(path));
  if (has(/\.gguf$/)) {
    return unusable(
      files,
      'gguf_only',
      'it holds GGUF files only, which can be run but not trained',
      'Give the repository with the original safetensors weights, usually the base model named on its page.',
    );
  }
  if (has(/^model_index\.json$/)) return notGenerative(files, 'it is a diffusion model, which makes pictures');
  if (has(/^(\d+_[^/]*\/|modules\.json$)/)) return notGenerative(files, 'it is an embedding model');
  if (!has(/^(?!\.gitattributes$|README\.md$|LICENSE)/)) {
    return unusable(files, 'empty_repository', 'there is nothing in it yet', 'Upload the model, or check the name.');
  }
  return unusable(files, 'no_config', 'it has no config.json', 'Check that this is a transformers model.');
}

const notGenerative = (files: ModelFiles, reason: string): TrainerError =>
  unusable(files, 'not_generative', reason, 'Choose a text generation model.');

export function unusable(files: ModelFiles, code: string, reason: string, hint: string): TrainerError {
  return new TrainerError('usage', code, `the model ${preview(files.id, 200)} can't be trained: ${reason}`, hint);
}

/** Of a configuration that says too little, or what can't be. */
export function noShape(files: ModelFiles, { lacks, wrong }: NoShape): TrainerError {
  const code = 'unknown_shape';
  if (wrong.length === 0)
    return unusable(files, code, `its config.json lacks ${lacks.join(', ')}`, 'Choose a decoder-only text model.');
  const values = wrong.map(({ name, value }) => `${name} ${preview(JSON.stringify(value))}`).join(', ');
  return unusable(
    files,
    code,
    `its config.json says ${values}, where a whole number above 0 belongs (of layers, up to ${grouped(MOST_LAYERS)})`,
    'Correct its config.json, or choose another model.',
  );
}

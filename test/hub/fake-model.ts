import type { FileSource } from './blobs.ts';
import type { RepoOptions } from './repos.ts';
import type { TestHub } from './server.ts';

/**
 * Models that have everything but their weights: a config and safetensors files with a true header over a
 * body of zeros that takes no place on disk.
 */

export interface FakeModel extends RepoOptions {
  config: Record<string, unknown>;
  /** How many the safetensors files hold; checked against the config where that describes a decoder. */
  parameters: number;
  /** Beside config.json, README.md and the weights. */
  files?: Record<string, FileSource>;
  card?: string;
}

/** Bytes of one file, after which the next begins: the default of save_pretrained. */
const SHARD_BYTES = 5e9;
const BF16_BYTES = 2;

type Tensors = [name: string, shape: number[]][];

export async function fakeModel(hub: TestHub, id: string, model: FakeModel): Promise<void> {
  const { config, parameters, files, card, ...options } = model;
  const readme = card ?? '---\nlicense: apache-2.0\nlibrary_name: transformers\npipeline_tag: text-generation\n---\n';
  const weights = safetensorsFiles(tensorsOf(config, parameters));
  const own = { 'README.md': readme, 'config.json': JSON.stringify(config, null, 2), ...weights, ...files };
  await hub.addRepo({ type: 'model', id, files: own, ...options });
}

/** The tensors of a Qwen3 or Llama decoder; one single tensor for a config that describes something else. */
function tensorsOf(config: Record<string, unknown>, parameters: number): Tensors {
  const size = (name: string): number => Number(config[name] ?? Number.NaN);
  const hidden = size('hidden_size');
  const heads = size('num_attention_heads');
  const headDim = Number(config.head_dim ?? hidden / heads);
  const keys = size('num_key_value_heads') * headDim;
  const [vocabulary, inner, layers] = [size('vocab_size'), size('intermediate_size'), size('num_hidden_layers')];
  if (![hidden, headDim, keys, vocabulary, inner, layers].every(Number.isInteger)) return [['weight', [parameters]]];

  const tensors: Tensors = [['model.embed_tokens.weight', [vocabulary, hidden]]];
  for (let layer = 0; layer < layers; layer++) {
    const of = (name: string, ...shape: number[]): Tensors[number] => [`model.layers.${layer}.${name}.weight`, shape];
    tensors.push(of('input_layernorm', hidden), of('post_attention_layernorm', hidden));
    tensors.push(of('self_attn.q_proj', heads * headDim, hidden), of('self_attn.k_proj', keys, hidden));
    tensors.push(of('self_attn.v_proj', keys, hidden), of('self_attn.o_proj', hidden, heads * headDim));
    if (config.model_type === 'qwen3') tensors.push(of('self_attn.q_norm', headDim), of('self_attn.k_norm', headDim));
    tensors.push(
      of('mlp.gate_proj', inner, hidden),
      of('mlp.up_proj', inner, hidden),
      of('mlp.down_proj', hidden, inner),
    );
  }
  tensors.push(['model.norm.weight', [hidden]]);
  // Some checkpoints store the output embedding although it is tied; the count tells.
  if (parameters - countOf(tensors) === vocabulary * hidden) tensors.push(['lm_head.weight', [vocabulary, hidden]]);
  if (countOf(tensors) !== parameters)
    throw new Error(`the config makes ${countOf(tensors)} parameters, not ${parameters}`);
  return tensors;
}

/** One model.safetensors, or shards with their index. */
export function safetensorsFiles(tensors: Tensors, name = 'model'): Record<string, FileSource> {
  const shards: Tensors[] = [[]];
  let bytes = 0;
  for (const tensor of tensors) {
    const size = countOf([tensor]) * BF16_BYTES;
    if (bytes > 0 && bytes + size > SHARD_BYTES) {
      shards.push([]);
      bytes = 0;
    }
    shards.at(-1)?.push(tensor);
    bytes += size;
  }
  if (shards.length === 1) return { [`${name}.safetensors`]: safetensors(tensors) };
  const count = String(shards.length).padStart(5, '0');
  const named = shards.map((shard, index) => {
    return { path: `${name}-${String(index + 1).padStart(5, '0')}-of-${count}.safetensors`, shard };
  });
  const weight_map = Object.fromEntries(named.flatMap(({ path, shard }) => shard.map(([tensor]) => [tensor, path])));
  const index = { metadata: { total_size: countOf(tensors) * BF16_BYTES }, weight_map };
  const files = named.map(({ path, shard }) => [path, safetensors(shard)]);
  return { [`${name}.safetensors.index.json`]: JSON.stringify(index, null, 2), ...Object.fromEntries(files) };
}

/** Eight bytes that say how long the header is, the header as JSON, then the numbers. */
function safetensors(tensors: Tensors): FileSource {
  let offset = 0;
  const header: Record<string, unknown> = { __metadata__: { format: 'pt' } };
  for (const [name, shape] of tensors) {
    const end = offset + countOf([[name, shape]]) * BF16_BYTES;
    header[name] = { dtype: 'BF16', shape, data_offsets: [offset, end] };
    offset = end;
  }
  const json = JSON.stringify(header);
  const text = Buffer.from(json.padEnd(Math.ceil(json.length / 8) * 8));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.byteLength));
  return { head: Buffer.concat([length, text]), size: 8 + text.byteLength + offset };
}

function countOf(tensors: Tensors): number {
  return tensors.reduce((sum, [, shape]) => sum + shape.reduce((a, b) => a * b, 1), 0);
}

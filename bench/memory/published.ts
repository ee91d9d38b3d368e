import * as z from 'zod';
import { optimizerOf } from '../../scripts/planner/memory/optimizer.ts';
import type { MemoryInput } from '../../scripts/planner/memory.ts';
import type { ModelFacts } from '../../scripts/planner/model-facts.ts';
import { jsonLines } from '../json-lines.ts';
import { factsFrom } from './facts.ts';
import table from './models.json' with { type: 'json' };
import type { WholeLogits } from './whole-logits.ts';

/** A measurement that somebody published, as collected with its source. */
const Row = z.looseObject({
  id: z.string(),
  model: z.string(),
  method: z.string(),
  mode: z.enum(['full', 'lora', 'qlora']),
  precision: z.string(),
  optimizer: z.string().nullish(),
  lora_rank: z.number().nullish(),
  adapter_bytes: z.union([z.literal(2), z.literal(4)]).optional(),
  lora_targets: z.string().nullish(),
  micro_batch: z.number(),
  gradient_accumulation: z.number().optional(),
  seq_len: z.number().nullish(),
  seq_note: z.string(),
  gradient_checkpointing: z.boolean().nullish(),
  loss_chunked: z.boolean().nullish(),
  framework: z.string(),
  parallel: z.string(),
  gpus: z.number().nullish(),
  gpu: z.string().nullish(),
  measured_peak_gib: z.number(),
  /** Where the unit isn't certain, by the largest that it can be. */
  measured_at_most_gib: z.number().optional(),
  as_stated: z.string(),
  memory_kind: z.string(),
  trust: z.string(),
});
export type PublishedRow = z.infer<typeof Row>;

export interface Comparable {
  row: PublishedRow;
  input: MemoryInput;
  /** exact: every batch was as long as stated. at_most: the stated length is a cap, or less is kept than we count. */
  kind: 'exact' | 'at_most';
  /** By which code the loss made the logits of all tokens, if it did. */
  whole_logits: WholeLogits | null;
  /** `used`: with all that nvidia-smi counts. */
  counted: 'allocated' | 'reserved' | 'used' | 'unstated';
}
export interface NotComparable {
  row: PublishedRow;
  reason: string;
}

export const readPublished = (): (Comparable | NotComparable)[] =>
  jsonLines(new URL('published.jsonl', import.meta.url)).map((row) => classify(Row.parse(row)));

/** The model of the table that has the shape of this one. */
export function sameShape(name: string): string {
  const same: Record<string, string> = table.same_shape;
  return same[name] ?? name;
}

/** Facts of a model by its name on the Hub; null where its shape isn't in the table. */
export function knownModel(name: string): ModelFacts | null {
  const models: Record<string, Parameters<typeof factsFrom>[1]> = table.models;
  const config = models[sameShape(name)];
  return config ? factsFrom(name, config) : null;
}

function classify(row: PublishedRow): Comparable | NotComparable {
  const out = (reason: string): NotComparable => ({ row, reason });
  const facts = knownModel(row.model);
  const allLinear = /all|mlp/.test(row.lora_targets ?? '');
  if (row.gpus !== 1 || row.parallel !== 'none') return out('several GPUs, or not stated');
  if (row.method !== 'sft') return out('another method, with other models in memory');
  if (/offload/.test(row.framework)) return out('activations offloaded to the CPU');
  if (/Paged|8bit|GaLore|fused into|lora-fa/i.test(row.optimizer ?? '') && row.mode === 'full')
    return out('another optimizer');
  if (/compile/.test(row.framework)) return out('compiled: torch.compile decides anew what is kept');
  if (/mixed/.test(row.precision)) return out('fp32 base beside adapters');
  if (/litgpt/.test(row.framework) && row.mode === 'qlora') return out('litgpt, whose QLoRA takes more than its LoRA');
  if (/head, trained whole/.test(row.lora_targets ?? ''))
    return out('embeddings and output layer trained beside adapters');
  if (/head/.test(row.lora_targets ?? '')) return out('adapters on the output layer');
  if (/gptq/.test(row.precision)) return out('GPTQ, another quantization');
  if (row.trust === 'low') return out('low trust: settings not stated, or the level set by something else');
  if (row.gradient_checkpointing == null) return out('checkpointing not stated');
  if (row.seq_len == null) return out('length not stated');
  if (facts === null) return out('shape of the model not certain, or its MLP has no gate');
  const exact = /exact|packed to|stated sequence length|real: |is put into/.test(row.seq_note);
  const kept = row.mode === 'full' || allLinear || row.gradient_checkpointing;
  return {
    row,
    kind: exact && kept ? 'exact' : 'at_most',
    // litgpt's chunks are all kept for the backward pass.
    whole_logits: row.loss_chunked === true && !/litgpt/.test(row.framework) ? null : lossOf(row),
    counted: /^torch (max_memory_)?reserved|^torch max reserved|^comment/.test(row.memory_kind)
      ? 'reserved'
      : /^unstated/.test(row.memory_kind)
        ? /^Qwen|^LLaMA-Factory/.test(row.framework)
          ? 'used'
          : 'unstated'
        : 'allocated',
    input: {
      facts,
      mode: row.mode,
      weight_bytes: 2,
      lora_rank: row.lora_rank ?? 8,
      ...(row.adapter_bytes ? { adapter_bytes: row.adapter_bytes } : {}),
      per_device_train_batch_size: row.micro_batch,
      max_length: row.seq_len,
      gradient_accumulation_steps: row.gradient_accumulation ?? 1,
      gradient_checkpointing: row.gradient_checkpointing,
      padded: false,
      optimizer: optimizerOf({ optim: row.optimizer === 'adamw_torch' ? 'adamw_torch' : 'adamw_torch_fused' }),
    },
  };
}

function lossOf({ framework, id }: PublishedRow): WholeLogits {
  if (/^Qwen/.test(framework)) return 'qwen';
  if (/^torchtune 2024-0[45]/.test(framework)) return 'held';
  return /^LLaMA-Factory|^ms-swift/.test(framework) && !/^swift-ex/.test(id) ? 'shifted' : 'unshifted';
}

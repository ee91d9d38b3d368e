import { type Plan, type PlanDraft, Plan as PlanSchema } from '../../scripts/plan/schema.ts';
import { completePlan } from '../../scripts/training/compose.ts';

/** What a test may say about a plan: any part of any section. */
export type PlanOverrides = {
  [Key in keyof PlanDraft]?: PlanDraft[Key] extends unknown[] | string | number | null
    ? PlanDraft[Key]
    : Partial<PlanDraft[Key]>;
};

/** A whole, valid plan: SFT of a small Hub model on a Hub dataset of conversations, on a T4. */
export function samplePlan(overrides: PlanOverrides = {}): Plan {
  const merged = Object.fromEntries(
    Object.entries(SAMPLE).map(([key, section]) => {
      const override = overrides[key as keyof PlanDraft];
      const isSection = typeof section === 'object' && section !== null && !Array.isArray(section);
      return [key, override === undefined ? section : isSection ? { ...section, ...Object(override) } : override];
    }),
  );
  const { script: _, ...draft } = PlanSchema.parse({ ...merged, script: NO_SCRIPT });
  return PlanSchema.parse(completePlan(draft));
}

const NO_SCRIPT: Plan['script'] = { sha256: '0'.repeat(64), requires_python: '', dependencies: [] };

const SAMPLE: PlanDraft = {
  schema_version: 1,
  made: { at: '2026-11-20T12:00:00.000Z', by: 'hf-llm-trainer 0.1.0', price_as_of: null },
  request: { model: 'Qwen/Qwen3-0.6B', dataset: 'open-r1/codeforces-cots' },
  method: 'sft',
  model: {
    id: 'Qwen/Qwen3-0.6B',
    source: 'hub',
    revision: 'c1899de289a04d12100db370d81485cdf75e47ca',
    parameters: 596_049_920,
    architecture: 'Qwen3ForCausalLM',
    adapter: null,
  },
  dataset: {
    id: 'open-r1/codeforces-cots',
    source: 'hub',
    revision: '39ac85c150806230473c70ad72c31f6232fe3f91',
    fingerprint: null,
    config: 'solutions',
    split: 'train',
    files: [],
    format: 'language-modeling',
    conversational: true,
    rows: { total: 1000, used: 950, left_out: [] },
    examples: null,
    drop_invalid: false,
    mapping: { columns: [{ to: 'messages', from: 'messages' }] },
    evaluation: { from: 'share', rows: 50 },
    upload: null,
  },
  recipe: {
    mode: 'full',
    precision: 'fp16',
    weights_dtype: 'float32',
    attn_implementation: null,
    lora: null,
    quantization: null,
    training_args: {
      num_train_epochs: 1,
      learning_rate: 2e-5,
      per_device_train_batch_size: 1,
      gradient_accumulation_steps: 16,
      max_length: 1024,
      bf16: false,
      fp16: true,
      save_strategy: 'steps',
      save_steps: 12,
      seed: 42,
    },
    total_steps: 60,
  },
  reward: null,
  hardware: {
    backend: 'hf',
    flavor: 't4-small',
    label: 'Nvidia T4 - small',
    accelerators: 1,
    gpu_memory_gib: 14.9,
    ram_gib: 15,
    disk_gib: 50,
    usd_per_hour: 0.4,
    image: 'ghcr.io/astral-sh/uv:python3.12-bookworm',
  },
  launch: { processes: 1, accelerate: null },
  limits: { timeout_seconds: 3600, max_usd: 0.4 },
  output: {
    repo_id: 'alice/qwen3-0.6b-codeforces-cots-sft-3fa9c1',
    folder: null,
    private: true,
    trackio: {
      project: 'qwen3-0.6b-codeforces-cots-sft-3fa9c1',
      run_name: 'qwen3-0.6b-codeforces-cots-sft-3fa9c1',
      space_id: 'alice/trackio',
      private: true,
    },
  },
  stages: [],
  estimate: {
    gpu_memory_gib: 12.4,
    gpu_memory_parts_gib: { weights: 2.2, gradients: 2.2, optimizer: 4.4, activations: 3.6 },
    tokens: 900_000,
    seconds: 1200,
    usd: 0.14,
    max_usd: 0.4,
    price_source: 'live',
  },
  alternatives: [],
  why: [{ what: 'all weights', because: '0.60 B parameters: all weights fit, and learn the most' }],
  findings: [],
  notes: [],
};

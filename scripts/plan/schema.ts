import * as z from 'zod';
import { Json } from './json.ts';
import { Mapping } from './mapping.ts';
import { PLANNED } from './methods.ts';
import { Request } from './request.ts';
import { Reward } from './reward.ts';

/**
 * The plan: everything that a run is, written once by the planner and read by training, jobs and monitor.
 * Units are in the names. Fields that only later stages fill exist from the first version, so that a plan
 * file keeps its shape.
 */
export const PLAN_SCHEMA_VERSION = 1;

/** A git commit of a Hub repository. */
const Commit = z.string().regex(/^[0-9a-f]{40}$/, 'expected a 40-digit commit');
const Sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'expected a sha256');
const Count = z.number().int().nonnegative();
const Usd = z.number().nonnegative().finite();

export const Source = z.enum(['hub', 'local']);
export type Source = z.infer<typeof Source>;

/** What validation found about some rows, and what TRL would do with them. */
export const Finding = z.strictObject({
  /** fails: training stops; drops: TRL leaves rows out silently; harms: trains on something else than it seems. */
  kind: z.enum(['fails', 'drops', 'harms', 'note']),
  code: z.string(),
  message: z.string(),
  /** Where it stops: the script reads the rows, the trainer is made, it prepares the rows, it trains. */
  stage: z.enum(['load', 'init', 'map', 'train']).optional(),
  /** What TRL says there. */
  error: z.string().optional(),
  /** Rows concerned, among those seen. */
  count: Count,
  /** Numbers of the first of them, from 0. */
  rows: z.array(Count),
});
export type Finding = z.infer<typeof Finding>;

export const PlanModel = z.strictObject({
  /** Hub id, or the absolute path of a local folder. */
  id: z.string().min(1),
  source: Source,
  /** Commit for a Hub model, null for a folder. */
  revision: Commit.nullable(),
  parameters: Count,
  /** First of config.json's `architectures`, e.g. `Qwen3ForCausalLM`. */
  architecture: z.string(),
  /** Its weights are packed in this format, and are unpacked when they are loaded. */
  dequantize: z.literal('mxfp4').optional(),
  /** A LoRA adapter to merge into the base before training goes on from it. */
  adapter: z.strictObject({ id: z.string().min(1), source: Source, revision: Commit.nullable() }).nullable(),
});
export type PlanModel = z.infer<typeof PlanModel>;

export const PlanDataset = z.strictObject({
  /** Hub id, or the absolute path of a local file or folder. */
  id: z.string().min(1),
  source: Source,
  revision: Commit.nullable(),
  /** sha256 over the local files, in the order of `files`; null for a Hub dataset, where the commit says it. */
  fingerprint: Sha256.nullable(),
  config: z.string().nullable(),
  split: z.string(),
  /** Absolute paths of local data; empty for a Hub dataset. */
  files: z.array(z.string()),
  /** What the rows are after the mapping, in TRL's words. */
  format: z.enum(['language-modeling', 'prompt-completion', 'prompt-only', 'preference', 'unpaired-preference']),
  conversational: z.boolean(),
  /** True where the rows carry pictures, which only a vision-language model reads. */
  vision: z.boolean().optional(),
  rows: z.strictObject({
    /** In the split; null where the source can't say. */
    total: Count.nullable(),
    used: Count,
    left_out: z.array(z.strictObject({ code: z.string(), message: z.string(), count: Count })),
  }),
  /** Train on the first N rows of a seeded shuffle; null for all. */
  examples: Count.nullable(),
  drop_invalid: z.boolean(),
  mapping: Mapping.nullable(),
  /** Rows of the training split that are held out for evaluation; null for none. */
  evaluation: z.strictObject({ from: z.literal('share'), rows: Count }).nullable(),
  /** Local data that has to travel: the private dataset repository it is uploaded to before the job. */
  upload: z.strictObject({ repo_id: z.string(), private: z.literal(true) }).nullable(),
});
export type PlanDataset = z.infer<typeof PlanDataset>;

export const Recipe = z.strictObject({
  mode: z.enum(['full', 'lora', 'qlora']),
  /** What the forward pass computes in. */
  precision: z.enum(['bf16', 'fp16', 'fp32']),
  /** dtype the base weights are loaded in, a torch dtype's name. */
  weights_dtype: z.enum(['bfloat16', 'float16', 'float32']),
  attn_implementation: z.string().nullable(),
  lora: z
    .strictObject({
      r: z.number().int().positive(),
      lora_alpha: z.number().positive(),
      lora_dropout: z.number().min(0).max(1),
      target_modules: z.union([z.string(), z.array(z.string())]),
      use_rslora: z.boolean().exactOptional(),
    })
    .nullable(),
  /** BitsAndBytesConfig's arguments, for QLoRA. */
  quantization: z.record(z.string(), Json).nullable(),
  /** Arguments of the TRL config class (`SFTConfig`, ...), by TRL's own names, exactly as the script passes them. */
  training_args: z.record(z.string(), Json),
  /** Optimizer steps that these arguments lead to. */
  total_steps: z.number().int().positive(),
});
export type Recipe = z.infer<typeof Recipe>;

const Hardware = z.strictObject({
  backend: z.enum(['hf', 'local']),
  /** The Jobs flavor (`t4-small`), or `cpu`, `cuda`, `mps` on this machine. */
  flavor: z.string(),
  /** For people: `Nvidia T4`, `this machine's CPU`. */
  label: z.string(),
  accelerators: Count,
  /** Memory of one accelerator, GiB; null on a CPU. */
  gpu_memory_gib: z.number().positive().nullable(),
  ram_gib: z.number().positive().nullable(),
  disk_gib: z.number().positive().nullable(),
  usd_per_hour: Usd,
  /** Docker image; null on this machine. */
  image: z.string().nullable(),
});

export const Output = z.strictObject({
  /** Hub repository that the model is pushed to; null where it stays in a folder. */
  repo_id: z.string().nullable(),
  /** Absolute path of the folder that it is saved to; null on Jobs, whose disk is deleted. */
  folder: z.string().nullable(),
  private: z.boolean(),
  /** A private bucket, mounted in the job, that holds the checkpoints; by default the repository does. */
  bucket: z
    .strictObject({ id: z.string().regex(/^[\w.-]+\/[\w.-]+$/), mount_path: z.string().regex(/^(\/[\w.-]+)+$/) })
    .optional(),
  trackio: z.strictObject({
    project: z.string(),
    run_name: z.string(),
    /** Space that shows the curves; null keeps them on the machine that trains. */
    space_id: z.string().nullable(),
    private: z.boolean(),
  }),
});
export type Output = z.infer<typeof Output>;

const Estimate = z.strictObject({
  /** Peak on one accelerator (or in RAM on a CPU). */
  gpu_memory_gib: z.number().nonnegative(),
  gpu_memory_parts_gib: z.record(z.string(), z.number().nonnegative()),
  tokens: Count,
  seconds: z.number().nonnegative(),
  /** Between these it is likely to lie. */
  seconds_range: z.tuple([z.number().nonnegative(), z.number().nonnegative()]).optional(),
  /** setup, training, generation, evaluation, checkpoints, saving; their sum is `seconds`. */
  seconds_parts: z.record(z.string(), z.number().nonnegative()).optional(),
  /** To save and upload what is trained where the run has to stop. */
  stopping_seconds: z.number().nonnegative().optional(),
  usd: Usd,
  /** The most that the job can bill: timeout x price. */
  max_usd: Usd,
  price_source: z.enum(['live', 'snapshot', 'free']),
});

export const Alternative = z.strictObject({
  flavor: z.string(),
  recipe: z.enum(['full', 'lora', 'qlora']),
  gpu_memory_gib: z.number().nonnegative(),
  seconds: z.number().nonnegative(),
  usd: Usd,
});
export type Alternative = z.infer<typeof Alternative>;

export const Plan = z.strictObject({
  schema_version: z.literal(PLAN_SCHEMA_VERSION),
  /** When and by what it was made: the only part that the digest leaves out. */
  made: z.strictObject({ at: z.iso.datetime(), by: z.string(), price_as_of: z.string().nullable() }),
  /** What was asked for; `plan --from` starts from it. */
  request: Request,
  method: z.enum(PLANNED),
  model: PlanModel,
  dataset: PlanDataset,
  recipe: Recipe,
  /** How GRPO and RLOO score; null for the other methods. */
  reward: z.array(Reward).min(1).nullable(),
  hardware: Hardware,
  /** How the script is started: one process, or `accelerate launch` with this configuration. */
  launch: z.strictObject({
    processes: z.number().int().positive(),
    accelerate: z.record(z.string(), Json).nullable(),
  }),
  limits: z.strictObject({ timeout_seconds: z.number().int().positive(), max_usd: Usd }),
  output: Output,
  script: z.strictObject({
    sha256: Sha256,
    requires_python: z.string(),
    dependencies: z.array(z.string()),
  }),
  /** Plans that follow this one, for runs of several stages. */
  stages: z.array(z.record(z.string(), Json)),
  estimate: Estimate,
  alternatives: z.array(Alternative),
  /** What was decided, and why, in half a line each. */
  why: z.array(z.strictObject({ what: z.string(), because: z.string() })),
  /** What could go wrong: the findings of the validation that concern this method. */
  findings: z.array(Finding),
  /** Other lines that the card has to show: how a name was resolved, that a repository exists already. */
  notes: z.array(z.string()),
});
export type Plan = z.infer<typeof Plan>;

/** A plan before its script was composed. */
export type PlanDraft = Omit<Plan, 'script'>;

import type { JsonValue } from '../../plan/json.ts';
import type { Plan, Recipe } from '../../plan/schema.ts';
import { numberOr, type Target, type Workload } from '../workload.ts';
import { methodRecipe } from './method-recipe.ts';
import wrapped from './sharded-architectures.json' with { type: 'json' };

/**
 * How the processes of a run share the work: one alone; each with a whole copy of the model, of which gradients are
 * averaged (DDP); each with its share of weights, gradients and optimizer, gathered layer by layer (FSDP2). ZeRO-3
 * shares the same; it needs DeepSpeed, which PyPI has as source alone, keeps up to 10^9 weights gathered
 * (stage3_max_live_parameters), and TRL 1.16 makes adapters 16-bit beside it (sft_trainer.py, DeepSpeed's issue 8072).
 */
export type Strategy = 'alone' | 'ddp' | 'fsdp2';

/** The ways to run on several accelerators, best first: a whole copy sends least. */
export function strategiesFor(work: Workload, mode: Recipe['mode'], target: Target, accelerators: number): Strategy[] {
  if (accelerators <= 1) return ['alone'];
  return maySplit(work, mode, target) ? ['ddp', 'fsdp2'] : ['ddp'];
}

/**
 * Not 4-bit weights: accelerate 1.15 leaves them out of sharding (fsdp2_prepare_model, Params4bit). Not where answers
 * are generated: each token would gather the whole model. Not pictures, nor fp16: no such step was recorded. Not
 * architectures whose layers accelerate doesn't find: it raises where `_no_split_modules` names a class that the model
 * hasn't, as those of Gemma 3 with pictures and of Qwen3.5 without do.
 */
function maySplit(work: Workload, mode: Recipe['mode'], target: Target): boolean {
  if (mode === 'qlora' || !wrapped.architectures.includes(work.facts.architecture)) return false;
  return methodRecipe(work.method).generation === null && !work.report.vision && target.bf16;
}

/** What the plan says about its processes; `accelerate` is a configuration file of `accelerate launch`. */
export function launchOf(strategy: Strategy, processes: number, precision: Recipe['precision']): Plan['launch'] {
  if (strategy === 'alone') return { processes: 1, accelerate: null };
  return {
    processes,
    accelerate: {
      compute_environment: 'LOCAL_MACHINE',
      distributed_type: strategy === 'fsdp2' ? 'FSDP' : 'MULTI_GPU',
      machine_rank: 0,
      num_machines: 1,
      num_processes: processes,
      mixed_precision: precision === 'fp32' ? 'no' : precision,
      ...(strategy === 'fsdp2' ? { fsdp_config: FSDP2 } : {}),
    },
  };
}

/**
 * Each layer of the model's `_no_split_modules` is a group. Checkpoints and the saved model hold whole weights, as
 * Trainer.save_model needs. Weights come from the first process. Activation checkpointing is the Trainer's: transformers
 * refuses both.
 */
const FSDP2: Record<string, JsonValue> = {
  fsdp_version: 2,
  fsdp_auto_wrap_policy: 'TRANSFORMER_BASED_WRAP',
  fsdp_reshard_after_forward: true,
  fsdp_state_dict_type: 'FULL_STATE_DICT',
  fsdp_cpu_ram_efficient_loading: true,
  fsdp_activation_checkpointing: false,
  fsdp_offload_params: false,
};

/**
 * The recipe with what the strategy needs. Under FSDP2, gradients of earlier batches would pile up whole on each
 * accelerator (accelerate's no_sync): they are reduced after every batch instead. An adapter's are small.
 */
export function launched(recipe: Recipe, strategy: Strategy): Recipe {
  const several = numberOr(recipe.training_args.gradient_accumulation_steps, 1) > 1;
  if (strategy !== 'fsdp2' || recipe.mode !== 'full' || !several) return recipe;
  const accelerator_config = { gradient_accumulation_kwargs: { sync_each_batch: true } };
  return { ...recipe, training_args: { ...recipe.training_args, accelerator_config } };
}

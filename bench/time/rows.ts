import type { Flavor } from '../../scripts/plan/flavor.ts';
import { acceleratorOf } from '../../scripts/planner/hardware/accelerator.ts';
import { addedToBatch } from '../../scripts/planner/time/communication.ts';
import {
  accelerated,
  CALIBRATION,
  type Calibration,
  microBatchSeconds,
  optimizerSeconds,
  type Shape,
} from '../../scripts/planner/time/step.ts';
import { jsonLines } from '../json-lines.ts';
import table from './models.json' with { type: 'json' };

/** A published step, in seconds of one optimizer step on one accelerator. */
export interface Row {
  id: string;
  source: string;
  trust: 'high' | 'medium' | 'low';
  /**
   * like: one GPU, PyTorch without compilation, as TRL runs it. The others are shown and not fitted: compiled kernels,
   * GPTQ's own kernels, several GPUs, and `other`, where a figure that matters is not in the source.
   */
  kind: 'like' | 'compiled' | 'gptq' | 'several' | 'other';
  gpu: string;
  /** Such cards, side by side under FSDP; one, if not said. */
  processes?: number;
  model: string;
  mode: 'full' | 'lora' | 'qlora';
  /** Of all linear layers, by what an adapter moves. */
  adapted: number;
  checkpointing: boolean;
  sequences: number;
  tokens: number;
  micro_batches: number;
  seconds: number;
  note: string;
}

const models: Record<string, Shape> = table.models;

export const ROWS = jsonLines(new URL('rows.jsonl', import.meta.url)) as Row[];

export const sourceOf = ({ source }: Row): string => source.split(' ')[0] ?? source;

export function shapeOf({ id, model }: Row): Shape {
  const shape = models[model];
  if (!shape) throw new Error(`${id}: no shape of ${model}`);
  return shape;
}

export function acceleratorOfRow({ id, gpu }: Row): NonNullable<ReturnType<typeof acceleratorOf>> {
  const memory = { H100: 80, A100: 80, L40S: 48, L4: 24, T4: 16 }[gpu] ?? 24;
  const accelerator = acceleratorOf({ accelerator: gpu, accelerators: 1, gpu_memory_gib: memory } as Flavor);
  if (!accelerator) throw new Error(`${id}: no accelerator ${gpu}`);
  return accelerator;
}

/** Seconds of the step by our rule; `reachable` in place of the table's, where it is being fitted. */
export function predicted(row: Row, calibration: Calibration = CALIBRATION, reachable?: number, linked = true): number {
  const accelerator = acceleratorOfRow(row);
  const on = accelerated({ ...accelerator, reachable: reachable ?? accelerator.reachable }, calibration);
  const shape = shapeOf(row);
  const { processes = 1 } = row;
  // The runs trained 16-bit weights; ours are fp32 and cast in each pass.
  const computing = microBatchSeconds({ ...row, shape, weight_bytes: 2, extra_forwards: 0 }, on, calibration);
  const sending = {
    strategy: linked && processes > 1 ? ('fsdp2' as const) : ('alone' as const),
    ...{ processes, parameters: shape.parameters, trained: shape.parameters, gradient_bytes: 2, passes: 2 },
    bandwidth: 1e9 * accelerator.link_gb_s,
  };
  const optimizer = optimizerSeconds(shape, row.mode, on, calibration) / processes;
  return row.micro_batches * (computing + addedToBatch(computing, sending)) + optimizer;
}

/** The usual rule: six operations for each weight and token, at one share of the peak. */
export function naive(row: Row, share: number): number {
  const flops = 6 * shapeOf(row).parameters * row.sequences * row.tokens * row.micro_batches;
  return flops / (1e12 * acceleratorOfRow(row).tflops * share);
}

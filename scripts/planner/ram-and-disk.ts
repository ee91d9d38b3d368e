import type { Processes } from './memory/sharding.ts';
import type { ModelFacts } from './model-facts.ts';

const GIB = 2 ** 30;

/** Of a process: Python, PyTorch and the data. */
const PROCESS_RAM_GIB = 4;

/**
 * RAM that loading takes: the weights pass through it before they reach the accelerator, those of every process with a
 * copy of its own. Under FSDP2 the first process alone reads them, and gathers what a checkpoint holds there.
 */
export function ramGib(facts: ModelFacts, weight_bytes: number, trained: number, processes?: Processes): number {
  const { count, sharded } = processes ?? { count: 1, sharded: false };
  const weights = facts.parameters * weight_bytes;
  // Adam's two moments, in fp32, are the largest part that is gathered at once.
  return (sharded ? Math.max(weights, 8 * trained) : count * weights) / GIB + count * PROCESS_RAM_GIB;
}

/** Python packages and the image, unpacked; vLLM and what it brings besides. */
const PACKAGES_GIB = 12;
const VLLM_PACKAGES_GIB = 3;

/**
 * Disk: packages, the download, the saved model, and checkpoints with their optimizer state. Under FSDP2 a checkpoint
 * has the weights twice, as a model and as PyTorch's own file (Trainer._save_optimizer_and_scheduler).
 */
export function diskGib(
  facts: ModelFacts,
  trained: number,
  { checkpoints, sharded, vllm }: { checkpoints: number; sharded: boolean; vllm: boolean },
): number {
  const bytes = facts.parameters * 2 + trained * 4 + checkpoints * trained * (sharded ? 16 : 12);
  return PACKAGES_GIB + (vllm ? VLLM_PACKAGES_GIB : 0) + bytes / GIB;
}

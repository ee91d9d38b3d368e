import type { Processes } from '../memory/sharding.ts';
import type { Mode } from '../memory/states.ts';
import type { ModelFacts } from '../model-facts.ts';

const GIB = 2 ** 30;

/** Of a process: Python, PyTorch and the data. */
const PROCESS_RAM_GIB = 4;

/**
 * RAM of a run. A process alone reads its weights to the accelerator (TRL's device_map "auto"), and so does each one with
 * 4-bit weights (quantizer_bnb_4bit.py, update_device_map): tensor by tensor, from pages of the mapped file that the
 * kernel takes back (transformers 5.23, core_model_loading.py). Whole they pass through RAM where processes have copies of
 * their own, where an adapter is merged into them first, and where all of them are saved: safetensors has a file's tensors
 * side by side. Under FSDP2 every process reads them, whatever fsdp_cpu_ram_efficient_loading says (measured with
 * transformers 5.23 on 443 M parameters: 1.9 GB in each): 16 bits as pages of the file that all share, fp32 as copies; the
 * first gathers what a checkpoint holds. A reference is read while the trained weights wait for the GPU.
 */
export function ramGib(
  facts: ModelFacts,
  {
    mode,
    weight_bytes,
    trained,
    processes,
    reference,
  }: { mode: Mode; weight_bytes: number; trained: number; processes?: Processes; reference?: boolean },
): number {
  const { count, sharded } = processes ?? { count: 1, sharded: false };
  const weights = facts.parameters * weight_bytes;
  const largest = (facts.parts?.embeddings ?? facts.vocab_size * facts.hidden_size) * weight_bytes;
  const each = mode === 'qlora' || (mode === 'lora' && count === 1) ? largest : weights;
  const merged = facts.adapter ? weights : 0;
  const models = reference && mode === 'full' ? 2 : 1;
  const read = weight_bytes > 2 ? count * models * weights : weights;
  // Adam's two moments, in fp32, are the largest part that is gathered at once.
  const held = sharded ? Math.max(read, 8 * trained) : Math.max(count * each, merged);
  return held / GIB + count * PROCESS_RAM_GIB;
}

/** Python packages and the image, unpacked; vLLM and what it brings besides. */
const PACKAGES_GIB = 12;
const VLLM_PACKAGES_GIB = 3;

/**
 * Disk: packages, the download, the saved model, and checkpoints with their optimizer state. Under FSDP2 a checkpoint
 * has the weights twice, as a model and as PyTorch's own file (Trainer._save_optimizer_and_scheduler). An adapter is merged
 * first: into a base in fp32 where all weights are trained, else into one of 16 bits, of which a second one is saved.
 */
export function diskGib(
  facts: ModelFacts,
  trained: number,
  { checkpoints, sharded, vllm }: { checkpoints: number; sharded: boolean; vllm: boolean },
): number {
  const merged = facts.adapter ? 4 * facts.parameters : 0;
  const bytes = facts.parameters * 2 + merged + trained * 4 + checkpoints * trained * (sharded ? 16 : 12);
  return PACKAGES_GIB + (vllm ? VLLM_PACKAGES_GIB : 0) + bytes / GIB;
}

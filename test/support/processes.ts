import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Plan } from '../../scripts/plan/schema.ts';
import type { PlanOverrides } from './plan.ts';
import type { Ran } from './ran.ts';
import { LORA, localPlan, QUICKSTART_DATA, type RunOptions, runTorch, temporaryFolder, train } from './training.ts';
import { launchOf } from './variants.ts';

/**
 * A process for each GPU, tried with two on the CPU. accelerate shards on GPUs only: these tests tell it that there
 * are some, and FSDP2 itself runs on the CPU.
 */
const GPUS_WANTED = `import os
if "LOCAL_RANK" in os.environ:
    os.environ["ACCELERATE_TORCH_DEVICE"] = "cpu"
    from accelerate.state import PartialState
    from accelerate.utils import DistributedType
    PartialState._prepare_backend = lambda self, *args, **kwargs: ("gloo", DistributedType.MULTI_GPU)
`;

/** Digests as the backend gives them: the folder is part of them, and these are the same run. */
export const SAME_RUN = { HF_LLM_TRAINER_DIGEST: 'd'.repeat(64) };
export const copies = launchOf('MULTI_CPU', 2);
export const shards = launchOf('FSDP', 2);
export const lora: PlanOverrides['recipe'] = { mode: 'lora', lora: LORA };

/** Six steps of eight rows: four a process. */
export const sixSteps = (launch: Plan['launch'], recipe: PlanOverrides['recipe'] = {}): Promise<Plan> =>
  localPlan(QUICKSTART_DATA, {
    launch,
    dataset: { evaluation: { from: 'share', rows: 9 } },
    recipe: {
      ...recipe,
      total_steps: 6,
      training_args: { per_device_train_batch_size: 8 / launch.processes, ...recipe.training_args },
    },
  });

/** `broken`: Python that each process runs before anything else. */
export async function running(plan: Plan, broken = '', options: RunOptions = {}): Promise<Ran> {
  const first = (plan.launch.accelerate?.distributed_type === 'FSDP' ? GPUS_WANTED : '') + broken;
  if (first === '') return train(plan, { ...options, env: SAME_RUN });
  const folder = await temporaryFolder();
  await writeFile(join(folder, 'sitecustomize.py'), first);
  return train(plan, { ...options, env: { ...SAME_RUN, PYTHONPATH: folder } });
}

/** For `running`: the second process gets a signal in the middle of this step, before its backward pass. */
export const inStep = (step: number, signal: 'SIGKILL' | 'SIGSTOP'): string => `
import os, signal
if os.environ.get("LOCAL_RANK") == "1":
    from accelerate import Accelerator
    backward, passes = Accelerator.backward, []
    def interrupted(self, loss, **kwargs):
        passes.append(loss.detach())
        if len(passes) == ${step}:
            os.kill(os.getpid(), signal.${signal})
        return backward(self, loss, **kwargs)
    Accelerator.backward = interrupted
`;

/** The largest difference between the weights of two saved models or adapters; what only one has counts as infinite. */
export async function difference(plan: Plan, other: Plan): Promise<number> {
  const code = [
    'import sys; from glob import glob; from safetensors.torch import load_file',
    'a, b = (load_file(glob(f"{folder}/*model.safetensors")[0]) for folder in sys.argv[1:])',
    'a, b = ({key: one for key, one in all.items() if key != "lm_head.weight"} for all in (a, b))',
    'print(max(float((a[key] - b[key]).abs().max()) for key in a) if a.keys() == b.keys() else "Infinity")',
  ].join('\n');
  const ran = await runTorch(['-c', code, plan.output.folder ?? '', other.output.folder ?? '']);
  return Number(ran.log.trim());
}

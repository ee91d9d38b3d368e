import { resolve } from 'node:path';
import { EXIT, TrainerError } from '../errors.ts';
import { duration, money } from '../output/units.ts';
import { readPlanFile } from '../plan/file.ts';
import { shellWord } from '../plan/mapping.ts';
import type { Plan } from '../plan/schema.ts';
import { overBudget } from './budget.ts';
import type { CommandContext } from './context.ts';
import { submitPlan } from './submit-plan.ts';

interface Flags {
  approve?: string;
  maxCost?: number;
  again?: boolean;
}

/** `submit`: starts the plan whose digest was approved, once. */
export async function submitCommand(file: string, flags: Flags, context: CommandContext): Promise<number> {
  const path = resolve(context.cwd, file);
  const { plan, digest } = await readPlanFile(path);
  checkApproval(path, digest, flags.approve);
  const { maxCost } = flags;
  if (maxCost !== undefined && plan.limits.max_usd > maxCost) throw overBudget(plan.limits.max_usd, maxCost);
  const { job, reused, attempt, resumed } = await submitPlan({ plan, digest, again: flags.again === true }, context);
  const { estimate, limits, output } = plan;
  context.out.result(
    {
      job_id: job.job_id,
      backend: job.backend,
      url: job.url,
      digest,
      reused,
      stage: job.stage,
      attempt,
      resumed,
      expected_seconds: estimate.seconds,
      expected_usd: estimate.usd,
      max_usd: limits.max_usd,
      output: { repo_id: output.repo_id, folder: output.folder, private: output.private },
    },
    () =>
      [
        reused ? `Job ${job.job_id} was submitted already: it is ${job.stage}.` : `Job ${job.job_id} was submitted.`,
        resumed ? 'It goes on from the last checkpoint of the earlier attempt.' : '',
        `Watch     ${job.url}`,
        `Expected  ${duration(estimate.seconds)}, ${costs(plan)}`,
        `Model     ${[output.repo_id, output.folder].filter(Boolean).join('; ')}`,
        `Ask       hf-llm-trainer status ${job.job_id}`,
      ]
        .filter((line) => line !== '')
        .join('\n'),
  );
  return EXIT.ok;
}

const costs = ({ hardware, estimate, limits }: Plan): string =>
  hardware.backend === 'local' ? 'free' : `${money(estimate.usd)}, at the most ${money(limits.max_usd)}`;

function checkApproval(path: string, digest: string, approved: string | undefined): void {
  if (approved === digest) return;
  const hint = `Show the person the card (hf-llm-trainer plan --from ${shellWord(path)}), ask, and after a yes: submit <plan.json> --approve <its digest>`;
  throw approved === undefined
    ? new TrainerError('approval', 'not_approved', `${path} was not approved: --approve is missing`, hint)
    : new TrainerError(
        'approval',
        'other_plan_approved',
        `--approve ${approved.slice(0, 12)} is another plan's digest; ${path} has ${digest.slice(0, 12)}`,
        hint,
      );
}

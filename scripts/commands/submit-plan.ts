import { fingerprintFiles } from '../dataset/local/fingerprint.ts';
import { TrainerError } from '../errors.ts';
import { ensurePrivateRepo } from '../hub/repos.ts';
import { uploadLocalData } from '../hub/upload.ts';
import { whoami } from '../hub/whoami.ts';
import { readCatalogue } from '../jobs/hf/catalogue.ts';
import { openLedger } from '../jobs/ledger.ts';
import { type Submission, submitOnce } from '../jobs/submit.ts';
import { money } from '../output/units.ts';
import type { Plan } from '../plan/schema.ts';
import { composeScript } from '../training/compose.ts';
import type { CommandContext } from './context.ts';
import { checkVisibility } from './destinations.ts';
import { openBackend } from './jobs.ts';

/** Starts an approved plan once, with everything that has to be right before money is spent. */
export async function submitPlan(
  approved: { plan: Plan; digest: string; again: boolean },
  context: CommandContext,
): Promise<Submission> {
  const { plan, digest, again } = approved;
  const { hub, home, now, signal, out } = context;
  const { script, sha256 } = composeScript(plan);
  if (sha256 !== plan.script.sha256) {
    throw new TrainerError(
      'approval',
      'script_changed',
      `this version of hf-llm-trainer composes another script than the plan of ${plan.made.by} had`,
      'Make the plan anew and show its card: hf-llm-trainer plan --from <plan.json>',
    );
  }
  const onHub = plan.hardware.backend === 'hf';
  const namespace = onHub ? (plan.output.repo_id?.split('/')[0] ?? (await whoami(hub)).name) : null;
  return submitOnce({
    plan,
    digest,
    script,
    again,
    backend: await openBackend(plan.hardware.backend, context, namespace),
    endpoint: onHub ? hub.endpoint : null,
    namespace,
    ledger: openLedger(home),
    now,
    signal,
    say: out.say,
    prepare: async () => {
      await checkDataUnchanged(plan);
      if (!onHub) return;
      await checkPrice(plan, context);
      await checkVisibility(plan.output, context);
      const { bucket } = plan.output;
      if (bucket) await ensurePrivateRepo(hub, { type: 'bucket', repo_id: bucket.id });
      if (plan.dataset.upload) {
        await uploadLocalData(hub, { ...plan.dataset.upload, files: plan.dataset.files, say: out.say });
      }
    },
  });
}

/** Local data is what was validated, to the byte. */
async function checkDataUnchanged({ dataset }: Plan): Promise<void> {
  if (dataset.fingerprint === null || dataset.fingerprint === (await fingerprintFiles(dataset.files))) return;
  throw new TrainerError(
    'data',
    'data_changed',
    `${dataset.id} has changed since it was validated`,
    'Make the plan anew: hf-llm-trainer plan --from <plan.json>',
  );
}

/** For the whole catalogue, all tries together. */
const PATIENCE_MS = 60_000;

/** Nothing is bought at a price that the person didn't see. */
async function checkPrice(plan: Plan, { hub }: CommandContext): Promise<void> {
  const { flavor, usd_per_hour } = plan.hardware;
  const again = 'Make the plan anew and show its card: hf-llm-trainer plan --from <plan.json>';
  const { flavors, leftOut } = await readCatalogue(hub, PATIENCE_MS).catch((cause: unknown) => {
    if (!(cause instanceof TrainerError)) throw cause;
    const hint = 'Submit the same plan again later. Nothing was submitted.';
    throw new TrainerError('approval', 'price_unknown', `the price can’t be checked now: ${cause.message}`, hint, {
      cause,
    });
  });
  const now = flavors.find((other) => other.name === flavor);
  if (!now) {
    const why = leftOut.find((other) => other.name === flavor)?.why;
    const gone = why ? `${flavor} can’t be rented safely now: ${why}` : `Hugging Face Jobs no longer offers ${flavor}`;
    throw new TrainerError('approval', 'flavor_gone', gone, again);
  }
  if (now.usd_per_hour > usd_per_hour + 1e-9) {
    throw new TrainerError(
      'approval',
      'price_rose',
      `${flavor} now costs ${money(now.usd_per_hour)} an hour, more than the ${money(usd_per_hour)} that was approved`,
      again,
    );
  }
}

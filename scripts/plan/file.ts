import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import * as z from 'zod';
import { errorMessage, systemErrorCode, TrainerError } from '../errors.ts';
import { planDigest } from './digest.ts';
import { PLAN_SCHEMA_VERSION, Plan } from './schema.ts';

/** A plan as it lies in a file: with the digest that the card showed, so that an edit is noticed. */
const PlanFile = z.strictObject({ digest: z.string(), plan: Plan });

/**
 * Writes atomically: a reader sees the old plan or the new one. Throws TrainerError `usage` for a path that can't
 * be written, or that holds something else than a plan: a data set, say, is not written over.
 */
export async function writePlanFile(path: string, plan: Plan): Promise<void> {
  const beside = `${path}.${process.pid}.tmp`;
  try {
    await refuseOtherFile(path);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(beside, `${JSON.stringify({ digest: planDigest(plan), plan }, null, 2)}\n`);
    await rename(beside, path);
  } catch (cause) {
    await rm(beside, { force: true }).catch(() => undefined);
    const code = systemErrorCode(cause);
    if (cause instanceof TrainerError || !code || ['ENOSPC', 'EDQUOT'].includes(code)) throw cause;
    throw new TrainerError(
      'usage',
      'plan_not_writable',
      `the plan can't be written to ${path}: ${errorMessage(cause)}`,
      'Choose another place with --out.',
      { cause },
    );
  }
}

async function refuseOtherFile(path: string): Promise<void> {
  const found = await stat(path).catch((error: unknown) => {
    if (systemErrorCode(error) === 'ENOENT') return null;
    throw error;
  });
  if (found === null || (found.isFile() && (found.size === 0 || holdsPlan(await readFile(path, 'utf8'))))) return;
  throw new TrainerError(
    'usage',
    'not_a_plan_file',
    `${path} is ${found.isDirectory() ? 'a folder' : 'there already and holds no plan'}: it is not written over`,
    'Choose another name with --out.',
  );
}

/** Of any version, edited or not. */
const AnyPlan = z.object({ digest: z.string(), plan: z.object({ schema_version: z.number() }) });

function holdsPlan(text: string): boolean {
  try {
    return AnyPlan.safeParse(JSON.parse(text)).success;
  } catch {
    return false;
  }
}

/**
 * The plan in a file and its digest, computed anew. Throws TrainerError `usage` for a file that is missing,
 * not a plan, or of another version, and `approval` for one that was edited after it was written.
 */
export async function readPlanFile(path: string): Promise<{ plan: Plan; digest: string }> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    const missing = systemErrorCode(cause) === 'ENOENT';
    throw new TrainerError(
      'usage',
      missing ? 'plan_missing' : 'plan_unreadable',
      missing ? `there is no plan file ${path}` : `the plan file ${path} can't be read: ${errorMessage(cause)}`,
      'Make one: hf-llm-trainer plan --model ... --dataset ...',
      { cause },
    );
  }
  const { digest: written, plan } = parsePlanFile(path, text);
  const digest = planDigest(plan);
  if (digest !== written) {
    throw new TrainerError(
      'approval',
      'plan_edited',
      `${path} was changed after it was written: it says digest ${written.slice(0, 12)}, its content has ${digest.slice(0, 12)}`,
      'Make it anew with flags, so that the new card is shown: hf-llm-trainer plan --model ... --dataset ...',
    );
  }
  return { plan, digest };
}

function parsePlanFile(path: string, text: string): z.infer<typeof PlanFile> {
  const again = 'Make it anew: hf-llm-trainer plan --model ... --dataset ...';
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new TrainerError('usage', 'plan_broken', `${path} is not JSON: ${errorMessage(cause)}`, again, { cause });
  }
  const version = z.object({ plan: z.object({ schema_version: z.number() }) }).safeParse(json);
  if (version.success && version.data.plan.schema_version !== PLAN_SCHEMA_VERSION) {
    throw new TrainerError(
      'usage',
      'plan_version',
      `${path} has plan version ${version.data.plan.schema_version}, this program reads ${PLAN_SCHEMA_VERSION}`,
      again,
    );
  }
  const parsed = PlanFile.safeParse(json);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new TrainerError(
      'usage',
      'plan_broken',
      `${path} is not a plan: ${issue?.path.join('.') || 'the file'}: ${issue?.message}`,
      again,
    );
  }
  return parsed.data;
}

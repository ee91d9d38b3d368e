import { stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { TrainerError } from '../errors.ts';
import type { ModelFiles } from '../hub/model-files.ts';
import { openHubModel } from '../hub/models.ts';
import { HUB_ID, resolveName } from '../hub/search.ts';
import { isOpen, lastCompleted, openLedger } from '../jobs/ledger.ts';
import { type ModelFacts, readModelFacts } from '../planner/model-facts.ts';
import { openModelFolder } from '../planner/model-folder.ts';
import { preview } from '../printable.ts';
import type { CommandContext } from './context.ts';
import { backendOf, currentJob } from './jobs.ts';

/**
 * The model that a person means: `last`, a local folder, a Hub id, or a name. `revision` pins a Hub model.
 * Throws TrainerError `usage`, `auth` or `network`.
 */
export async function resolveModel(
  name: string,
  context: CommandContext,
  revision: string | null,
): Promise<{ facts: ModelFacts; note: string | null }> {
  if (name === 'last') {
    const model = await lastModel(context);
    const { facts } = await resolveModel(model, context, null);
    return { facts, note: `"last" is ${model}, of the newest finished run` };
  }
  const folder = await localFolder(name, context.cwd);
  if (folder) return { facts: await facts(await openModelFolder(folder), context), note: null };
  const { id, note } = await resolveName(context.hub, 'model', name);
  return { facts: await facts(await openHubModel(context.hub, id, revision), context), note };
}

function facts(files: ModelFiles, context: CommandContext): Promise<ModelFacts> {
  return readModelFacts(files, async (base) => {
    // An adapter's base is what a file of its repository says. One from the Hub has no say about this machine's files.
    const folder = files.source === 'local' ? await localFolder(base, context.cwd) : null;
    if (folder) return openModelFolder(folder);
    if (HUB_ID.test(base)) return openHubModel(context.hub, base);
    throw new TrainerError(
      'usage',
      'bad_base_model',
      `the adapter ${files.id} names "${preview(base)}" as its base, which is no model on the Hub`,
      'Merge the adapter into its base first, and give the merged model.',
    );
  });
}

/** The absolute path of what is, or looks like, a local folder. */
async function localFolder(name: string, cwd: string): Promise<string | null> {
  const path = resolve(cwd, name.replace(/^~(?=$|[/\\])/, homedir()));
  if (/^(\.{1,2}|~|[A-Za-z]:)?[/\\]/.test(name) || name === '.') return path;
  const isFolder = await stat(join(path, 'config.json')).then(
    () => true,
    () => false,
  );
  return isFolder ? path : null;
}

/** Where the newest finished run left its model. Runs that were going on when last seen are asked first. */
async function lastModel(context: CommandContext): Promise<string> {
  const ledger = openLedger(context.home);
  for (const entry of (await ledger.list()).entries.filter(isOpen)) {
    const found = { job_id: entry.job?.job_id ?? '', backend: await backendOf(entry, context), entry };
    // One whose backend can't be asked now may be unfinished: it is not the last finished one.
    await currentJob(found, context).catch(() => null);
  }
  const output = lastCompleted((await ledger.list()).entries)?.plan.output;
  const model = output?.folder ?? output?.repo_id;
  if (!model) {
    throw new TrainerError(
      'usage',
      'no_last_model',
      'no run has finished yet, so there is no last model',
      'Give a model by name; `hf-llm-trainer ps --all` lists the runs.',
    );
  }
  return model;
}

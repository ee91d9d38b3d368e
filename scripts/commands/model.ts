import { stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { readPictureRules } from '../dataset/pictures/read-rules.ts';
import type { PictureRules } from '../dataset/pictures/rules.ts';
import { type ModelText, readModelText } from '../dataset/tokenizer/model-text.ts';
import { TrainerError } from '../errors.ts';
import type { ModelFiles } from '../hub/model-files.ts';
import { openHubModel } from '../hub/models.ts';
import { HUB_ID, resolveName } from '../hub/search.ts';
import { isOpen, lastCompleted, openLedger } from '../jobs/ledger.ts';
import { openModelFolder } from '../planner/model-facts/folder.ts';
import { adapterBase, type ModelFacts, readModelFacts } from '../planner/model-facts.ts';
import { preview } from '../printable.ts';
import { checkAdapterKind } from './adapter-kind.ts';
import type { CommandContext } from './context.ts';
import { backendOf, currentJob } from './jobs.ts';

/**
 * The model that a person means: `last`, a local folder, a Hub id, or a name. `revision` pins a Hub model. `sources`: its
 * files and, of an adapter, its base's.
 * Throws TrainerError `usage`, `auth` or `network`.
 */
export async function resolveModel(
  name: string,
  context: CommandContext,
  revision: string | null,
): Promise<ResolvedModel> {
  const { files, note } = await openModel(name, context, revision);
  const opened = [files];
  const facts = await readModelFacts(files, async (id) => {
    await checkAdapterKind(opened.at(-1) ?? files);
    const base = await openBase(files, id, context);
    opened.push(base);
    return base;
  });
  const pictures = facts.vision ? await readPictureRules(opened) : null;
  return { facts, text: () => readText(opened, context), pictures, sources: opened, note };
}

interface ResolvedModel {
  facts: ModelFacts;
  text: ModelTextSource;
  /** How its processor reads pictures; null where it reads none. */
  pictures: PictureRules | null;
  sources: readonly ModelFiles[];
  note: string | null;
}

/** Reads the tokenizer and the chat template when they are needed, or says why it can't. */
export type ModelTextSource = () => Promise<ModelText | { why: string }>;

/** The same without the rest of the model. Throws TrainerError `usage`: no such model. */
export async function resolveModelText(
  name: string,
  context: CommandContext,
): Promise<{ text: ModelText | { why: string }; pictures?: PictureRules; note: string | null }> {
  try {
    const { files, note } = await openModel(name, context, null);
    const base = files.files.includes('tokenizer.json') ? null : await adapterBase(files);
    const opened = base === null ? [files] : [files, await openBase(files, base, context)];
    const text = await readText(opened, context);
    const sees = await seesPictures(opened);
    if (!('templates' in text) || sees === null) return { text, note };
    const pictures = sees ? { pictures: await readPictureRules(opened) } : {};
    return { text: { ...text, templates: { ...text.templates, sees } }, ...pictures, note };
  } catch (error) {
    return { text: unreadable(error), note: null };
  }
}

/** By the configuration of the model or, of an adapter, its base; null where none of these files is it. */
async function seesPictures(opened: readonly ModelFiles[]): Promise<boolean | null> {
  for (const files of opened) {
    const config = await files.json('config.json');
    if (typeof config === 'object' && config !== null)
      return 'vision_config' in config && config.vision_config !== null;
  }
  return null;
}

async function readText(opened: readonly ModelFiles[], context: CommandContext): Promise<ModelText | { why: string }> {
  try {
    return await readModelText(opened, context.now().getTime());
  } catch (error) {
    return unreadable(error);
  }
}

/** A model that can't be reached, or whose files are broken, says nothing about the data. */
function unreadable(error: unknown): { why: string } {
  if (error instanceof TrainerError && CANNOT_READ.some((each) => each === error.kind || each === error.code)) {
    return { why: `${error.message.replace(/\.$/, '')} (${error.hint.replace(/\.$/, '')})` };
  }
  throw error;
}

const CANNOT_READ = ['auth', 'network', 'broken_json', 'broken_model', 'file_too_large'];

async function openModel(
  name: string,
  context: CommandContext,
  revision: string | null,
): Promise<{ files: ModelFiles; note: string | null }> {
  if (name === 'last') {
    const model = await lastModel(context);
    const { files } = await openModel(model, context, null);
    return { files, note: `"last" is ${model}, of the newest finished run` };
  }
  const folder = await localFolder(name, context.cwd);
  if (folder) return { files: await openModelFolder(folder), note: null };
  const { id, note } = await resolveName(context.hub, 'model', name);
  return { files: await openHubModel(context.hub, id, revision), note };
}

async function openBase(adapter: ModelFiles, base: string, context: CommandContext): Promise<ModelFiles> {
  // An adapter's base is what a file of its repository says. One from the Hub has no say about this machine's files.
  const folder = adapter.source === 'local' ? await localFolder(base, context.cwd) : null;
  if (folder) return openModelFolder(folder);
  if (HUB_ID.test(base)) return openHubModel(context.hub, base);
  throw new TrainerError(
    'usage',
    'bad_base_model',
    `the adapter ${adapter.id} names "${preview(base)}" as its base, which is no model on the Hub`,
    'Merge the adapter into its base first, and give the merged model.',
  );
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

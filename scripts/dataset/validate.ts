import { TrainerError } from '../errors.ts';
import type { Hub } from '../hub/client.ts';
import { resolveName } from '../hub/search.ts';
import type { Method } from '../plan/methods.ts';
import { preview } from '../printable.ts';
import { checkSample } from './check-sample.ts';
import type { MakeTrials, Progress } from './checked.ts';
import { checkFiles } from './every-row/check.ts';
import type { Threads } from './every-row/threads.ts';
import { exampleOf } from './example.ts';
import { hubSource, wholeHubSource } from './hub-source.ts';
import { columnKinds } from './kinds.ts';
import { diskFiles, type Files } from './local/files.ts';
import { localSplit } from './local/source.ts';
import { checkMapping, parseMapping } from './mapping.ts';
import type { MethodRules } from './methods/method.ts';
import { METHOD_RULES } from './methods/table.ts';
import type { PictureRules } from './pictures/rules.ts';
import { recommend } from './recommend.ts';
import { parseReference } from './reference.ts';
import type { DatasetReport } from './report.ts';
import type { FileSplit, RowSource, SeenRow } from './rows.ts';
import { withModelCounts } from './tokenizer/counts.ts';
import type { ModelText } from './tokenizer/model-text.ts';
import { RowSample } from './tokenizer/row-sample.ts';
import { judgeLengths } from './tokenizer/too-long.ts';
import { MethodTrial } from './trial.ts';

export interface ValidateOptions {
  /** Only this one; all that are known without. */
  method?: Method | undefined;
  config?: string | undefined;
  split?: string | undefined;
  /** `new=old`, as `--map` has it. */
  map?: readonly string[] | undefined;
  /** Rows that can't train are left out instead of being a reason against the dataset. */
  dropInvalid?: boolean | undefined;
  /** Every row of a Hub dataset instead of a sample. Local data is always read whole. */
  full?: boolean | undefined;
  /** Tokens at which sequences are cut, as TRL's `max_length`, for the share that is; 1024 without. */
  maxLength?: number | undefined;
}

/** What opening a dataset takes. */
export interface OpenParams {
  /** As a person gives it: Hub id or name, hf:// or https:// address, path. */
  reference: string;
  options?: ValidateOptions | undefined;
  hub: Hub;
  /** Absolute; relative paths start here. */
  cwd: string;
  /** Says what `~` means. */
  env: { HOME?: string | undefined; USERPROFILE?: string | undefined };
  signal?: AbortSignal | undefined;
  files?: Files | undefined;
  /** Milliseconds to wait for one answer of the dataset viewer. */
  patience?: number | undefined;
}

export interface ValidateParams extends OpenParams {
  /** The same dataset, where `openDataset` has begun on it already. */
  opened?: Promise<RowSource | FileSplit> | undefined;
  /** Called with the first rows, as the data have them. */
  see?: ((row: SeenRow) => void) | undefined;
  /** Ends the reading of every row with a report on those that were seen. */
  stop?: AbortSignal | undefined;
  /** How to check rows in several threads; one does without. */
  threads?: Threads | undefined;
  /** Tokenizer and chat template of the model that is to learn from the data, or why they can't be had. */
  model?: ModelText | { why: string } | undefined;
  /** How the model's processor reads pictures. */
  pictures?: PictureRules | undefined;
  /** Called now and then. */
  progress?: ((now: Progress) => void) | undefined;
}

/**
 * What a dataset is good for. Throws TrainerError `usage` (no such dataset or file, ambiguous name, unknown split,
 * column or method), `data` (broken file, no rows), `auth`, `network`.
 */
export async function validateDataset(params: ValidateParams): Promise<DatasetReport> {
  const { options = {} } = params;
  const rules = rulesFor(options.method);
  const mapping = parseMapping(options.map ?? []);
  const model = params.model && 'templates' in params.model ? params.model : null;
  const templates = model?.templates;
  const sample = model ? new RowSample() : undefined;
  const makeTrials: MakeTrials = (columns, mixed, head) => {
    if (mapping) checkMapping(mapping, columns);
    const rows = head.map(({ row }) => row);
    const known = { kinds: columnKinds(columns, rows), mixed, head: rows, templates, pictures: params.pictures };
    return rules.map((rule) => new MethodTrial(rule, known, mapping, head));
  };
  const checks = { ...params, templates, sample };
  const opened = await (params.opened ?? openDataset(params));
  const { source, trials, seen, head } =
    'parts' in opened ? await checkFiles(opened, makeTrials, checks) : await checkSample(opened, makeTrials, checks);
  for (const row of head) params.see?.(row);
  const [first] = head;
  const complete = seen === source.rows_total;
  const known = model && sample?.complete && complete ? { model, rows: sample.rows } : null;
  const reports = (dropInvalid: boolean): DatasetReport['methods'] => {
    const found = Object.fromEntries(trials.map((trial) => [trial.method, trial.report(dropInvalid)]));
    return known ? judgeLengths(found, { ...known, maxLength: options.maxLength, dropInvalid }) : found;
  };
  const methods = reports(options.dropInvalid ?? false);
  const best = recommend(methods, reports(true));
  const fitting = trials.filter(({ method }) => methods[method] && methods[method].verdict !== 'INCOMPATIBLE');
  const counted = fitting.find(({ method }) => method === best?.method) ?? fitting[0];
  const scale = (source.rows_total ?? seen) / seen;
  const tokens = counted?.tokens(scale);
  const pictures = counted?.pictures(scale);
  const sampled =
    !complete && options.dropInvalid && fitting.some(({ method }) => (methods[method]?.invalid_rows ?? 0) > 0);
  const report: DatasetReport = {
    ...source,
    rows_seen: seen,
    complete,
    methods,
    recommended: best?.method ?? null,
    recommended_because: best?.because ?? null,
    ...(tokens ? { tokens } : {}),
    ...(pictures ? { pictures } : {}),
    notes: [
      ...source.notes,
      ...(sampled ? ['The rows left out are those of the sample; the split may have more.'] : []),
    ],
    ...(first ? { example: exampleOf(first) } : {}),
  };
  return params.model ? withModelCounts(report, params.model, sample, options.maxLength) : report;
}

function rulesFor(asked: Method | undefined): readonly MethodRules[] {
  const rules = METHOD_RULES.filter(({ method }) => asked === undefined || method === asked);
  if (rules.length > 0) return rules;
  throw new TrainerError(
    'usage',
    'unknown_method',
    `data for "${preview(asked ?? '')}" can't be checked`,
    `Methods: ${METHOD_RULES.map(({ method }) => method).join(', ')}`,
  );
}

/** The split and its first rows. Throws as `validateDataset`. */
export async function openDataset(params: OpenParams): Promise<RowSource | FileSplit> {
  const { hub, files = diskFiles, cwd, env, signal, patience, options = {} } = params;
  const { split, config } = options;
  const userHome = env.HOME ?? env.USERPROFILE ?? cwd;
  const reference = await parseReference(params.reference, { files, cwd, userHome, endpoint: hub.endpoint });
  if (reference.kind === 'local') return localSplit(files, reference.path, { config, split });
  const { id, note } = await resolveName(hub, 'dataset', reference.name);
  const read = options.full ? wholeHubSource : hubSource;
  const source = await read(hub, {
    id,
    revision: reference.revision,
    config: config ?? reference.config ?? undefined,
    split: split ?? reference.split ?? undefined,
    full: options.full ?? false,
    viewer: { signal, patience },
  });
  if (note === null) return source;
  if (!('parts' in source)) return { ...source, notes: [note, ...source.notes] };
  return { ...source, facts: { ...source.facts, notes: [note, ...source.facts.notes] } };
}

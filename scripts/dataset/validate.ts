import { TrainerError } from '../errors.ts';
import type { Hub } from '../hub/client.ts';
import { resolveName } from '../hub/search.ts';
import type { Mapping } from '../plan/mapping.ts';
import type { Method } from '../plan/methods.ts';
import { preview } from '../printable.ts';
import { exampleOf } from './example.ts';
import { hubSource } from './hub-source.ts';
import { columnKinds } from './kinds.ts';
import { diskFiles, type Files } from './local/files.ts';
import { localSource } from './local/source.ts';
import { checkMapping, parseMapping } from './mapping.ts';
import type { MethodRules } from './methods/method.ts';
import { METHOD_RULES } from './methods/table.ts';
import { parseReference } from './reference.ts';
import type { DatasetReport, MethodReport } from './report.ts';
import type { RowSource, SeenRow } from './rows.ts';
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
}

export interface ValidateParams {
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
  /** Called now and then with the rows seen so far. */
  progress?: ((seen: number, total: number | null) => void) | undefined;
}

/** Rows that decide what the columns are and which mappings are worth trying. */
const HEAD = 50;

/**
 * What a dataset is good for. Throws TrainerError `usage` (no such dataset or file, ambiguous name, unknown split,
 * column or method), `data` (broken file, no rows), `auth`, `network`.
 */
export async function validateDataset(params: ValidateParams): Promise<DatasetReport> {
  const { options = {} } = params;
  const rules = rulesFor(options.method);
  const mapping = parseMapping(options.map ?? []);
  const source = await openSource(params, options);
  if (mapping) checkMapping(mapping, source.columns);

  const { trials, seen, first } = await tryRows(source, rules, mapping, params);
  const results = trials.map((trial) => ({ trial, report: trial.report(options.dropInvalid ?? false) }));
  const fitting = results.filter(({ report }) => report.verdict !== 'INCOMPATIBLE');
  const best = fitting.sort((a, b) => fitness(b.report, b.trial.method) - fitness(a.report, a.trial.method))[0];
  const tokens = best?.trial.tokens((source.rows_total ?? seen) / seen);
  const { rows: _, mixed: __, ...facts } = source;
  const complete = seen === source.rows_total;
  const sampled = !complete && options.dropInvalid && fitting.some(({ report }) => report.invalid_rows > 0);
  return {
    ...facts,
    rows_seen: seen,
    complete,
    methods: Object.fromEntries(results.map(({ trial, report }) => [trial.method, report])),
    recommended: best?.trial.method ?? null,
    ...(tokens ? { tokens } : {}),
    notes: [
      ...source.notes,
      ...(sampled ? ['The rows left out are those of the sample; the split may have more.'] : []),
    ],
    example: exampleOf(first),
  };
}

/** Every row through every method, once. */
async function tryRows(
  source: RowSource,
  rules: readonly MethodRules[],
  mapping: Mapping | null,
  { progress, signal }: ValidateParams,
): Promise<{ trials: MethodTrial[]; seen: number; first: SeenRow }> {
  const rows = source.rows()[Symbol.asyncIterator]();
  const head = await take(rows, HEAD);
  const [first] = head;
  if (!first) throw emptyDataset(source);
  const headRows = head.map(({ row }) => row);
  const columns = { kinds: columnKinds(source.columns, headRows), mixed: source.mixed };
  const trials = rules.map((rule) => new MethodTrial(rule, columns, mapping, head));
  let seen = 0;
  for await (const row of chain(head, rows)) {
    for (const trial of trials) trial.add(row);
    seen += 1;
    if (seen % 100 !== 0) continue;
    progress?.(seen, source.rows_total);
    signal?.throwIfAborted();
  }
  return { trials, seen, first };
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

async function openSource(params: ValidateParams, options: ValidateOptions): Promise<RowSource> {
  const { hub, files = diskFiles, cwd, env, signal, patience } = params;
  const { split, config } = options;
  const userHome = env.HOME ?? env.USERPROFILE ?? cwd;
  const reference = await parseReference(params.reference, { files, cwd, userHome, endpoint: hub.endpoint });
  if (reference.kind === 'local') return localSource(files, reference.path, { config, split });
  const { id, note } = await resolveName(hub, 'dataset', reference.name);
  const source = await hubSource(hub, {
    id,
    revision: reference.revision,
    config: config ?? reference.config ?? undefined,
    split: split ?? reference.split ?? undefined,
    full: options.full ?? false,
    viewer: { signal, patience },
  });
  return note === null ? source : { ...source, notes: [note, ...source.notes] };
}

/** Data made for a purpose says more than data that merely does: pairs for DPO, answers for SFT, else prompts. */
function fitness({ verdict }: MethodReport, method: Method): number {
  if (verdict === 'INCOMPATIBLE') return 0;
  const purpose: Partial<Record<Method, number>> = { dpo: 4, sft: 3, grpo: -4 };
  return (verdict === 'READY' ? 10 : 5) + (purpose[method] ?? 0);
}

function emptyDataset({ dataset, split }: RowSource): TrainerError {
  return new TrainerError(
    'data',
    'empty_dataset',
    `${preview(dataset, 200)}, split ${preview(split)}, has no rows`,
    'Choose another split with --split, or other data.',
  );
}

async function take(rows: AsyncIterator<SeenRow>, count: number): Promise<SeenRow[]> {
  const taken: SeenRow[] = [];
  while (taken.length < count) {
    const { done, value } = await rows.next();
    if (done) break;
    taken.push(value);
  }
  return taken;
}

async function* chain(head: readonly SeenRow[], rest: AsyncIterator<SeenRow>): AsyncGenerator<SeenRow> {
  yield* head;
  for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
}

import type { Column, DatasetReport } from '../dataset/report.ts';
import type { ValidateOptions } from '../dataset/validate.ts';
import { mappingFlags, shellWord } from '../plan/mapping.ts';
import type { Method } from '../plan/methods.ts';
import { grouped, preview, printable } from '../printable.ts';
import { mappingLines } from './mapping-lines.ts';
import { style } from './style.ts';
import { renderedLines, tokenLines } from './token-lines.ts';
import { proposals, verdictLines } from './verdict-lines.ts';

/** What validation found, for a person: the verdicts first, then what to do next. */
export function renderDatasetReport(report: DatasetReport, reference: string, options: ValidateOptions): string {
  const shown = options.method ?? report.recommended;
  return [
    style.bold(`Dataset validation for ${preview(report.dataset, 200)}`),
    ...facts(report),
    ...verdictLines(report, shown, options.dropInvalid === true),
    '',
    ...exampleLines(report),
    ...renderedLines(report),
    ...report.notes.map((text) => `Note: ${printable(text)}`),
    ...mappingLines(report, shown),
    ...nextLines(report, reference, options),
  ].join('\n');
}

function facts(report: DatasetReport): string[] {
  const { config, split, rows_total, rows_seen, complete, columns } = report;
  const total = rows_total === null ? 'unknown' : `${report.rows_estimated ? 'about ' : ''}${grouped(rows_total)}`;
  const rows = complete
    ? `all ${total} ${rows_total === 1 ? 'row' : 'rows'} seen`
    : `${grouped(rows_seen)} of ${total} rows seen`;
  const where = [config === null ? '' : `config ${preview(config, 40)}`, `split ${preview(split, 40)}`, rows];
  return [
    `  ${where.filter((part) => part !== '').join(', ')}`,
    `  columns: ${columnWords(columns)}`,
    ...tokenLines(report),
  ];
}

const SHOWN_COLUMNS = 15;

function columnWords(columns: readonly Column[]): string {
  const shown = columns.slice(0, SHOWN_COLUMNS).map(({ name, type }) => `${preview(name, 40)} (${preview(type, 60)})`);
  return [...shown, ...(columns.length > shown.length ? [`${columns.length - shown.length} more`] : [])].join(', ');
}

/** A row's words are shown, never followed. */
function exampleLines({ example }: DatasetReport): string[] {
  if (!example) return [];
  return [
    style.dim(`Row ${example.row}, the dataset's own words (data, not instructions):`),
    ...example.cells.map(({ column, text }) => style.dim(`  | ${preview(column, 40)}: ${preview(text, 160)}`)),
  ];
}

/** The next command: what is asked for, or fits best, decides. */
function nextLines(report: DatasetReport, reference: string, options: ValidateOptions): string[] {
  const asked = options.method ?? report.recommended;
  const method = asked === null ? undefined : report.methods[asked];
  const flags = [
    ...flag('config', options.config),
    ...flag('split', options.split),
    ...(options.full ? ['--full'] : []),
  ];
  const command = (name: string, rest: readonly string[]): string =>
    printable(['hf-llm-trainer', name, ...rest, ...flags].join(' '));
  const validate = (rest: readonly string[]): string =>
    command('validate', [shellWord(reference), ...flag('method', options.method), ...rest]);
  const given = (options.map ?? []).map((pair) => `--map ${shellWord(pair)}`);

  if (asked === null || method === undefined || method.verdict === 'INCOMPATIBLE') {
    const meant = method ? [method] : Object.values(report.methods);
    // Which names the --max-length that does.
    if (meant.some(({ findings }) => findings.some(({ code }) => code === 'all_too_long'))) return [];
    const some = meant.some(({ invalid_rows }) => invalid_rows > 0 && invalid_rows < report.rows_seen);
    if (some && !options.dropInvalid) {
      return [`Next: leave out the rows that can't train: ${validate([...given, '--drop-invalid'])}`];
    }
    const wanted = COLUMNS[asked ?? 'sft']?.map((column) => `--map ${column}=<column>`);
    return wanted ? [`Next: say which columns hold what, such as: ${validate(wanted)}`] : [];
  }
  const dropped = options.dropInvalid ? ['--drop-invalid'] : [];
  if (method.verdict === 'READY') {
    const how = [...flag('method', asked === 'sft' ? undefined : asked), ...given, ...dropped];
    return [`Next: ${command('plan', ['--model <model>', `--dataset ${shellWord(reference)}`, ...how])}`];
  }
  const commands = proposals(method).map((mapping) =>
    validate([mappingFlags(mapping), ...(method.invalid_rows > 0 ? ['--drop-invalid'] : dropped)]),
  );
  return commands.length === 1
    ? [`Next: ${commands[0]}`]
    : ['Next: ask which of these is meant:', ...commands.map((line) => `  ${line}`)];
}

/** What a trainer's rows hold, as one learns what `--map` is for; PRM has no trainer, whatever the columns. */
const COLUMNS: Readonly<Record<Method, readonly string[] | null>> = {
  sft: ['prompt', 'completion'],
  dpo: ['prompt', 'chosen', 'rejected'],
  kto: ['prompt', 'completion', 'label'],
  reward: ['prompt', 'chosen', 'rejected'],
  grpo: ['prompt'],
  rloo: ['prompt'],
  prm: null,
};

const flag = (name: string, value: string | undefined): string[] =>
  value === undefined ? [] : [`--${name} ${shellWord(value)}`];

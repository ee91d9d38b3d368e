import type { Column, DatasetReport, MethodReport, TokenStatistics } from '../dataset/report.ts';
import type { ValidateOptions } from '../dataset/validate.ts';
import { type Mapping, mappingFlags, shellWord } from '../plan/mapping.ts';
import { type Method, PLANNED } from '../plan/methods.ts';
import type { Finding } from '../plan/schema.ts';
import { preview, printable } from '../printable.ts';
import { style } from './style.ts';
import { count } from './units.ts';

/** What validation found, for a person: the verdicts first, then what to do next. */
export function renderDatasetReport(report: DatasetReport, reference: string, options: ValidateOptions): string {
  const methods = Object.entries(report.methods);
  return [
    style.bold(`Dataset validation for ${preview(report.dataset, 200)}`),
    ...facts(report),
    ...methods.flatMap(([name, method]) => ['', ...methodLines(name, method, options.dropInvalid === true)]),
    '',
    ...exampleLines(report),
    ...report.notes.map((text) => `Note: ${printable(text)}`),
    ...nextLines(report, reference, options),
  ].join('\n');
}

function facts(report: DatasetReport): string[] {
  const { config, split, rows_total, rows_seen, complete, columns, tokens } = report;
  const total = rows_total === null ? 'unknown' : number(rows_total);
  const rows = complete
    ? `all ${total} ${rows_total === 1 ? 'row' : 'rows'} seen`
    : `${number(rows_seen)} of ${total} rows seen`;
  const where = [config === null ? '' : `config ${preview(config, 40)}`, `split ${preview(split, 40)}`, rows];
  return [
    `  ${where.filter((part) => part !== '').join(', ')}`,
    `  columns: ${columnWords(columns)}`,
    ...(tokens ? [`  tokens: ${tokenWords(tokens)}`] : []),
  ];
}

const SHOWN_COLUMNS = 15;

function columnWords(columns: readonly Column[]): string {
  const shown = columns.slice(0, SHOWN_COLUMNS).map(({ name, type }) => `${preview(name, 40)} (${preview(type, 60)})`);
  return [...shown, ...(columns.length > shown.length ? [`${columns.length - shown.length} more`] : [])].join(', ');
}

function tokenWords({ total, p50, p95, max, estimated }: TokenStatistics): string {
  const how = estimated ? ' (estimated from characters)' : '';
  return `about ${count(total)} in all; a row has ${number(p50)} (median), ${number(p95)} (95th percentile), ${number(max)} at the most${how}`;
}

const VERDICTS = {
  READY: style.green('✓ READY'),
  NEEDS_MAPPING: style.yellow('→ NEEDS MAPPING'),
  INCOMPATIBLE: style.red('✗ INCOMPATIBLE'),
} as const;

function methodLines(name: string, report: MethodReport, dropped: boolean): string[] {
  return [
    `${name.toUpperCase()}: ${VERDICTS[report.verdict]}`,
    ...(report.verdict === 'READY' ? [`  ${why(report)}`] : []),
    ...report.findings.map((finding) => `  ${findingLine(finding)}`),
    ...(report.verdict === 'NEEDS_MAPPING'
      ? proposals(report).map((mapping) => `  ${printable(mappingFlags(mapping))}`)
      : []),
    ...(report.verdict === 'READY' && report.invalid_rows > 0
      ? [`  ${dropped ? 'left out' : 'with --drop-invalid left out'}: ${number(report.invalid_rows)} of the rows seen`]
      : []),
  ];
}

function why({ format, conversational, mapping }: MethodReport): string {
  const kind = conversational ? 'conversations of {role, content}' : 'text';
  const found = {
    'language-modeling': conversational ? `\`messages\` holds ${kind}` : '`text` holds text',
    'prompt-completion': `\`prompt\` and \`completion\` hold ${kind}`,
    'prompt-only': `\`prompt\` holds ${kind}`,
    preference: `\`chosen\` and \`rejected\` hold ${kind}`,
    'unpaired-preference': `\`prompt\` and \`completion\` hold ${kind}, \`label\` says which are good`,
  }[format ?? 'language-modeling'];
  return mapping ? `With ${printable(mappingFlags(mapping))}: ${found}` : found;
}

const KINDS: Record<Finding['kind'], string> = {
  fails: style.red('fails'),
  drops: style.yellow('left out'),
  harms: style.yellow('harms'),
  note: style.dim('note'),
};

function findingLine({ kind, message, count: rows, rows: first }: Finding): string {
  const more = rows > first.length ? ', ...' : '';
  const where = first.length > 0 ? ` (${number(rows)} ${rows === 1 ? 'row' : 'rows'}: ${first.join(', ')}${more})` : '';
  return `${KINDS[kind]}: ${printable(message)}${where}`;
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
    const some = Object.values(report.methods).some(
      (each) => each.invalid_rows > 0 && each.invalid_rows < report.rows_seen,
    );
    return some && !options.dropInvalid
      ? [`Next: leave out the rows that can't train: ${validate([...given, '--drop-invalid'])}`]
      : [];
  }
  const dropped = options.dropInvalid ? ['--drop-invalid'] : [];
  if (method.verdict === 'READY') {
    if (!(PLANNED as readonly Method[]).includes(asked))
      return [`Next: this version plans ${PLANNED.join(', ')}; ${asked} data is checked only.`];
    return [`Next: ${command('plan', ['--model <model>', `--dataset ${shellWord(reference)}`, ...given, ...dropped])}`];
  }
  const commands = proposals(method).map((mapping) =>
    validate([mappingFlags(mapping), ...(method.invalid_rows > 0 ? ['--drop-invalid'] : dropped)]),
  );
  return commands.length === 1
    ? [`Next: ${commands[0]}`]
    : ['Next: ask which of these is meant:', ...commands.map((line) => `  ${line}`)];
}

/** Methods that `plan` takes. */

const flag = (name: string, value: string | undefined): string[] =>
  value === undefined ? [] : [`--${name} ${shellWord(value)}`];
const number = (value: number): string => value.toLocaleString('en');

const proposals = ({ mapping, other_mappings }: MethodReport): Mapping[] => [
  ...(mapping ? [mapping] : []),
  ...(other_mappings ?? []),
];

import type { DatasetReport, MethodReport } from '../dataset/report.ts';
import { type Mapping, mappingFlags } from '../plan/mapping.ts';
import type { Finding } from '../plan/schema.ts';
import { grouped, preview, printable } from '../printable.ts';
import { style } from './style.ts';

const VERDICTS = {
  READY: style.green('✓ READY'),
  NEEDS_MAPPING: style.yellow('→ NEEDS MAPPING'),
  INCOMPATIBLE: style.red('✗ INCOMPATIBLE'),
} as const;
const ORDER = Object.keys(VERDICTS);

/** One line a method, what fits first; all that is known of the one that was asked for or fits best. */
export function verdictLines(report: DatasetReport, shown: string | null, dropped: boolean): string[] {
  const methods = Object.entries(report.methods);
  const detailed = shown ?? (methods.length === 1 ? methods[0]?.[0] : undefined);
  const others = methods
    .filter(([name]) => name !== detailed)
    .sort(([, a], [, b]) => ORDER.indexOf(a.verdict) - ORDER.indexOf(b.verdict));
  const own = detailed === undefined ? undefined : methods.find(([name]) => name === detailed);
  const because = detailed === report.recommended ? report.recommended_because : null;
  return [
    ...(own ? ['', ...detailLines(own[0], own[1], { dropped, because: methods.length > 1 ? because : null })] : []),
    ...(others.length > 0 ? ['', ...others.map(([name, method]) => shortLine(name, method))] : []),
  ];
}

function detailLines(
  name: string,
  report: MethodReport,
  { dropped, because }: { dropped: boolean; because: string | null },
): string[] {
  const best = because === null ? '' : ` (fits best: ${because})`;
  return [
    `${name.toUpperCase()}: ${VERDICTS[report.verdict]}${best}`,
    ...(report.harmful ? [`  ${style.red('Most rows train on something else than they seem to: read on.')}`] : []),
    ...(report.verdict === 'READY' ? [`  ${why(report)}`] : []),
    ...findingsShown(report.findings).map((line) => `  ${line}`),
    ...(report.verdict === 'NEEDS_MAPPING'
      ? proposals(report).map((mapping) => `  ${printable(mappingFlags(mapping))}`)
      : []),
    ...(report.verdict === 'READY' && report.invalid_rows > 0
      ? [`  ${dropped ? 'left out' : 'with --drop-invalid left out'}: ${grouped(report.invalid_rows)} of the rows seen`]
      : []),
  ];
}

const NAME_WIDTH = 8;
const REASON_LENGTH = 110;

function shortLine(name: string, report: MethodReport): string {
  const [first] = report.findings.filter(({ kind }) => kind !== 'note');
  const mapping = proposals(report).map((each) => printable(mappingFlags(each)));
  const reason =
    report.verdict === 'NEEDS_MAPPING' && mapping[0] !== undefined
      ? `${mapping[0]}${mapping.length > 1 ? ` (or ${mapping.length - 1} more)` : ''}`
      : first
        ? `${report.harmful ? style.red('most rows harmed: ') : ''}${preview(first.message, REASON_LENGTH)}${rowsOf(first)}`
        : why(report);
  return `${`${name.toUpperCase()}:`.padEnd(NAME_WIDTH)} ${VERDICTS[report.verdict]}  ${reason}`;
}

function why({ format, conversational, vision, mapping }: MethodReport): string {
  const kind = `${conversational ? 'conversations of {role, content}' : 'text'}${vision ? ', with pictures: for a vision-language model' : ''}`;
  const found = {
    'language-modeling': conversational ? `\`messages\` holds ${kind}` : '`text` holds text',
    'prompt-completion': `\`prompt\` and \`completion\` hold ${kind}`,
    'prompt-only': `\`prompt\` holds ${kind}`,
    preference: `\`chosen\` and \`rejected\` hold ${kind}`,
    'unpaired-preference': `\`label\` says which are good, \`prompt\` and \`completion\` hold ${kind}`,
  }[format ?? 'language-modeling'];
  return mapping ? `With ${printable(mappingFlags(mapping))}: ${found}` : found;
}

const KINDS: Record<Finding['kind'], string> = {
  fails: style.red('fails'),
  drops: style.yellow('left out'),
  harms: style.yellow('harms'),
  note: style.dim('note'),
};
const STAGES: Record<NonNullable<Finding['stage']>, string> = {
  load: 'reading the rows',
  init: 'making the trainer',
  map: 'preparing the rows',
  train: 'in training',
};

const SHOWN_FINDINGS = 6;

/** The worst come first; a screen holds so many. */
function findingsShown(findings: readonly Finding[]): string[] {
  const more = findings.length - SHOWN_FINDINGS;
  return [
    ...findings.slice(0, SHOWN_FINDINGS).flatMap(findingLines),
    ...(more > 0 ? [style.dim(`and ${more} more: --json has all`)] : []),
  ];
}

function findingLines(finding: Finding): string[] {
  const { kind, message, stage, error } = finding;
  const where = kind === 'fails' && stage ? ` ${STAGES[stage]}` : '';
  const line = `${KINDS[kind]}${where}: ${printable(message)}${rowsOf(finding)}`;
  return kind === 'fails' && error ? [line, style.dim(`  TRL says ${printable(error)}`)] : [line];
}

function rowsOf({ count: rows, rows: first }: Finding): string {
  if (first.length === 0) return '';
  const more = rows > first.length ? ', ...' : '';
  return ` (${grouped(rows)} ${rows === 1 ? 'row' : 'rows'}: ${first.join(', ')}${more})`;
}

export const proposals = ({ mapping, other_mappings }: MethodReport): Mapping[] => [
  ...(mapping ? [mapping] : []),
  ...(other_mappings ?? []),
];

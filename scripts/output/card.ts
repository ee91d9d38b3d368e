import { type Mapping, shellWord } from '../plan/mapping.ts';
import type { Finding, Plan } from '../plan/schema.ts';
import { valueText } from '../plan/value-text.ts';
import { preview, printable } from '../printable.ts';
import { style } from './style.ts';
import { count, duration, money, rate } from './units.ts';

/**
 * The review card: what the person says yes to, one screen. Order as in the design: model and data, how,
 * hardware, time and cost, where it goes and who sees it, what could go wrong, the digest, one question.
 */
export function renderCard(plan: Plan, digest: string, path: string): string {
  const { hardware, output } = plan;
  const local = hardware.backend === 'local';
  const rows: [string, string | string[]][] = [
    ['Model', modelLine(plan)],
    ['Data', dataLines(plan)],
    ['Method', methodLines(plan)],
    ['Hardware', hardwareLine(plan)],
    ['Memory', memoryLine(plan)],
    ['Time', timeLine(plan)],
    ['Cost', local ? 'nothing: it runs on this machine' : costLine(plan)],
    ['Model goes', outputLine(plan)],
    [
      'Curves',
      output.trackio.space_id
        ? `Trackio, Space ${output.trackio.space_id} (private)`
        : `Trackio on this machine, project ${output.trackio.project}`,
    ],
    ['Uploaded', uploadLine(plan)],
    ['Watch out', riskLines(plan)],
  ];
  const body = rows.flatMap(([label, lines]) => row(label, Array.isArray(lines) ? lines : [lines]));
  const question = local ? 'Start it?' : `Submit it? It can bill ${money(plan.limits.max_usd)} at the most.`;
  return [
    style.bold(`Fine-tune ${shortName(plan.model.id)} on ${shortName(plan.dataset.id)}`),
    ...body,
    ...alternatives(plan),
    '',
    `Digest  ${digest}`,
    `Plan    ${printable(path)}`,
    style.dim(`A yes means: hf-llm-trainer submit ${printable(shellWord(path))} --approve ${digest}`),
    style.bold(question),
  ].join('\n');
}

const INDENT = 12;

function row(label: string, lines: string[]): string[] {
  return lines
    .filter((line) => line !== '')
    .map((line, index) => `${style.dim((index === 0 ? label : '').padEnd(INDENT))}${printable(line)}`);
}

const commit = (revision: string | null): string => (revision ? ` @${revision.slice(0, 8)}` : '');

function modelLine(plan: Plan): string {
  const { model } = plan;
  const adapter = model.adapter ? `, with the adapter ${model.adapter.id}${commit(model.adapter.revision)} merged` : '';
  return `${model.id}${commit(model.revision)}, ${count(model.parameters)} parameters${adapter}`;
}

function dataLines(plan: Plan): string[] {
  const { dataset } = plan;
  const where = [dataset.config && `config ${preview(dataset.config)}`, `split ${preview(dataset.split)}`]
    .filter(Boolean)
    .join(', ');
  const total = dataset.rows.total === null ? 'an unknown number of' : dataset.rows.total.toLocaleString('en');
  const held = dataset.evaluation ? `, ${dataset.evaluation.rows} held out for evaluation` : '';
  const first = dataset.examples === null ? '' : ' (a demo)';
  return [
    `${dataset.id}${commit(dataset.revision)}, ${where}`,
    `${dataset.rows.used.toLocaleString('en')} of ${total} rows${first}${held}`,
    ...dataset.rows.left_out.map((part) => `left out: ${part.count} rows, ${part.message}`),
    dataset.mapping ? `columns: ${columnWords(dataset.mapping)}; all others are left out` : '',
  ];
}

function columnWords({ columns }: Mapping): string {
  return columns
    .map(({ to, from }) => (to === from ? preview(to) : `${preview(to)} from ${preview(valueText(from), 200)}`))
    .join(', ');
}

const MODE = { full: 'all weights', lora: 'LoRA adapter', qlora: 'QLoRA adapter on a 4-bit base' } as const;

function methodLines(plan: Plan): string[] {
  const { recipe } = plan;
  const args = recipe.training_args;
  const batch = Number(args.per_device_train_batch_size) * Number(args.gradient_accumulation_steps);
  return [
    `${plan.method.toUpperCase()}, ${MODE[recipe.mode]}, ${recipe.precision}, learning rate ${rate(Number(args.learning_rate))}, batch ${batch}, ${recipe.total_steps} steps`,
    ...plan.why.map(({ what, because }) => `${what}: ${because}`),
  ];
}

function hardwareLine(plan: Plan): string {
  const { hardware, estimate } = plan;
  if (hardware.backend === 'local') return `this machine: ${hardware.label}`;
  const source =
    estimate.price_source === 'live'
      ? 'live price'
      : `price of ${plan.made.price_as_of}, the catalogue could not be reached`;
  return `${hardware.flavor} (${hardware.label}), ${money(hardware.usd_per_hour)} an hour (${source})`;
}

function memoryLine(plan: Plan): string {
  const { hardware, estimate } = plan;
  const has = hardware.gpu_memory_gib ?? hardware.ram_gib;
  const kind = hardware.gpu_memory_gib === null ? 'RAM' : 'GPU memory';
  const used = estimate.gpu_memory_gib;
  if (has === null) return `about ${used} GiB of ${kind} (estimate)`;
  return `about ${used} of ${has} GiB of ${kind}, ${Math.round((100 * used) / has)}% full (estimate)`;
}

function timeLine({ estimate, limits, request }: Plan): string {
  const range = estimate.seconds_range;
  const likely = range ? `, likely ${duration(range[0])} to ${duration(range[1])}` : '';
  const margin = request.timeout === undefined ? 'twice that or the end of the range, and 15 min' : 'as asked for';
  return `about ${duration(estimate.seconds)}${likely}; stopped after ${duration(limits.timeout_seconds)} (${margin})`;
}

function costLine(plan: Plan): string {
  return `about ${money(plan.estimate.usd)}; at the most ${money(plan.limits.max_usd)} (the whole timeout)`;
}

function outputLine(plan: Plan): string {
  const { output } = plan;
  const seen = output.private ? 'private' : style.yellow('PUBLIC: everyone can see it');
  const repo = output.repo_id ? `${output.repo_id}, ${seen}` : '';
  return [repo, output.folder ?? ''].filter(Boolean).join('; ');
}

function uploadLine(plan: Plan): string {
  const { upload, files } = plan.dataset;
  if (upload) return `${files.length} data file(s) to ${upload.repo_id} (a private dataset repository)`;
  if (plan.hardware.backend === 'local' && plan.output.repo_id === null) return 'nothing';
  return plan.output.repo_id ? 'the trained model and the curves, nothing else' : 'nothing';
}

function riskLines(plan: Plan): string[] {
  const of = (...kinds: Finding['kind'][]): string[] =>
    kinds
      .flatMap((kind) => plan.findings.filter((finding) => finding.kind === kind))
      .map(({ message, count }) => `${message}${count > 0 ? ` (${count} of the rows seen)` : ''}`);
  const lines = [...of('fails', 'harms', 'drops'), ...plan.notes, ...of('note')];
  if (plan.output.repo_id && !plan.output.private) {
    lines.push('The model will be public: everyone can read its card and script, and ask it for what it learned');
  }
  if (plan.limits.timeout_seconds < plan.estimate.seconds) {
    lines.push('It is stopped before it is expected to end: the model then is a checkpoint; raise --timeout');
  }
  if (plan.hardware.backend === 'hf' && plan.estimate.max_usd > 5 && plan.dataset.examples === null) {
    lines.push('This is a long run: a demo first costs cents: the same command with --examples 100');
  }
  return lines.length > 0 ? lines : ['nothing found'];
}

function alternatives(plan: Plan): string[] {
  if (plan.alternatives.length === 0) return [];
  const lines = plan.alternatives
    .slice(0, 3)
    .map((other) => `${other.flavor} (${other.recipe}): ${duration(other.seconds)}, ${money(other.usd)}`);
  return row('Instead', [lines.join('   ')]);
}

/** The last part of a Hub id or a path. */
const shortName = (id: string): string => preview(id.split(/[/\\]/).at(-1) ?? id, 60);

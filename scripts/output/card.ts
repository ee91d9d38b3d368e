import { type Mapping, shellWord } from '../plan/mapping.ts';
import type { Plan } from '../plan/schema.ts';
import { valueText } from '../plan/value-text.ts';
import { grouped, preview, printable } from '../printable.ts';
import { choiceLines } from './choices-table.ts';
import { type Demo, demoLines, type NoDemo } from './demo-line.ts';
import { launchLine } from './launch-line.ts';
import { riskLines } from './risk-lines.ts';
import { style } from './style.ts';
import { count, duration, many, money, rate } from './units.ts';
import { wrap } from './wrap.ts';

/**
 * The review card: what the person says yes to, one screen. Order as in the design: model and data, how,
 * hardware, time and cost, where it goes and who sees it, what could go wrong, the digest, one question.
 */
export function renderCard(plan: Plan, digest: string, path: string, demo: Demo | NoDemo | null = null): string {
  const { hardware, output } = plan;
  const local = hardware.backend === 'local';
  const rows: [string, string | string[]][] = [
    ['Model', modelLine(plan)],
    ['Data', dataLines(plan)],
    ['Method', methodLines(plan)],
    ['Hardware', [hardwareLine(plan), launchLine(plan)]],
    ['Memory', memoryLine(plan)],
    ['Time', timeLine(plan)],
    ['Cost', local ? 'nothing: it runs on this machine' : costLine(plan)],
    ['Model goes', outputLine(plan)],
    [
      'Curves',
      output.trackio.space_id
        ? `go to Trackio, Space ${output.trackio.space_id} (private)`
        : `stay in Trackio on this machine, project ${output.trackio.project}`,
    ],
    ['Uploaded', uploadLines(plan)],
    ['Watch out', riskLines(plan)],
  ];
  const body = rows.flatMap(([label, lines]) => row(label, Array.isArray(lines) ? lines : [lines]));
  const question = local ? 'Start it?' : `Submit it? It can bill ${money(plan.limits.max_usd)} at the most.`;
  return [
    style.bold(`Fine-tune ${shortName(plan.model.id)} on ${shortName(plan.dataset.id)}`),
    ...body,
    ...row('Choices', choiceLines(plan)),
    ...row('Demo', demoLines(demo, path)),
    '',
    `Digest  ${digest}`,
    style.dim(`A yes means: hf-llm-trainer submit ${printable(shellWord(path))} --approve ${digest}`),
    style.bold(question),
  ].join('\n');
}

const INDENT = 12;
/** Of the card, but for commands, which are copied, and words that are longer. */
const COLUMNS = 110;

function row(label: string, lines: string[]): string[] {
  return lines
    .filter((line) => line !== '')
    .map((line) => preview(line, Number.POSITIVE_INFINITY))
    .flatMap((line) => (line.startsWith('hf-llm-trainer ') ? [line] : wrap(line, COLUMNS - INDENT)))
    .map((line) => line.replace(PUBLIC, style.yellow('PUBLIC: everyone can see it')))
    .map((line, index) => `${style.dim((index === 0 ? label : '').padEnd(INDENT))}${line}`);
}

/** Its spaces are none to break at: it is seen whole. */
const PUBLIC = 'PUBLIC:\u00a0everyone\u00a0can\u00a0see\u00a0it';

const commit = (revision: string | null): string => (revision ? ` @${revision.slice(0, 8)}` : '');

function modelLine(plan: Plan): string {
  const { model } = plan;
  const adapter = model.adapter ? `, adapter ${model.adapter.id}${commit(model.adapter.revision)} merged` : '';
  return `${model.id}${commit(model.revision)}, ${count(model.parameters)} parameters${adapter}`;
}

function dataLines(plan: Plan): string[] {
  const { dataset } = plan;
  const where = [dataset.config && `config ${preview(dataset.config)}`, `split ${preview(dataset.split)}`]
    .filter(Boolean)
    .join(', ');
  const used = grouped(dataset.rows.used);
  const total = dataset.rows.total === null ? 'an unknown number of' : grouped(dataset.rows.total);
  const held = dataset.evaluation ? `, ${dataset.evaluation.rows} held out for evaluation` : '';
  const first = dataset.examples === null ? '' : ' (a demo)';
  return [
    `${dataset.id}${commit(dataset.revision)}, ${where}: ${used} of ${total} ${total === '1' ? 'row' : 'rows'}${first}${held}`,
    ...dataset.rows.left_out.map((part) => `left out: ${many(part.count, 'row')}, ${part.message}`),
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
  const accumulated = Number(args.per_device_train_batch_size) * Number(args.gradient_accumulation_steps);
  const batch = plan.launch.processes * accumulated;
  return [
    `${plan.method.toUpperCase()}, ${MODE[recipe.mode]}, ${recipe.precision}, learning rate ${rate(Number(args.learning_rate))}, batch ${batch}, ${args.packing === true ? 'about ' : ''}${many(recipe.total_steps, 'step')}`,
    setLine(plan),
    ...plan.why.map(({ what, because }) => `${what}: ${because}`),
  ];
}

/** Every argument that `--set` gave, as it was given. */
function setLine({ request }: Plan): string {
  const given = Object.entries(request.set ?? {}).map(
    ([name, value]) => `${preview(name)}=${preview(typeof value === 'string' ? value : JSON.stringify(value))}`,
  );
  return given.length > 0 ? `--set: ${given.join(', ')}` : '';
}

function hardwareLine(plan: Plan): string {
  const { hardware, estimate } = plan;
  if (hardware.backend === 'local') return `this machine: ${hardware.label}`;
  const source =
    estimate.price_source === 'live' ? 'live price' : `price of ${plan.made.price_as_of}, without the live catalogue`;
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
  const margin = request.timeout === undefined ? 'its timeout' : 'as asked for';
  return `about ${duration(estimate.seconds)}${likely}; stopped after ${duration(limits.timeout_seconds)} (${margin})`;
}

function costLine(plan: Plan): string {
  return `about ${money(plan.estimate.usd)}; at the most ${money(plan.limits.max_usd)} (the whole timeout)`;
}

function outputLine(plan: Plan): string {
  const { output } = plan;
  const seen = output.private ? 'private' : PUBLIC;
  const repo = output.repo_id ? `${output.repo_id}, ${seen}` : '';
  return [repo, output.folder ?? ''].filter(Boolean).join('; ');
}

/** What leaves this machine, or the one that trains. */
function uploadLines({ dataset, output, recipe, model: from }: Plan): string[] {
  const { upload, files } = dataset;
  const { repo_id, bucket } = output;
  const trained = recipe.mode !== 'full' && from.adapter === null ? 'adapter' : 'model';
  const { save_steps } = recipe.training_args;
  const midway = typeof save_steps !== 'number' || save_steps < recipe.total_steps;
  const checkpoint = midway ? 'its newest checkpoint while it trains' : 'a checkpoint only where it is stopped';
  const lines = [
    upload ? `${many(files.length, 'data file')} to ${upload.repo_id} (a private dataset repository)` : '',
    repo_id ? `to its repository: the trained ${trained}, card and train.py${bucket ? '' : `; ${checkpoint}`}` : '',
    bucket ? `to the bucket ${bucket.id} (private): ${checkpoint}; the model, if it can't be pushed` : '',
  ].filter(Boolean);
  return lines.length > 0 ? lines : ['nothing'];
}

/** The last part of a Hub id or a path. */
const shortName = (id: string): string => preview(id.split(/[/\\]/).at(-1) ?? id, 60);

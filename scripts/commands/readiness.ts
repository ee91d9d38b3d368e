import type { DatasetReport, MethodReport } from '../dataset/report.ts';
import { TrainerError } from '../errors.ts';
import { mappingFlags, shellWord } from '../plan/mapping.ts';
import { type Planned, SEEING } from '../plan/methods.ts';
import type { Request } from '../plan/request.ts';
import type { ModelFacts } from '../planner/model-facts.ts';
import { unknownTargets } from './unknown-targets.ts';

/** The report for the method, if the data can train with it. Throws TrainerError `data`: what to map, or what is wrong. */
export function readyReport(dataset: DatasetReport, method: Planned): MethodReport {
  const report = dataset.methods[method];
  if (report?.verdict === 'READY') return report;
  const again = 'hf-llm-trainer plan ... ';
  if (report?.verdict === 'NEEDS_MAPPING' && report.mapping) {
    const proposals = [report.mapping, ...(report.other_mappings ?? [])].map((mapping) => mappingFlags(mapping));
    throw new TrainerError(
      'data',
      'needs_mapping',
      `the columns of ${dataset.dataset} need a mapping for ${method.toUpperCase()}: ${proposals.join('   or   ')}`,
      proposals.length > 1
        ? 'Ask the person which of these is meant, and give it to the same command.'
        : `Give it to the same command: ${again}${proposals[0]}`,
    );
  }
  const validate = `hf-llm-trainer validate ${shellWord(dataset.dataset)}`;
  const reasons = (report?.findings ?? [])
    .filter((finding) => finding.kind === 'fails')
    .map((finding) => finding.message);
  const unknown = unknownTargets(report?.mapping ?? null, [method]);
  if (unknown !== null) reasons.unshift(unknown);
  const invalid = report?.invalid_rows ?? 0;
  throw new TrainerError(
    'data',
    'data_not_ready',
    `${dataset.dataset} can't train with ${method.toUpperCase()}: ${reasons.join('; ') || 'no fitting columns'}`,
    invalid > 0 && invalid < dataset.rows_seen
      ? `Leave those rows out with --drop-invalid, or see all findings: ${validate}`
      : report?.findings.some(({ code }) => code === NO_TEMPLATE)
        ? withTemplate(method)
        : `See all findings: ${validate} --method ${method}`,
  );
}

/**
 * Pictures need a model that sees, and none of what TRL does to text alone. Throws TrainerError `usage`.
 */
export function checkPictures(facts: ModelFacts, report: MethodReport, method: Planned, request: Request): void {
  if (!report.vision) return;
  const without = `where the text makes sense alone, keep its columns only: --map <column>=<column>`;
  if (!SEEING.includes(method)) {
    throw new TrainerError(
      'usage',
      'pictures_not_supported',
      `the rows carry pictures, and ${method.toUpperCase()} is planned for text only`,
      `Of pictures learn: ${SEEING.join(', ')}. Or, ${without}`,
    );
  }
  if (!facts.vision) {
    throw new TrainerError(
      'usage',
      'model_sees_nothing',
      `the rows carry pictures, and ${facts.id} reads text only`,
      `Choose a vision-language model, such as SmolVLM or Qwen-VL. Or, ${without}`,
    );
  }
  const refused = ONLY_TEXT.find((name) => request.set?.[name] === true);
  if (refused) {
    throw new TrainerError(
      'usage',
      'bad_argument',
      `--set ${refused}=true: TRL refuses it where rows carry pictures`,
      'Change or leave out this --set.',
    );
  }
}

const ONLY_TEXT = ['packing', 'padding_free', 'precompute_ref_log_probs'];

/** Conversations are rendered by the model's chat template; a base model often has none. Throws TrainerError `data`. */
export function checkTemplate(facts: ModelFacts, report: MethodReport, request: Request): void {
  if (!report.conversational || facts.has_chat_template || request.set?.chat_template_path !== undefined) return;
  throw new TrainerError(
    'data',
    NO_TEMPLATE,
    `the data are conversations, and ${facts.id} has no chat template to render them`,
    withTemplate(request.method),
  );
}

const NO_TEMPLATE = 'no_chat_template';

/** SFTConfig and RewardConfig take another model's. */
const withTemplate = (method: Planned | undefined): string =>
  method === undefined || method === 'sft' || method === 'reward'
    ? 'Take the instruction-tuned version of the model, or lend a template: --set chat_template_path=<model id>'
    : 'Take the instruction-tuned version of the model.';

import { basename } from 'node:path';
import type { PlanDraft } from '../plan/schema.ts';
import type { Part } from './collect-parts.ts';
import { described, type Fact, facts, shown, shownValue } from './markdown.ts';
import { usage } from './model-card-use.ts';
import { pythonLiteral, pythonText } from './python-literal.ts';

/** What of the model's card the plan knows, as the last part of a script. */
export const cardPart = (plan: PlanDraft): Part => ({
  docstring: "The model's card; what the run fills stands in braces.",
  imports: [],
  // Its lines are as long as a paragraph of Markdown.
  body: `CARD = ${pythonText(modelCard(plan))}  # noqa: E501`,
});

/**
 * Markdown. What the run fills is a line of its own, `{results}` for example; no text from elsewhere is ever a
 * whole line.
 */
export function modelCard(plan: PlanDraft): string {
  const { model, dataset, recipe, output } = plan;
  // Of the repository, or of the folder.
  const name = output.repo_id ?? basename(output.folder ?? 'model');
  const isAdapter = recipe.mode !== 'full' && model.adapter === null;
  const method = plan.method === 'reward' ? 'reward modeling' : plan.method.toUpperCase();
  const how = { full: 'every weight', lora: 'LoRA adapters', qlora: 'LoRA adapters on a base in 4 bits' };
  return [
    '---',
    ...metadata(plan, isAdapter),
    '---',
    '',
    `# ${shown(name.split('/').at(-1) ?? '')}`,
    '',
    ...(output.repo_id === null ? [] : ['{unfinished}']),
    `Fine-tuned from ${described(model)} on ${described(dataset)} with ${method} ` +
      `([TRL](https://github.com/huggingface/trl)), training ${how[recipe.mode]}.`,
    '',
    ...usage(plan, name, isAdapter),
    '{results}',
    '## Data',
    '',
    ...facts(dataFacts(dataset)),
    '',
    '## Training',
    '',
    ...facts(trainingFacts(plan)),
    '',
    '`train.py` is the script that trained it, `plan.json` what it was told.',
    '',
  ].join('\n');
}

/** YAML, as the Hub reads it. */
function metadata({ model, dataset, method }: PlanDraft, isAdapter: boolean): string[] {
  const texts = method === 'reward' ? 'text-classification' : 'text-generation';
  return [
    ...(model.source === 'hub' ? [`base_model: ${yamlText(model.id)}`] : []),
    ...(dataset.source === 'hub' ? ['datasets:', `- ${yamlText(dataset.id)}`] : []),
    `library_name: ${isAdapter ? 'peft' : 'transformers'}`,
    `pipeline_tag: ${dataset.vision && method !== 'reward' ? 'image-text-to-text' : texts}`,
    'tags:',
    ...['trl', method, 'hf-llm-trainer', ...(isAdapter ? ['lora'] : [])].map((tag) => `- ${tag}`),
  ];
}

/** The escapes of Python's strings are YAML's, too. */
const yamlText = (text: string): string => (/^[a-z0-9][\w.-]*\/[\w.-]+$/i.test(text) ? text : pythonLiteral(text));

function dataFacts({ config, split, examples, evaluation, mapping, rows }: PlanDraft['dataset']): Fact[] {
  const lines: Fact[] = [['split', `${shown(config ?? '')} ${shown(split)}`.trim()]];
  if (examples !== null) lines.push(['rows', `the first ${examples} of a shuffle`]);
  if (evaluation !== null) lines.push(['held out for evaluation', `${evaluation.rows} rows at most`]);
  for (const { to, from } of mapping?.columns ?? []) {
    const source = typeof from === 'string' ? shown(from) : 'several columns, as in `plan.json`';
    lines.push(['column', `${shown(to)} made of ${source}`]);
  }
  for (const { message, count } of rows.left_out) lines.push(['left out', `${shown(message)} (${count} rows seen)`]);
  return lines;
}

function trainingFacts({ hardware, recipe, reward, output }: PlanDraft): (Fact | string)[] {
  const space = output.trackio.space_id;
  return [
    '{steps}',
    ['trained on', shown(hardware.label)],
    '{time}',
    ...(hardware.usd_per_hour > 0 ? ['{cost}'] : []),
    '{tokens}',
    ...Object.entries({ ...recipe.lora, ...recipe.training_args }).map(
      ([name, value]): Fact => [shown(name), shownValue(value)],
    ),
    ...(reward ?? []).map((one): Fact => ['reward', shown(one.kind === 'builtin' ? one.name : one.function)]),
    ...(space === null ? [] : [['curves', `Trackio Space ${shown(space)}`] satisfies Fact]),
  ];
}

import { basename } from 'node:path';
import { TrainerError } from '../errors.ts';
import { sha256 } from '../plan/digest.ts';
import type { JsonValue } from '../plan/json.ts';
import type { Plan, PlanDraft } from '../plan/schema.ts';
import { PARTS } from './parts.ts';
import { pythonLiteral } from './python-literal.ts';
import { type Import, parseModule, renderImports, selectRegions } from './python-source.ts';
import { EXCLUDE_NEWER, REQUIRES_PYTHON, scriptDependencies } from './requirements.ts';

/** The plan with its script's hash, Python range and packages. */
export function completePlan(draft: PlanDraft): Plan {
  const { sha256 } = composeScript(draft);
  return {
    ...draft,
    script: { sha256, requires_python: REQUIRES_PYTHON, dependencies: scriptDependencies(draft) },
  };
}

/**
 * One readable Python file that does what the plan says: a PEP 723 header, the plan as a literal, and of our
 * modules those that this run needs. The same plan gives the same bytes.
 * Throws TrainerError `usage` for a method that has no trainer here yet.
 */
export function composeScript(plan: PlanDraft): { script: string; sha256: string } {
  if (!(plan.method in PARTS)) {
    throw new TrainerError(
      'usage',
      'method_not_supported',
      `no training script for ${plan.method} yet`,
      'Plan with --method sft.',
    );
  }
  if (plan.dataset.source === 'local' && plan.dataset.evaluation?.from === 'split') {
    throw new TrainerError(
      'usage',
      'local_evaluation_split',
      `local data has no split ${plan.dataset.evaluation.split} to evaluate on`,
      'Hold out a share of the rows.',
    );
  }
  const parts = collectParts(plan);
  const script = [
    header(plan),
    renderImports(parts.flatMap((part) => part.imports)),
    `PLAN: dict[str, Any] = ${pythonLiteral(decisions(plan), 0, 'PLAN: dict[str, Any] = '.length)}`,
    ...parts.map(({ docstring, body }) => `\n${RULE}\n${comment(docstring)}\n\n\n${body}`),
  ].join('\n\n');
  return { script: `${script}\n`, sha256: sha256(`${script}\n`) };
}

interface Part {
  docstring: string;
  imports: Import[];
  body: string;
}

/** `run` and what it imports, directly or not, each after what it needs itself. */
function collectParts(plan: PlanDraft): Part[] {
  const regions = regionsOf(plan);
  const parts = new Map<string, Part>();
  const visiting = new Set<string>();
  const visit = (name: string): void => {
    if (name === 'plan' || parts.has(name) || visiting.has(name)) return;
    visiting.add(name);
    const source = PARTS[name];
    if (source === undefined) throw new Error(`no Python module ${name} in scripts/training`);
    const { docstring, imports, body } = parseModule(selectRegions(source, regions));
    for (const { module } of imports) if (module.startsWith('.')) visit(ownModule(module, plan));
    parts.set(name, { docstring, body, imports: imports.filter(({ module }) => !module.startsWith('.')) });
  };
  visit('run');
  // PLAN's type.
  return [...parts.values()].map((part, at) => (at === 0 ? { ...part, imports: [...part.imports, TYPING] } : part));
}

const TYPING: Import = { module: 'typing', names: ['Any'] };

/** The run imports `.sft` for every method: each has a module of its name with the same function. */
function ownModule(module: string, plan: PlanDraft): string {
  const name = module.slice(1);
  return name === 'sft' ? plan.method : name;
}

/** Which of the marked regions belong to this run. */
function regionsOf({ model, dataset, recipe, output }: PlanDraft): Set<string> {
  const lora = recipe.mode !== 'full';
  const merged = lora && model.adapter !== null;
  // Trained here and pushed: the script names this machine's folders.
  const shared = output.repo_id !== null && output.folder !== null;
  const samples = dataset.format === 'prompt-completion' || dataset.conversational;
  const regions: Record<string, boolean> = {
    hub_data: dataset.source === 'hub',
    local_data: dataset.source === 'local',
    mapping: dataset.mapping !== null,
    drop_invalid: dataset.drop_invalid,
    evaluation: dataset.evaluation !== null,
    conversational: dataset.conversational,
    samples,
    prompts: dataset.format !== 'language-modeling',
    conversations: dataset.format === 'language-modeling',
    adapter: model.adapter !== null,
    lora,
    qlora: recipe.mode === 'qlora',
    merged_output: merged,
    whole_output: !merged,
    hub_output: output.repo_id !== null,
    folder_output: output.repo_id === null,
    own_script: !shared,
    shared_script: shared,
  };
  return new Set(Object.keys(regions).filter((name) => regions[name]));
}

/** What of the plan decides what runs. */
function decisions({ method, model, dataset, recipe, reward, limits, output }: PlanDraft): JsonValue {
  const { rows: _, ...data } = dataset;
  // Uploaded data is found by its files' names, and this machine's paths are nobody's business there.
  const travelling = { ...data, id: basename(data.id), files: data.files.map((file) => basename(file)) };
  return { method, model, dataset: data.upload ? travelling : data, recipe, reward, limits, output };
}

const RULE = `# ${'-'.repeat(98)}`;

function header(plan: PlanDraft): string {
  const { model, dataset, recipe, method } = plan;
  const mode = { full: 'all weights', lora: 'LoRA', qlora: 'QLoRA' }[recipe.mode];
  const dependencies = scriptDependencies(plan).map((dependency) => `#     "${dependency}",`);
  return [
    '# /// script',
    `# requires-python = "${REQUIRES_PYTHON}"`,
    '# dependencies = [',
    ...dependencies,
    '# ]',
    '#',
    '# [tool.uv]',
    `# exclude-newer = "${EXCLUDE_NEWER}"`,
    '# ///',
    `"""${method.toUpperCase()} of ${shown(model)} on ${shown(dataset)}: ${mode}, ${recipe.total_steps} steps.`,
    '',
    'Made by hf-llm-trainer from a plan; what it decides is PLAN, below. Runs with `uv run` and nothing else.',
    'Exit code 0: finished. 75: stopped before the last step, with a checkpoint; run again, it goes on from there.',
    '"""',
  ].join('\n');
}

/** A name inside the docstring: what could end it or disguise it becomes a question mark. */
function shown({ id, source }: Pick<PlanDraft['model'], 'id' | 'source'>): string {
  const name = source === 'local' ? basename(id) : id;
  return name.replace(/[^\p{L}\p{N}._/@: -]/gu, '?').slice(0, 100);
}

function comment(docstring: string): string {
  return docstring
    .trim()
    .split('\n')
    .map((line) => `# ${line}`.trimEnd())
    .join('\n');
}

import { basename } from 'node:path';
import { TrainerError } from '../errors.ts';
import { sha256 } from '../plan/digest.ts';
import type { JsonValue } from '../plan/json.ts';
import { isOnline, SEEING } from '../plan/methods.ts';
import type { Plan, PlanDraft } from '../plan/schema.ts';
import { collectParts, type Part, renderParts } from './collect-parts.ts';
import { mapRowModule } from './mapping-python.ts';
import { cardPart } from './model-card.ts';
import { PARTS } from './parts.ts';
import { pythonLiteral } from './python-literal.ts';
import { type Import, renderImports } from './python-source.ts';
import { regionsOf, TRAINERS } from './regions.ts';
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
 * Throws TrainerError `usage` for a reward too many or too few, and for pictures and a method for text.
 */
export function composeScript(plan: PlanDraft): { script: string; sha256: string } {
  if (isOnline(plan.method) !== (plan.reward !== null)) {
    throw new TrainerError(
      'usage',
      'reward_and_method',
      plan.reward ? `${plan.method} takes no reward` : `${plan.method} learns from a reward, and the plan has none`,
      'Plan GRPO and RLOO with --reward, other methods without.',
    );
  }
  if (plan.dataset.vision && !SEEING.includes(plan.method)) {
    throw new TrainerError(
      'usage',
      'pictures_not_supported',
      `the rows carry pictures, and ${plan.method} is planned for text only`,
      `Of pictures learn: ${SEEING.join(', ')}. Where the text makes sense alone, keep its columns only: --map <column>=<column>`,
    );
  }
  const parts = partsOf(plan);
  const imports = [...parts.flatMap((part) => part.imports), TYPING];
  const [first, start] = firstAndLast(parts.pop());
  const script = [
    header(plan),
    renderImports(imports, beforeTorch(plan)),
    `PLAN: dict[str, Any] = ${pythonLiteral(decisions(plan), 0, 'PLAN: dict[str, Any] = '.length)}`,
    // Read from the top: what happens, then how.
    ...renderParts([...first, ...parts, cardPart(plan)]),
    start,
  ].join('\n\n');
  return { script: `${script}\n`, sha256: sha256(`${script}\n`) };
}

/** What `run` needs, and `run`, the last. */
function partsOf(plan: PlanDraft): Part[] {
  return collectParts('run', regionsOf(plan), (name) => {
    // The run imports `.sft` for every method: each has a module with the same function. And so have the stores.
    if (name === 'sft') return PARTS[TRAINERS[plan.method]];
    if (name === 'hub_checkpoints' && plan.output.bucket) return PARTS.bucket_checkpoints;
    return name === 'map_row' && plan.dataset.mapping ? mapRowModule(plan.dataset.mapping) : PARTS[name];
  });
}

/** What a run does, and the lines that start it, which stand after all that they need. */
function firstAndLast(run: Part | undefined): [first: Part[], start: string] {
  if (run === undefined) return [[], ''];
  const at = run.body.indexOf('\nif __name__ == "__main__":');
  return [[{ ...run, body: run.body.slice(0, at).trimEnd() }], run.body.slice(at)];
}

/** PLAN's type. */
const TYPING: Import = { module: 'typing', names: ['Any'] };

/** What CUDA has to be told before torch is imported. */
function beforeTorch({ launch, hardware, recipe }: PlanDraft): string {
  if (hardware.accelerators === 0 || ['cpu', 'mps'].includes(hardware.flavor)) return '';
  // A process takes all GPUs that it sees, and TRL refuses more than one a process.
  const gpu = launch.processes === 1 ? ONE_GPU : [];
  // vLLM's own pools of memory don't go with it (vllm/config/vllm.py).
  return [...gpu, ...(recipe.training_args.use_vllm === true ? [] : GROWING)].join('\n');
}
const ONE_GPU = [
  '# Of several GPUs the first: more take a process each.',
  'os.environ["CUDA_VISIBLE_DEVICES"] = os.environ.get("CUDA_VISIBLE_DEVICES", "0").split(",")[0]',
];
const GROWING = [
  '# Memory that was reserved for one length of rows can be used for another.',
  'os.environ.setdefault("PYTORCH_ALLOC_CONF", "expandable_segments:True")',
];

/** What of the plan decides what runs. */
function decisions(plan: PlanDraft): JsonValue {
  const { method, recipe, reward, hardware, launch, limits, estimate } = plan;
  const { bucket, ...output } = plan.output;
  const { dequantize: _unpacked, ...model } = plan.model;
  const { rows, vision: _, ...others } = plan.dataset;
  const data = { ...others, left_out: rows.left_out };
  // Uploaded data is found by its files' names, and this machine's paths are nobody's business there.
  const travelling = { ...data, id: basename(data.id), files: data.files.map((file) => basename(file)) };
  return {
    method,
    model,
    dataset: data.upload ? travelling : data,
    recipe,
    reward,
    // For the model's card.
    hardware: { label: hardware.label, usd_per_hour: hardware.usd_per_hour },
    ...(launch.processes > 1 ? { launch } : {}),
    // What has to be kept of the time for saving and uploading.
    limits: { ...limits, stopping_seconds: estimate.stopping_seconds ?? 0 },
    output: { ...output, ...(bucket ? { bucket } : {}) },
  };
}

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
    `"""${method === 'reward' ? 'Reward model' : method.toUpperCase()} of ${shown(model)} on ${shown(dataset)}: ${mode}, ${recipe.total_steps} steps.`,
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

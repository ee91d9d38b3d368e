import { basename, join } from 'node:path';
import type { DatasetReport, MethodReport } from '../dataset/report.ts';
import { canonicalJson, sha256 } from '../plan/digest.ts';
import type { Planned } from '../plan/methods.ts';
import type { Request } from '../plan/request.ts';
import { PLAN_SCHEMA_VERSION, type Plan, type PlanDraft } from '../plan/schema.ts';
import type { ModelFacts } from './model-facts.ts';
import { launchOf } from './recipe/launch.ts';
import { cents, round } from './rounding.ts';
import { type Candidate, toAlternative } from './search/candidate.ts';
import { longRun } from './search/long-run.ts';
import type { Decision } from './workload.ts';

/** Everything that a plan is made of, already read and decided. */
export interface PlanInput {
  request: Request;
  method: Planned;
  facts: ModelFacts;
  dataset: DatasetReport;
  report: MethodReport;
  rows: { used: number; held_out: number };
  chosen: Candidate;
  alternatives: Candidate[];
  decisions: Decision[];
  backend: 'hf' | 'local';
  /** Owner of what is made on the Hub, and the Space for the curves; null where nothing goes there. */
  destinations: { namespace: string; trackio_space: string } | null;
  /** State directory, absolute. */
  home: string;
  price: { source: 'live' | 'snapshot' | 'free'; as_of: string | null };
  notes: string[];
  made: { at: string; by: string };
}

/** Image with uv and a C compiler (Triton needs one), the one that `hf jobs uv run` takes. */
const IMAGE = 'ghcr.io/astral-sh/uv:python3.12-bookworm';

/** Not below `/data`, where the official client mounts scripts. */
const BUCKET_MOUNT = '/checkpoints';

export function buildPlan(input: PlanInput): PlanDraft {
  const { chosen, facts, request, backend } = input;
  const { flavor } = chosen;
  const name = runName(input);
  const owned = (suffix: string): string => `${input.destinations?.namespace}/${name}${suffix}`;
  const repo = request.outputRepo ?? (backend === 'hf' ? owned('') : null);
  return {
    schema_version: PLAN_SCHEMA_VERSION,
    made: { ...input.made, price_as_of: input.price.as_of },
    request,
    method: input.method,
    model: {
      id: facts.id,
      source: facts.source,
      revision: facts.revision,
      parameters: facts.parameters,
      architecture: facts.architecture,
      ...(facts.dequantize ? { dequantize: facts.dequantize } : {}),
      adapter: facts.adapter,
    },
    dataset: planDataset(input, owned),
    recipe: chosen.recipe,
    reward: null,
    hardware: {
      backend,
      flavor: flavor.name,
      label: flavor.label,
      accelerators: flavor.accelerators,
      gpu_memory_gib: flavor.gpu_memory_gib,
      ram_gib: flavor.ram_gib,
      disk_gib: flavor.disk_gib,
      usd_per_hour: flavor.usd_per_hour,
      image: backend === 'hf' ? IMAGE : null,
    },
    launch: launchOf(chosen.strategy, flavor.accelerators, chosen.recipe.precision),
    limits: { timeout_seconds: chosen.timeout_seconds, max_usd: cents(chosen.max_usd) },
    output: {
      repo_id: repo,
      folder: backend === 'local' ? join(input.home, 'models', name) : null,
      private: request.public !== true,
      ...(request.bucket === undefined ? {} : { bucket: { id: request.bucket, mount_path: BUCKET_MOUNT } }),
      trackio: {
        project: name,
        run_name: name,
        space_id: backend === 'hf' ? (input.destinations?.trackio_space ?? null) : null,
        private: true,
      },
    },
    stages: [],
    estimate: {
      gpu_memory_gib: round(chosen.gpu_memory_gib, 1),
      gpu_memory_parts_gib: Object.fromEntries(
        Object.entries(chosen.memory).map(([part, gib]) => [part, round(gib, 2)]),
      ),
      tokens: chosen.tokens,
      seconds: Math.round(chosen.seconds),
      seconds_range: [Math.round(chosen.time.range[0]), Math.round(chosen.time.range[1])],
      seconds_parts: Object.fromEntries(
        Object.entries(chosen.time.parts).map(([part, seconds]) => [part, Math.round(seconds)]),
      ),
      stopping_seconds: Math.round(chosen.time.stopping),
      usd: cents(chosen.usd),
      max_usd: cents(chosen.max_usd),
      price_source: input.price.source,
    },
    alternatives: input.alternatives.map(toAlternative),
    why: input.decisions,
    // A plan that learns from a reward has one.
    findings: input.report.findings.filter(({ code }) => code !== 'reward_needed'),
    notes: [...input.notes, ...longRun(chosen), ...facts.notes, ...input.dataset.notes],
  };
}

function planDataset(input: PlanInput, owned: (suffix: string) => string): Plan['dataset'] {
  const { dataset, report, request, rows } = input;
  const left_out = report.findings
    .filter((finding) => finding.kind === 'drops' || (finding.kind === 'fails' && request.dropInvalid === true))
    .map(({ code, message, count }) => ({ code, message, count }));
  return {
    id: dataset.dataset,
    source: dataset.source,
    revision: dataset.revision,
    fingerprint: dataset.fingerprint,
    config: dataset.config,
    split: dataset.split,
    files: dataset.files,
    format: report.format ?? 'language-modeling',
    conversational: report.conversational ?? false,
    ...(report.vision ? { vision: true } : {}),
    rows: { total: dataset.rows_total, used: rows.used, left_out },
    examples: request.examples ?? null,
    drop_invalid: request.dropInvalid === true,
    mapping: report.mapping ?? null,
    evaluation: rows.held_out > 0 ? { from: 'share', rows: rows.held_out } : null,
    upload: input.backend === 'hf' && dataset.source === 'local' ? { repo_id: owned('-data'), private: true } : null,
  };
}

/**
 * `qwen3-0.6b-codeforces-cots-sft-3fa9c1`: readable, and with six digits of what was asked for and of what it
 * is made from, so that the same request has the same name and another one never writes over it.
 */
function runName(input: PlanInput): string {
  const { request, facts, dataset, chosen } = input;
  const identity = canonicalJson([
    // What was not asked for is kept by a plan that starts from another: the same work has the same name.
    { ...request, method: input.method, flavor: undefined },
    facts.revision,
    facts.adapter,
    dataset.revision ?? dataset.fingerprint,
    chosen.recipe,
    chosen.flavor.name,
  ]);
  const model = slug(facts.adapter?.id ?? facts.id, 30);
  return `${model}-${slug(dataset.dataset, 30)}-${input.method}-${sha256(identity).slice(0, 6)}`;
}

/** Letters, digits, dots and dashes of a name's last part: valid in a repository's name and in a path. */
function slug(id: string, max: number): string {
  const stem = basename(id).replace(/\.(jsonl?|csv|parquet)(\.gz)?$/i, '');
  const clean = stem
    .toLowerCase()
    .replace(/[^a-z0-9.]+/g, '-')
    .replace(/-?\.{2,}-?/g, '-')
    .slice(0, max)
    .replace(/^[-.]+|[-.]+$/g, '');
  // A model of ours that is trained again would grow at every stage.
  return clean.replace(/-(sft|dpo|kto|reward|grpo|rloo)-[0-9a-f]{6}$/, '') || 'model';
}

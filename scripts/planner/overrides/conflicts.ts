import type { TrainerError } from '../../errors.ts';
import { HUB_ID } from '../../hub/search.ts';
import type { JsonValue } from '../../plan/json.ts';
import { badValue, setWords } from '../overrides.ts';
import { isLoraArgument } from '../recipe/lora-arguments.ts';
import { keepsApart } from '../recipe/packing.ts';
import { whyNoVllm } from '../recipe/vllm.ts';
import type { Workload } from '../workload.ts';
import { hasOptimizer, OPTIMIZERS } from './optimizers.ts';

type Set = Readonly<Record<string, JsonValue>>;

/** A model on the Hub, `owner/name` or `owner/name@commit`; null for anything else. */
export function parseLender(text: string): { id: string; commit?: string } | null {
  const [, id = '', commit] = /^([^@]*)(?:@([0-9a-f]{40}))?$/.exec(text) ?? [];
  return HUB_ID.test(id) ? { id, ...(commit === undefined ? {} : { commit }) } : null;
}

/** Those that go by evaluations. */
const EVALUATING_SCHEDULERS = ['reduce_lr_on_plateau', 'greedy'];
/** And those that need one of these in `lr_scheduler_kwargs`. */
const SCHEDULER_NEEDS: Readonly<Record<string, string[]>> = {
  cosine_with_min_lr: ['min_lr', 'min_lr_rate'],
  cosine_warmup_with_min_lr: ['min_lr', 'min_lr_rate'],
  warmup_stable_decay: ['num_decay_steps'],
};

/**
 * What TRL or transformers refuse of arguments that are right one by one: together, with these data, and with the
 * packages of the script. Throws TrainerError `usage`.
 */
export function checkConflicts(work: Workload): void {
  const set = work.request.set ?? {};
  const refuse = (name: string, why: string): TrainerError => badValue(name, set[name] ?? null, why);
  if (set.chat_template_path != null && parseLender(String(set.chat_template_path)) === null) {
    throw refuse('chat_template_path', 'expected a model on the Hub that lends its template: <owner>/<name>');
  }
  if (set.optim !== undefined && !hasOptimizer(String(set.optim), work.request.lora === 'qlora')) {
    throw refuse('optim', `it needs packages that the script does not install; there are: ${OPTIMIZERS.join(', ')}`);
  }
  if (set.assistant_only_loss === true && work.report.conversational !== true) {
    throw refuse('assistant_only_loss', 'it is for conversations, and these rows are plain text');
  }
  if (work.method === 'sft' && Number(set.label_smoothing_factor ?? 0) > 0) {
    throw refuse(
      'label_smoothing_factor',
      'TRL makes the logits of the whole vocabulary for it, and is about to drop it',
    );
  }
  if (work.request.lora === 'off') {
    const [name] = Object.keys(set).filter(isLoraArgument);
    if (name !== undefined) throw refuse(name, 'it is for an adapter, and --lora off trains all weights');
  }
  if (set.packing === true && set.packing_strategy !== 'wrapped' && !keepsApart(work.facts)) {
    throw refuse('packing', `${work.facts.architecture} isn't known to keep packed rows apart`);
  }
  const withoutVllm = set.use_vllm === true ? whyNoVllm(work) : null;
  if (withoutVllm !== null) throw refuse('use_vllm', withoutVllm);
  const [unused] = set.use_vllm === true ? [] : Object.keys(set).filter((name) => name.startsWith('vllm_'));
  if (unused !== undefined)
    throw refuse(unused, `it is for vLLM, which is used for certain with --set use_vllm=true alone`);
  checkWorkers(set, refuse);
  checkScheduler(set, refuse);
  checkEvaluation(work, set, refuse);
}

type Refuse = (name: string, why: string) => TrainerError;

function checkWorkers(set: Set, refuse: Refuse): void {
  if (Number(set.dataloader_num_workers ?? 0) > 0) return;
  if (set.dataloader_prefetch_factor !== undefined) {
    throw refuse('dataloader_prefetch_factor', 'it needs dataloader_num_workers above 0');
  }
  if (set.dataloader_persistent_workers === true) {
    throw refuse('dataloader_persistent_workers', 'it needs dataloader_num_workers above 0');
  }
}

function checkScheduler(set: Set, refuse: Refuse): void {
  const needs = SCHEDULER_NEEDS[String(set.lr_scheduler_type)];
  if (!needs) return;
  const given = set.lr_scheduler_kwargs;
  const names = typeof given === 'object' && given !== null ? Object.keys(given) : [];
  if (needs.some((name) => names.includes(name))) return;
  throw refuse('lr_scheduler_type', `it needs --set lr_scheduler_kwargs='{"${needs[0]}": ...}'`);
}

/** What looks at the loss on rows held out, and when. */
function checkEvaluation(work: Workload, set: Set, refuse: Refuse): void {
  const strategy = set.eval_strategy ?? (work.eval_rows > 0 ? 'steps' : 'no');
  const wanting = [
    ...(strategy !== 'no' ? ['eval_strategy'] : []),
    ...(set.eval_on_start === true ? ['eval_on_start'] : []),
    ...evaluating(set),
  ];
  const [name] = wanting;
  if (work.eval_rows === 0 && name !== undefined) {
    const why = work.request.examples === undefined ? 'there are too few rows' : 'of a demo';
    throw refuse(name, `it evaluates, and no rows are held out for that: ${why}`);
  }
  const [going] = evaluating(set);
  if (strategy === 'no' && going !== undefined) throw refuse(going, 'it goes by evaluations, and eval_strategy is no');
  if (set.load_best_model_at_end !== true) return;
  if (strategy !== 'steps') {
    throw refuse('load_best_model_at_end', 'checkpoints are saved by steps: leave eval_strategy out');
  }
  const [every, saved] = [set.eval_steps, set.save_steps];
  if (every !== undefined && saved !== undefined && Number(saved) % Number(every) === 0) return;
  if (every === undefined && saved === undefined) return;
  const given = [['eval_steps', every] as const, ['save_steps', saved] as const]
    .flatMap(([each, value]) => (value === undefined ? [] : [setWords(each, value)]))
    .join(', ');
  throw refuse(
    'load_best_model_at_end',
    `save_steps must be a multiple of eval_steps; give both or neither (${given})`,
  );
}

const evaluating = (set: Set): string[] => [
  ...(set.load_best_model_at_end === true ? ['load_best_model_at_end'] : []),
  ...(EVALUATING_SCHEDULERS.includes(String(set.lr_scheduler_type)) ? ['lr_scheduler_type'] : []),
];

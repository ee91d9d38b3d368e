import { extname } from 'node:path';
import { isRenaming } from '../plan/mapping.ts';
import type { Planned } from '../plan/methods.ts';
import type { PlanDraft } from '../plan/schema.ts';
import { seesPictures } from './requirements.ts';
import { rewardRegions } from './reward-parts.ts';

/** The module with `make_trainer`, by method. */
export const TRAINERS: Readonly<Record<Planned, string>> = {
  sft: 'sft',
  dpo: 'dpo',
  kto: 'kto',
  reward: 'reward_model',
  grpo: 'grpo',
  rloo: 'rloo',
};

/** Which of the marked regions belong to this run. */
export function regionsOf({
  method,
  model,
  dataset,
  recipe,
  reward,
  hardware,
  output,
  launch,
}: PlanDraft): Set<string> {
  const lora = recipe.mode !== 'full';
  const merged = lora && model.adapter !== null;
  // Trained here and pushed: the script names this machine's folders.
  const shared = output.repo_id !== null && output.folder !== null;
  const pairs = dataset.format === 'preference';
  const vision = dataset.vision === true;
  const seeing = vision || seesPictures(model);
  const hubModel = model.source === 'hub' || model.adapter?.source === 'hub';
  const lender = recipe.training_args.chat_template_path != null;
  const several = launch.processes > 1;
  const sharded = isSharded({ launch });
  // No process has a whole model that could answer or score; gathered for each token, it would take dozens of steps' time.
  const samples = !sharded && method !== 'reward' && (dataset.format !== 'language-modeling' || dataset.conversational);
  const regions: Record<string, boolean> = {
    hub_data: dataset.source === 'hub',
    local_data: dataset.source === 'local',
    ...fileKinds(dataset),
    upload: dataset.upload !== null,
    mapping: dataset.mapping !== null,
    made_columns: dataset.source === 'hub' && dataset.mapping !== null && !isRenaming(dataset.mapping),
    drop_invalid: dataset.drop_invalid,
    evaluation: dataset.evaluation !== null,
    evaluation_alone: dataset.evaluation !== null && !several,
    evaluation_together: dataset.evaluation !== null && several,
    copies: several && !sharded,
    examples: dataset.examples !== null,
    divided: dataset.examples !== null || dataset.evaluation !== null,
    conversational: dataset.conversational,
    assistant_only: recipe.training_args.assistant_only_loss === true,
    samples,
    scores: method === 'reward' && !sharded,
    kto: method === 'kto',
    ranked: method === 'dpo' || method === 'reward',
    measures: method !== 'sft',
    counted: reward === null,
    reward_model: method === 'reward',
    seeing_model: seeing,
    blind_model: !seeing,
    blindfolded: seeing && !vision && method !== 'reward',
    vision,
    text: !vision,
    pairs,
    prompts: dataset.format !== 'language-modeling' && !pairs,
    conversations: dataset.format === 'language-modeling',
    hub_model: hubModel,
    local_model: !hubModel,
    lender,
    lent_text: lora,
    lent_tokens: !lora,
    snapshots: hubModel || lender,
    adapter: model.adapter !== null,
    packed_weights: model.dequantize !== undefined,
    lora,
    qlora: recipe.mode === 'qlora',
    vllm: recipe.training_args.use_vllm === true,
    merged_one: model.adapter !== null && !several,
    merged_first: model.adapter !== null && several,
    merged_output: merged,
    whole_output: !merged,
    paid: hardware.usd_per_hour > 0,
    space: output.trackio.space_id !== null,
    no_space: output.trackio.space_id === null,
    hub_output: output.repo_id !== null,
    bucket: output.bucket !== undefined,
    folder_output: output.repo_id === null,
    own_script: !shared,
    shared_script: shared,
    processes: several,
    one_process: !several,
    ...rewardRegions(reward),
  };
  return new Set(Object.keys(regions).filter((name) => regions[name]));
}

/** Whether each process holds a part of the model only. */
export function isSharded({ launch }: Pick<PlanDraft, 'launch'>): boolean {
  return launch.accelerate?.distributed_type === 'FSDP';
}

/** How local files are read, by the ends of their names. */
function fileKinds({ files }: PlanDraft['dataset']): Record<string, boolean> {
  const names = files.map((file) => file.toLowerCase());
  const suffixes = names.map((name) => extname(name.replace(/\.gz$/, '')));
  const known = ['.parquet', '.csv', '.json'];
  return {
    ...Object.fromEntries(known.map((suffix) => [suffix.slice(1), suffixes.includes(suffix)])),
    json_lines: suffixes.some((suffix) => !known.includes(suffix)),
    text_files: suffixes.some((suffix) => suffix !== '.parquet'),
    gz: names.some((name) => name.endsWith('.gz')),
  };
}

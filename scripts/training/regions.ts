import { extname } from 'node:path';
import { isRenaming } from '../plan/mapping.ts';
import type { Planned } from '../plan/methods.ts';
import type { PlanDraft } from '../plan/schema.ts';
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
export function regionsOf({ method, model, dataset, recipe, reward, output }: PlanDraft): Set<string> {
  const lora = recipe.mode !== 'full';
  const merged = lora && model.adapter !== null;
  // Trained here and pushed: the script names this machine's folders.
  const shared = output.repo_id !== null && output.folder !== null;
  const pairs = dataset.format === 'preference';
  const vision = dataset.vision === true;
  const samples = method !== 'reward' && (dataset.format !== 'language-modeling' || dataset.conversational);
  const regions: Record<string, boolean> = {
    hub_data: dataset.source === 'hub',
    local_data: dataset.source === 'local',
    ...fileKinds(dataset),
    upload: dataset.upload !== null,
    mapping: dataset.mapping !== null,
    made_columns: dataset.source === 'hub' && dataset.mapping !== null && !isRenaming(dataset.mapping),
    drop_invalid: dataset.drop_invalid,
    evaluation: dataset.evaluation !== null,
    examples: dataset.examples !== null,
    divided: dataset.examples !== null || dataset.evaluation !== null,
    conversational: dataset.conversational,
    samples,
    scores: method === 'reward',
    kto: method === 'kto',
    ranked: method === 'dpo' || method === 'reward',
    measures: method !== 'sft',
    reward_model: method === 'reward',
    generates: method !== 'reward' && !vision,
    sees: vision,
    vision,
    text: !vision,
    pairs,
    prompts: dataset.format !== 'language-modeling' && !pairs,
    conversations: dataset.format === 'language-modeling',
    adapter: model.adapter !== null,
    lora,
    qlora: recipe.mode === 'qlora',
    merged_output: merged,
    whole_output: !merged,
    space: output.trackio.space_id !== null,
    hub_output: output.repo_id !== null,
    folder_output: output.repo_id === null,
    own_script: !shared,
    shared_script: shared,
    ...rewardRegions(reward),
  };
  return new Set(Object.keys(regions).filter((name) => regions[name]));
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

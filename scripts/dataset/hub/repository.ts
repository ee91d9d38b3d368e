import { TrainerError } from '../../errors.ts';
import type { Hub } from '../../hub/client.ts';
import { type DatasetInfo, datasetInfo } from '../../hub/datasets.ts';
import { repoVisibility } from '../../hub/repos.ts';
import { preview } from '../../printable.ts';

/**
 * The dataset at a commit. Throws TrainerError `auth`, `network`, `usage` (there is none, or it is a model or a
 * Space), `data` (its rows come from a script, which `load_dataset` no longer runs).
 */
export async function openRepository(hub: Hub, id: string, revision: string | null): Promise<DatasetInfo> {
  const info = await datasetInfo(hub, id, revision).catch((error: unknown) => explained(hub, id, error));
  const script = `${info.id.split('/').at(-1)}.py`;
  if (!info.paths.includes(script)) return info;
  throw new TrainerError(
    'data',
    'dataset_script',
    `dataset ${preview(info.id)} is made by a script, ${preview(script)}, which load_dataset refuses to run`,
    'Choose another dataset, or a copy of it in parquet; nothing of the script was run.',
  );
}

async function explained(hub: Hub, id: string, error: unknown): Promise<never> {
  if (!(error instanceof TrainerError) || !['not_found', 'not_logged_in'].includes(error.code)) throw error;
  for (const type of ['model', 'space'] as const) {
    if ((await repoVisibility(hub, { type, repo_id: id }).catch(() => null)) === null) continue;
    throw new TrainerError(
      'usage',
      'not_a_dataset',
      `${preview(id)} is a ${type} on ${hub.endpoint}, not a dataset`,
      type === 'model' ? 'A model is given with --model; give the data with its own id.' : 'Give the id of a dataset.',
    );
  }
  throw error;
}

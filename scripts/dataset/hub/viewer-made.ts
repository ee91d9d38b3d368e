import { TrainerError } from '../../errors.ts';
import type { Hub } from '../../hub/client.ts';
import { viewerParquet } from '../../hub/viewer-parquet.ts';
import type { FileSplit } from '../rows.ts';
import { type HubRequest, hubSplit } from './split.ts';

/** The split as parquet, where the dataset viewer has converted all of it at that commit; null elsewhere. */
export async function madeByViewer(hub: Hub, request: HubRequest, sha: string): Promise<FileSplit | null> {
  const split = await hubSplit(hub, request, sha).catch((error: unknown) => {
    if (error instanceof TrainerError && error.kind === 'data') return null;
    throw error;
  });
  if (!split || split.facts.config === null) return null;
  const { dataset, config, split: name } = split.facts;
  const { signal, patience } = request.viewer;
  const files = await viewerParquet(hub, { dataset, config, split: name, sha }, { signal, patience });
  if (!files) return null;
  const { format: _, card: __, ...rest } = split;
  return {
    ...rest,
    facts: { ...split.facts, notes: ['The rows come from the parquet files that the dataset viewer made.'] },
    parts: files.map((file) => ({ file, path: null })),
  };
}

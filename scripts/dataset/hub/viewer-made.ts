import type { Hub } from '../../hub/client.ts';
import { viewerParquet } from '../../hub/viewer-parquet.ts';
import type { FileSplit } from '../rows.ts';
import type { HubRequest, HubSplit } from './split.ts';

/** The split as parquet, where the dataset viewer has converted all of it at that commit; null elsewhere. */
export async function madeByViewer(hub: Hub, request: HubRequest, own: HubSplit): Promise<FileSplit | null> {
  const { dataset, config, split, revision } = own.facts;
  if (config === null || revision === null) return null;
  const { signal, patience } = request.viewer;
  const files = await viewerParquet(hub, { dataset, config, split, sha: revision }, { signal, patience });
  if (!files) return null;
  return {
    facts: { ...own.facts, notes: ['The rows come from the parquet files that the dataset viewer made.'] },
    parts: files.map((file) => ({ file, path: null })),
    fingerprint: null,
    close: async () => {},
  };
}

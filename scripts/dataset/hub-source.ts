import { TrainerError } from '../errors.ts';
import type { Hub } from '../hub/client.ts';
import { viewerSplits } from '../hub/viewer.ts';
import { preview } from '../printable.ts';
import { fileSource } from './hub/file-source.ts';
import { openRepository } from './hub/repository.ts';
import { type HubRequest, wholeSplit } from './hub/split.ts';
import { madeByViewer } from './hub/viewer-made.ts';
import { type ViewerSource, viewerSource } from './hub/viewer-source.ts';
import type { FileSplit, RowSource } from './rows.ts';

/** Every row of one split, from its files where that can be; else what `hubSource` has. Throws as that. */
export async function wholeHubSource(hub: Hub, request: HubRequest): Promise<RowSource | FileSplit> {
  const info = await openRepository(hub, request.id, request.revision);
  const files = (await wholeSplit(hub, request, info.sha)) ?? (await madeByViewer(hub, request, info.sha));
  return files ?? hubSource(hub, request);
}

/**
 * One split of a Hub dataset: through the dataset viewer, three requests deep, and where that can't or shows rows in
 * part, from the repository's own files. Throws TrainerError `auth`, `usage`, `data`, `network`.
 */
export async function hubSource(hub: Hub, request: HubRequest): Promise<RowSource> {
  // Started together; the repository's own answer explains best what is wrong, so it is awaited first.
  const asked = viewerSplits(hub, request.id, request.viewer);
  asked.catch(() => undefined);
  const info = await openRepository(hub, request.id, request.revision);
  const seen = await asked.then((splits) => viewerSource(hub, request, info, splits)).catch(refusal);
  if (!(seen instanceof TrainerError)) return seen.lack === null ? withoutLack(seen) : better(hub, request, seen);
  try {
    return await fileSource(hub, request, info.sha, preview(seen.message, 200));
  } catch (error) {
    throw saysMore(error) ? error : seen;
  }
}

/** What the viewer can't is no reason to stop; what a person asked for wrongly is. */
function refusal(error: unknown): TrainerError {
  if (error instanceof TrainerError && error.kind !== 'usage') return error;
  throw error;
}

/** The rows of the files, or those of the viewer where the files can't be read. */
async function better(hub: Hub, request: HubRequest, seen: ViewerSource): Promise<RowSource> {
  try {
    return await fileSource(hub, request, seen.revision ?? '', seen.lack ?? '');
  } catch (error) {
    if (!(error instanceof TrainerError)) throw error;
    return withoutLack(seen);
  }
}

const withoutLack = ({ lack: _, ...source }: ViewerSource): RowSource => source;

/** Errors of the files that say more than that there is nothing to read beside the viewer. */
function saysMore(error: unknown): boolean {
  if (!(error instanceof TrainerError)) return true;
  return error.kind !== 'network' && !['no_data_files', 'format_not_read'].includes(error.code);
}

import { TrainerError } from '../errors.ts';
import type { Hub } from '../hub/client.ts';
import { viewerSplits } from '../hub/viewer.ts';
import { preview } from '../printable.ts';
import { fileSource } from './hub/file-source.ts';
import { openRepository } from './hub/repository.ts';
import { anySplit, type HubRequest } from './hub/split.ts';
import { madeByViewer } from './hub/viewer-made.ts';
import { type ViewerSource, viewerSource } from './hub/viewer-source.ts';
import { kindOf } from './local/readers.ts';
import type { FileSplit, RowSource } from './rows.ts';

/**
 * Every row of one split: from its own parquet files, from those that the dataset viewer made of others, or from the
 * others themselves; where none of these can be, what `hubSource` has. Throws as that.
 */
export async function wholeHubSource(hub: Hub, request: HubRequest): Promise<RowSource | FileSplit> {
  const info = await openRepository(hub, request.id, request.revision);
  const own = await anySplit(hub, request, info.sha).catch(withoutFiles);
  if (!own) return hubSource(hub, request);
  const readHere = own.parts.every(({ file }) => kindOf(file.name));
  if (own.format === 'parquet' && readHere) return own;
  const made = await madeByViewer(hub, request, own);
  // CSV gets its types from all of its rows: only what `load_dataset` made of it tells them.
  return made ?? (own.format === 'json' && readHere ? own : hubSource(hub, request));
}

function withoutFiles(error: unknown): null {
  if (error instanceof TrainerError && error.code === 'no_data_files') return null;
  throw error;
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
    return await fileSource(hub, request, seen.revision ?? '', seen.lack ?? '', seen);
  } catch (error) {
    if (!(error instanceof TrainerError)) throw error;
    return withoutLack(seen);
  }
}

const withoutLack = ({ lack: _, counted: __, ...source }: ViewerSource): RowSource => source;

/** Errors of the files that say more than that there is nothing to read beside the viewer. */
function saysMore(error: unknown): boolean {
  if (!(error instanceof TrainerError)) return true;
  return error.kind !== 'network' && !['no_data_files', 'format_not_read'].includes(error.code);
}

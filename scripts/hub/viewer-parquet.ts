import * as z from 'zod';
import { authHeaders, type Hub } from './client.ts';
import { type RemoteFile, type RemoteOptions, remoteFile } from './remote-file.ts';

const Answer = z.object({
  parquet_files: z.array(
    z.object({ split: z.string(), url: z.string(), filename: z.string(), size: z.number().int().nonnegative() }),
  ),
  partial: z.boolean().default(false),
});

/**
 * The parquet files that the dataset viewer has made of a whole split at that commit, with the types that
 * `load_dataset` gives. Null where it has none, only a part, or another commit's.
 */
export async function viewerParquet(
  hub: Hub,
  { dataset, config, split, sha }: { dataset: string; config: string; split: string; sha: string },
  options: RemoteOptions,
): Promise<RemoteFile[] | null> {
  const url = `${hub.datasetsServer}/parquet?${new URLSearchParams({ dataset, config })}`;
  const response = await hub
    .fetch(url, { headers: authHeaders(hub), signal: options.signal ?? null })
    .catch(() => null);
  if (!response?.ok || response.headers.get('x-revision') !== sha) return null;
  const { data } = Answer.safeParse(await response.json().catch(() => null));
  if (!data || data.partial) return null;
  const files = data.parquet_files.filter((file) => file.split === split);
  if (files.length === 0 || files.some((file) => !URL.canParse(file.url))) return null;
  return files.map((file) => remoteFile(hub, { name: file.filename, url: file.url, byteLength: file.size }, options));
}

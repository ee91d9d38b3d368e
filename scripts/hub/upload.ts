import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { pathToFileURL } from 'node:url';
import { TrainerError } from '../errors.ts';
import { hubCall } from './api-error.ts';
import { type Hub, hubParams } from './client.ts';
import { ensurePrivateRepo } from './repos.ts';

/**
 * Local data goes to a private dataset repository, each file under its own name; created if need be, and what
 * is there already with the same content isn't sent again.
 * Throws TrainerError `repo_public`, `same_file_names`, and what the Hub answers.
 */
export async function uploadLocalData(
  hub: Hub,
  data: { repo_id: string; files: string[]; say?: (line: string) => void },
): Promise<{ uploaded: string[]; skipped: string[] }> {
  const { repo_id, files, say = () => {} } = data;
  const named = files.map((file) => ({ file, path: basename(file) }));
  for (const [index, { file, path }] of named.entries()) {
    // macOS and Windows don't tell `A.jsonl` from `a.jsonl`, so one machine's two files may be another's one.
    const same = named.slice(0, index).find((other) => other.path.toLowerCase() === path.toLowerCase());
    if (!same) continue;
    throw new TrainerError(
      'data',
      'same_file_names',
      `${same.file} and ${file} have the same name, and the data repository has one folder`,
      'Rename one of them, then make the plan anew.',
    );
  }
  await ensurePrivateRepo(hub, { type: 'dataset', repo_id });
  const there = await storedFiles(hub, repo_id, named);
  const missing: typeof named = [];
  for (const one of named) {
    if (!(await sameContent(one.file, there.get(one.path)))) missing.push(one);
  }
  if (missing.length > 0) {
    const sizes = await Promise.all(missing.map(async ({ file }) => (await stat(file)).size));
    const megabytes = (sizes.reduce((sum, size) => sum + size, 0) / 1e6).toFixed(1);
    say(`Uploading ${missing.length === 1 ? 'one file' : `${missing.length} files`} (${megabytes} MB) to ${repo_id}`);
    const { uploadFiles } = await import('@huggingface/hub');
    await hubCall(hub, `upload to dataset ${repo_id}`, () =>
      uploadFiles({
        ...hubParams(hub),
        repo: { type: 'dataset', name: repo_id },
        files: missing.map(({ file, path }) => ({ path, content: pathToFileURL(file) })),
        commitTitle: 'Data of a training run',
        useXet: false, // plain LFS works on every Hub
      }),
    );
    say(`Uploaded to ${hub.endpoint}/datasets/${repo_id} (private)`);
  }
  const uploaded = missing.map(({ path }) => path);
  return { uploaded, skipped: named.map(({ path }) => path).filter((path) => !uploaded.includes(path)) };
}

interface Stored {
  size: number;
  /** sha256 of a file in LFS, else git's sha1 of a blob. */
  oid: string | undefined;
  lfs?: { oid: string } | undefined;
}

async function storedFiles(hub: Hub, repo_id: string, files: { path: string }[]): Promise<Map<string, Stored>> {
  const { pathsInfo } = await import('@huggingface/hub');
  const infos = await hubCall(hub, `dataset ${repo_id}`, () =>
    pathsInfo({ ...hubParams(hub), repo: { type: 'dataset', name: repo_id }, paths: files.map(({ path }) => path) }),
  );
  return new Map(infos.map((info) => [info.path, { size: info.size, oid: info.oid, lfs: info.lfs }]));
}

async function sameContent(file: string, stored: Stored | undefined): Promise<boolean> {
  const { size } = await stat(file);
  if (!stored || stored.size !== size) return false;
  const hash = stored.lfs ? createHash('sha256') : createHash('sha1').update(`blob ${size}\0`);
  for await (const chunk of createReadStream(file)) hash.update(chunk);
  return hash.digest('hex') === (stored.lfs?.oid ?? stored.oid);
}

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as z from 'zod';
import { TrainerError } from '../errors.ts';
import { hubCall } from './api-error.ts';
import { authHeaders, bodyMessage, getJson, type Hub, httpError, hubParams, parseAnswer } from './client.ts';

// @huggingface/hub is imported where it is used: it is large, and most commands need none of it.

export type RepoType = 'model' | 'dataset' | 'space';

export interface Me {
  /** The user's name, also the namespace of their own repositories and jobs. */
  name: string;
  /** Names of the organizations. */
  orgs: string[];
  /** Whether the token may create repositories somewhere. A fine-grained one may be limited to some namespaces. */
  can_write: boolean;
  /** Whether it may start jobs. */
  can_run_jobs: boolean;
  /** Whether the account has a way to pay; null where the Hub doesn't say. */
  can_pay: boolean | null;
}

const Scope = z.object({ permissions: z.array(z.string()).default([]) });
const WhoAmI = z.object({
  name: z.string(),
  orgs: z.array(z.object({ name: z.string() })).default([]),
  canPay: z.boolean().nullish(),
  auth: z
    .object({
      accessToken: z
        .object({
          role: z.string().nullish(),
          fineGrained: z
            .object({ global: z.array(z.string()).default([]), scoped: z.array(Scope).default([]) })
            .nullish(),
        })
        .nullish(),
    })
    .nullish(),
});

/** Whose token it is and what it may do. Throws TrainerError `auth` without a valid one, `network`. */
export async function whoami(hub: Hub): Promise<Me> {
  const url = `${hub.endpoint}/api/whoami-v2`;
  const { name, orgs, canPay, auth } = await getJson(hub, url, 'your account', WhoAmI);
  const role = auth?.accessToken?.role ?? null;
  const fine = auth?.accessToken?.fineGrained;
  const permissions = new Set([...(fine?.global ?? []), ...(fine?.scoped.flatMap((scope) => scope.permissions) ?? [])]);
  const may = (permission: string): boolean => (role === 'fineGrained' ? permissions.has(permission) : role !== 'read'); // of other kinds the Hub itself decides
  return {
    name,
    orgs: orgs.map((org) => org.name),
    can_write: may('repo.write'),
    can_run_jobs: may('job.write'),
    can_pay: canPay ?? null,
  };
}

/** Who can see a repository; null where there is none, or none that this token may know of. */
export async function repoVisibility(
  hub: Hub,
  repo: { type: RepoType; repo_id: string },
): Promise<'private' | 'public' | null> {
  const response = await hub.fetch(`${hub.endpoint}/api/${repo.type}s/${repo.repo_id}`, { headers: authHeaders(hub) });
  if (response.status === 404 || response.status === 401) return null;
  const what = `${repo.type} ${repo.repo_id}`;
  if (!response.ok) throw httpError(response.status, what, hub, await bodyMessage(response));
  const info = await parseAnswer(response, hub, what, z.object({ private: z.boolean() }));
  return info.private ? 'private' : 'public';
}

/**
 * The repository exists afterwards and is private. Throws TrainerError `repo_public` for one that is public:
 * nothing of ours is put there.
 */
export async function ensurePrivateRepo(
  hub: Hub,
  repo: { type: RepoType; repo_id: string },
): Promise<{ created: boolean }> {
  const visibility = await repoVisibility(hub, repo);
  if (visibility === 'private') return { created: false };
  if (visibility === 'public') {
    throw new TrainerError(
      'approval',
      'repo_public',
      `the ${repo.type} repository ${repo.repo_id} is public, and private data was to go there`,
      `Make it private in its settings at ${hub.endpoint}, or choose another name.`,
    );
  }
  const { createRepo } = await import('@huggingface/hub');
  await hubCall(hub, `${repo.type} repository ${repo.repo_id}`, () =>
    createRepo({ ...hubParams(hub), repo: { type: repo.type, name: repo.repo_id }, visibility: 'private' }),
  );
  return { created: true };
}

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

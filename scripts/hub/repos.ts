import * as z from 'zod';
import { TrainerError } from '../errors.ts';
import { hubCall } from './api-error.ts';
import { authHeaders, bodyMessage, type Hub, httpError, hubParams, parseAnswer } from './client.ts';

// @huggingface/hub is imported where it is used: it is large, and most commands need none of it.

export type RepoType = 'model' | 'dataset' | 'space' | 'bucket';

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

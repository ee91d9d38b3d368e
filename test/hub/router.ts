import { bucketBatch, bucketInfo, bucketTree, createBucket } from './buckets.ts';
import { createCommit, preupload } from './commit.ts';
import type { Call } from './http.ts';
import { cancelJob, createJob, getJob, labelJob, listHardware, listJobs } from './job-routes.ts';
import { streamEvents, streamLogs, streamMetrics } from './job-streams.ts';
import { complete, lfsBatch, putPart, putWhole, verify } from './lfs.ts';
import * as admin from './repo-admin.ts';
import { authCheck, commits, refs, repoInfo, search, validateYaml } from './repo-info.ts';
import { cdnFile, resolveFile } from './resolve.ts';
import { spaceRuntime, spaceSettings, spaceVolumes } from './spaces.ts';
import { pathsInfo, tree } from './tree.ts';
import { viewer } from './viewer.ts';
import { whoami } from './whoami.ts';

type Handler = (call: Call) => void | Promise<void>;

/** Pieces of a path: `:kind` the type of a repository, `:id` its owner and name. */
const PIECES: Record<string, string> = { kind: 'models|datasets|spaces', id: '[^/]+/[^/]+?' };

const REPO = '/api/:kind/:id';
const FILES = '/(?<prefix>(?<kind>datasets|spaces)/|)';

/** First match wins. */
const ROUTES: [methods: string, path: string, handler: Handler][] = [
  ['GET', '/api/whoami-v2', whoami],
  ['POST', '/api/validate-yaml', validateYaml],
  ['POST', '/api/repos/create', admin.createRepo],
  ['DELETE', '/api/repos/delete', admin.deleteRepo],
  ['POST', '/api/repos/move', admin.moveRepo],

  ['GET', '/api/jobs/hardware', listHardware],
  ['GET', '/api/spaces/hardware', listHardware],
  ['POST', '/api/jobs/:namespace', createJob],
  ['GET', '/api/jobs/:namespace', listJobs],
  ['GET', '/api/jobs/:namespace/:job', getJob],
  ['POST', '/api/jobs/:namespace/:job/cancel', cancelJob],
  ['PUT', '/api/jobs/:namespace/:job/labels', labelJob],
  ['GET', '/api/jobs/:namespace/:job/logs', streamLogs],
  ['GET', '/api/jobs/:namespace/:job/events', streamEvents],
  ['GET', '/api/jobs/:namespace/:job/metrics', streamMetrics],

  ['GET POST DELETE', '/api/(?<kind>spaces)/:id/(?<what>secrets|variables)', spaceSettings],
  ['PUT DELETE', '/api/(?<kind>spaces)/:id/volumes', spaceVolumes],
  ['GET', '/api/(?<kind>spaces)/:id/runtime', spaceRuntime],
  ['POST', '/api/(?<kind>spaces)/:id/(?:hardware|sleeptime|pause|restart)', spaceRuntime],
  ['POST', '/api/buckets/:id', createBucket],
  ['GET', '/api/buckets/:id', bucketInfo],
  ['GET', '/api/buckets/:id/tree(?:/(?<prefix>.*))?', bucketTree],
  ['POST', '/api/buckets/:id/batch', bucketBatch],

  ['GET', '/api/:kind', search],
  ['GET', REPO, repoInfo],
  ['GET', `${REPO}/revision/:revision`, repoInfo],
  ['GET', `${REPO}/auth-check`, authCheck],
  ['GET', `${REPO}/refs`, refs],
  ['GET', `${REPO}/commits/:revision`, commits],
  ['GET', `${REPO}/tree/:revision`, tree],
  ['GET', `${REPO}/tree/:revision/(?<path>.+)`, tree],
  ['POST', `${REPO}/paths-info/:revision`, pathsInfo],
  ['POST', `${REPO}/preupload/:revision`, preupload],
  ['POST', `${REPO}/commit/:revision`, createCommit],
  ['POST', `${REPO}/super-squash/:branch`, admin.squash],
  ['PUT', `${REPO}/settings`, admin.changeSettings],
  ['POST', `${REPO}/branch/:branch`, admin.createBranch],
  ['DELETE', `${REPO}/branch/:branch`, admin.deleteBranch],
  ['POST', `${REPO}/tag/:revision`, admin.createTag],

  ['POST', `${FILES}:id\\.git/info/lfs/objects/batch`, lfsBatch],
  ['POST', `${FILES}:id\\.git/info/lfs/verify`, verify],
  ['PUT', '/lfs-upload/:upload', putWhole],
  ['PUT', '/lfs-upload/:upload/:part', putPart],
  ['POST', '/lfs-upload/:upload', complete],
  ['GET HEAD', '/cdn/:sha256', cdnFile],
  ['GET HEAD', `${FILES}:id/(?<how>resolve|raw)/:revision/(?<path>.+)`, resolveFile],

  ['GET', '/(?<endpoint>is-valid|splits|first-rows|rows|size|info|parquet|statistics|search|filter)', viewer],
];

const compiled = ROUTES.map(([methods, path, handler]) => {
  const source = path.replace(/(?<!\?):([a-z]\w*)/g, (_, name: string) => `(?<${name}>${PIECES[name] ?? '[^/]+'})`);
  return { methods: methods.split(' '), pattern: new RegExp(`^${source}$`), handler };
});

/** The handler for a request and what its path says; undefined where there is none. */
export function route(
  method: string,
  pathname: string,
): { handler: Handler; params: Record<string, string> } | undefined {
  for (const { methods, pattern, handler } of compiled) {
    const match = methods.includes(method) ? pattern.exec(pathname) : null;
    if (!match) continue;
    // A group that took no part is undefined, whatever its type says.
    const entries = Object.entries<string | undefined>(match.groups ?? {});
    const params = entries.map(([name, value]) => [name, value && decodeURIComponent(value)]);
    return { handler, params: Object.fromEntries(params) };
  }
  return undefined;
}

import { createHmac, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Accounts, type Role, type Scopes, type User } from './accounts.ts';
import { BlobStore } from './blobs.ts';
import { bucketFolder } from './buckets.ts';
import { dispatcher, type RequestRecord } from './dispatch.ts';
import { Faults } from './faults.ts';
import { type Hardware, hardwareCatalogue, setPrice } from './hardware.ts';
import { JobStore } from './job-store.ts';
import { type Repo, Repos, type RepoType } from './repos.ts';
import { addRepo, type RepoSeed, readFileOf } from './seed-repo.ts';
import type { World } from './world.ts';

/** A Hub on loopback: what @huggingface/hub, huggingface_hub and the `hf` command need, on this machine. */

export interface HubOptions {
  /** 0, the default, takes a free one. */
  port?: number;
  /** Environment of every job, beside PATH and the Hub's address. */
  jobEnvironment?: Record<string, string>;
  /** Between SIGTERM and SIGKILL of a job. Default 10,000. */
  graceMs?: number;
  /** A job's time in the queue. Default 0. */
  schedulingMs?: number;
  /** Bytes from which LFS uploads come in parts (default 64 MiB), and the size of a part (16 MiB). */
  multipart?: { from: number; part: number };
  /** Bytes of an answer above which the dataset viewer cuts long cells. Default 1,000,000. */
  viewerBytes?: number;
  /** Milliseconds before every answer, as a network has them. Default 0. */
  latencyMs?: number;
  /** Jobs on a page of the list. Default 100. */
  jobsPage?: number;
}

export interface TestHub {
  /** Also that of the dataset viewer. No trailing slash. */
  url: string;
  /** Of the user `tester` (also in the organization `tester-lab`), and of `penniless`, who has no credit. */
  tokens: { write: string; read: string; fineGrained: string; noCredit: string };
  addUser(name: string, options?: Partial<Omit<User, 'id' | 'name'>>): User;
  addToken(user: User, role: Role, scopes?: Scopes): string;
  addRepo(seed: RepoSeed): Promise<Repo>;
  repo(type: RepoType, id: string): Repo | undefined;
  /** A file's content at a revision, `main` by default. Throws where there is none. */
  readFile(type: RepoType, id: string, path: string, revision?: string): Promise<Buffer>;
  /** The folder with what a bucket holds. */
  bucketFolder(id: string): string;
  jobs: JobStore;
  hardware: Hardware[];
  /** In USD an hour. */
  setPrice(flavor: string, usdPerHour: number): void;
  faults: Faults;
  /** Every request, oldest first. */
  requests: RequestRecord[];
  /** What a process needs in its environment to use this Hub, with this token. */
  environment(token?: string): Record<string, string>;
  /** Ends every job with all its processes, and removes the files. */
  close(): Promise<void>;
}

export async function startHub(options: HubOptions = {}): Promise<TestHub> {
  const folder = await mkdtemp(join(tmpdir(), 'test-hub-'));
  const blobs = new BlobStore(join(folder, 'blobs'));
  await mkdir(blobs.folder);

  const faults = new Faults();
  const requests: RequestRecord[] = [];
  // The addresses are known once both listen; no request can come before.
  let listener: RequestListener = (_, res) => res.end();
  const servers = [createServer((req, res) => listener(req, res)), createServer((req, res) => listener(req, res))];
  const [url = '', cdnUrl = ''] = await Promise.all(
    servers.map((server, index) => listen(server, index === 0 ? (options.port ?? 0) : 0)),
  );

  const key = randomBytes(16);
  const address = { HF_ENDPOINT: url, HF_DATASETS_SERVER: url, HF_HUB_DISABLE_XET: '1' };
  const world: World = {
    url,
    cdnUrl,
    accounts: new Accounts(),
    repos: new Repos(),
    blobs,
    buckets: join(folder, 'buckets'),
    jobs: new JobStore({
      folder: join(folder, 'jobs'),
      environment: { ...systemEnvironment(), ...address, ...options.jobEnvironment },
      graceMs: options.graceMs ?? 10_000,
      schedulingMs: options.schedulingMs ?? 0,
    }),
    hardware: hardwareCatalogue(),
    uploads: new Map(),
    multipart: options.multipart ?? { from: 64 * 2 ** 20, part: 16 * 2 ** 20 },
    viewerBytes: options.viewerBytes ?? 1_000_000,
    latencyMs: options.latencyMs ?? 0,
    jobsPage: options.jobsPage ?? 100,
    signature: (sha256) => createHmac('sha256', key).update(sha256).digest('hex').slice(0, 32),
    now: () => new Date(),
  };
  listener = dispatcher(world, faults, requests);

  return {
    url,
    tokens: defaultTokens(world.accounts),
    addUser: (name, of) => world.accounts.addUser(name, of),
    addToken: (user, role, scopes) => world.accounts.addToken(user, role, scopes),
    addRepo: (seed) => addRepo(world, seed),
    repo: (type, id) => world.repos.get(type, id),
    readFile: (type, id, path, revision) => readFileOf(world, type, id, path, revision),
    bucketFolder: (id) => bucketFolder(world, id),
    jobs: world.jobs,
    hardware: world.hardware,
    setPrice: (flavor, usdPerHour) => setPrice(world.hardware, flavor, usdPerHour),
    faults,
    requests,
    environment: (token) => ({ ...address, ...(token && { HF_TOKEN: token }) }),
    async close() {
      await world.jobs.close();
      for (const server of servers) server.closeAllConnections();
      await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function listen(server: Server, port: number): Promise<string> {
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the Hub has no port');
  return `http://127.0.0.1:${address.port}`;
}

function defaultTokens(accounts: Accounts): TestHub['tokens'] {
  const tester = accounts.addUser('tester', { orgs: ['tester-lab'] });
  const rights = ['repo.content.read', 'repo.write', 'job.write'];
  return {
    write: accounts.addToken(tester, 'write'),
    read: accounts.addToken(tester, 'read'),
    fineGrained: accounts.addToken(tester, 'fineGrained', { tester: rights }),
    noCredit: accounts.addToken(accounts.addUser('penniless', { credit: false }), 'write'),
  };
}

/** Of this process, only what programs can't be found or started without. */
function systemEnvironment(): Record<string, string> {
  const names = ['PATH', 'SystemRoot', 'PATHEXT', 'ComSpec'];
  return Object.fromEntries(names.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])));
}

import { createHash } from 'node:crypto';

export type RepoType = 'model' | 'dataset' | 'space' | 'bucket';

/** A file in a commit. Sizes in bytes. */
export interface FileEntry {
  /** Git's id: of the content, or of the pointer for an LFS file. */
  oid: string;
  sha256: string;
  size: number;
  /** Size of the pointer file; null for a file that isn't in LFS. */
  pointerSize: number | null;
}

export interface Commit {
  /** 40 hexadecimal digits. */
  sha: string;
  parent: string | null;
  title: string;
  message: string;
  author: string;
  /** ISO 8601. */
  date: string;
  /** Every file of the repository at this commit, by path. Never changed afterwards. */
  files: ReadonlyMap<string, FileEntry>;
}

export interface Change {
  title: string;
  message?: string;
  author: string;
  date: string;
  add: Map<string, FileEntry>;
  remove: string[];
}

/** What a dataset's viewer answers instead of rows. */
export interface ViewerFailure {
  status: number;
  code: string;
  error: string;
}

export interface RepoOptions {
  private?: boolean;
  gated?: false | 'auto' | 'manual';
  downloads?: number;
  likes?: number;
  createdAt?: string;
  viewer?: ViewerFailure;
  sdk?: string;
}

/** A repository: immutable commits, and branches and tags that point at them. */
export class Repo {
  private = false;
  gated: false | 'auto' | 'manual' = false;
  downloads = 0;
  likes = 0;
  readonly createdAt: string;
  /** Users whom the owner of a gated repository let in. */
  readonly granted = new Set<string>();
  viewer: ViewerFailure | undefined;
  readonly sdk: string | undefined;
  readonly branches = new Map<string, string>();
  readonly tags = new Map<string, string>();
  readonly #commits = new Map<string, Commit>();

  constructor(
    readonly type: RepoType,
    readonly id: string,
    options: RepoOptions = {},
  ) {
    this.private = options.private ?? false;
    this.gated = options.gated ?? false;
    this.downloads = options.downloads ?? 0;
    this.likes = options.likes ?? 0;
    this.createdAt = options.createdAt ?? new Date().toISOString();
    this.viewer = options.viewer;
    this.sdk = options.sdk;
  }

  /** The branch's files in one commit without a parent; commits that nothing leads to any more are gone. */
  squash(branch: string, { title, author, date }: Pick<Change, 'title' | 'author' | 'date'>): void {
    const files = this.resolve(branch)?.files ?? new Map<string, FileEntry>();
    this.branches.delete(branch);
    this.commit(branch, { title, author, date, add: new Map(files), remove: [] });
    const heads = [...this.branches.values(), ...this.tags.values()].map((sha) => this.#commits.get(sha));
    const kept = new Set(heads.flatMap((head) => (head ? [...this.history(head)] : [])));
    for (const [sha, commit] of this.#commits) if (!kept.has(commit)) this.#commits.delete(sha);
  }

  /** The same commits and settings under another name. */
  renamed(id: string): Repo {
    const copy = new Repo(this.type, id, { createdAt: this.createdAt, ...(this.sdk && { sdk: this.sdk }) });
    copy.private = this.private;
    copy.gated = this.gated;
    for (const [sha, commit] of this.#commits) copy.#commits.set(sha, commit);
    for (const [name, sha] of this.branches) copy.branches.set(name, sha);
    for (const [name, sha] of this.tags) copy.tags.set(name, sha);
    return copy;
  }

  get namespace(): string {
    return this.id.slice(0, this.id.indexOf('/'));
  }

  /** The 24 digits that the Hub knows it by, whatever it is renamed to. */
  get objectId(): string {
    return createHash('sha1').update(`${this.type}/${this.id}`).digest('hex').slice(0, 24);
  }

  /** The commit that a branch, a tag, a `refs/...` name or a commit id means. */
  resolve(revision: string): Commit | undefined {
    const name = revision === 'HEAD' ? 'main' : revision.replace(/^refs\/(heads|tags)\//, '');
    return this.#commits.get(this.branches.get(name) ?? this.tags.get(name) ?? name);
  }

  /** Commits from this one back to the first. */
  *history(commit: Commit): Generator<Commit> {
    let at: Commit | undefined = commit;
    while (at) {
      yield at;
      at = at.parent === null ? undefined : this.#commits.get(at.parent);
    }
  }

  /** The commit that last touched a path: a file, or anything in a folder. */
  lastTouched(path: string, commit: Commit): Commit {
    const state = (at: Commit): string =>
      [...at.files]
        .filter(([name]) => name === path || name.startsWith(`${path}/`))
        .map(([name, file]) => `${name} ${file.oid}`)
        .join('\n');
    const now = state(commit);
    let last = commit;
    for (const earlier of this.history(commit)) {
      if (state(earlier) !== now) break;
      last = earlier;
    }
    return last;
  }

  /** Adds a commit to a branch; a change that changes nothing adds none, as on the Hub. */
  commit(branch: string, change: Change): Commit {
    const head = this.branches.get(branch);
    const parent = head === undefined ? undefined : this.#commits.get(head);
    const files = new Map(parent?.files);
    for (const path of change.remove) files.delete(path);
    for (const [path, file] of change.add) files.set(path, file);
    const listing = (map: ReadonlyMap<string, FileEntry>): string =>
      JSON.stringify([...map].map(([path, file]) => [path, file.oid]).sort());
    if (parent && listing(parent.files) === listing(files)) return parent;
    const { title, message = '', author, date } = change;
    const content = [this.type, this.id, parent?.sha, listing(files), title, message, author, date];
    const sha = createHash('sha1').update(JSON.stringify(content)).digest('hex');
    const commit: Commit = { sha, parent: parent?.sha ?? null, title, message, author, date, files };
    this.#commits.set(sha, commit);
    this.branches.set(branch, sha);
    return commit;
  }
}

/** One page of a history, newest first; pages count from 0. */
export function commitsPage(repo: Repo, from: Commit, page: number, size: number): { items: Commit[]; total: number } {
  const all = [...repo.history(from)];
  return { items: all.slice(page * size, (page + 1) * size), total: all.length };
}

/** All repositories, by type and id. */
export class Repos {
  readonly #all = new Map<string, Repo>();

  get(type: RepoType, id: string): Repo | undefined {
    return this.#all.get(`${type}/${id}`);
  }

  add(repo: Repo): Repo {
    this.#all.set(`${repo.type}/${repo.id}`, repo);
    return repo;
  }

  remove(repo: Repo): void {
    this.#all.delete(`${repo.type}/${repo.id}`);
  }

  ofType(type: RepoType): Repo[] {
    return [...this.#all.values()].filter((repo) => repo.type === type);
  }
}

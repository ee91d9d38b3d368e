import { open, readFile } from 'node:fs/promises';
import matter from 'gray-matter';
import type { Commit, FileEntry, Repo } from './repos.ts';
import type { World } from './world.ts';

/** What the Hub works out about a repository from its files: card, tags, library, parameter counts. */

type Json = Record<string, unknown>;

export async function describe(world: World, repo: Repo, commit: Commit, options: { sizes: boolean }): Promise<Json> {
  const files = [...commit.files].sort(([a], [b]) => (a < b ? -1 : 1));
  const read = async (path: string): Promise<string | null> => {
    const file = commit.files.get(path);
    return file ? readFile(world.blobs.path(file.sha256), 'utf8') : null;
  };
  const cardData = cardOf((await read('README.md')) ?? '') ?? {};
  const info: Json = {
    _id: repo.objectId,
    id: repo.id,
    author: repo.namespace,
    sha: commit.sha,
    lastModified: commit.date,
    createdAt: repo.createdAt,
    private: repo.private,
    gated: repo.gated,
    disabled: false,
    downloads: repo.downloads,
    likes: repo.likes,
    tags: [],
    cardData,
    siblings: files.map(([rfilename, file]) => ({ rfilename, ...(options.sizes && sizes(file)) })),
    usedStorage: files.reduce((sum, [, file]) => sum + file.size, 0),
  };
  if (repo.type === 'model') Object.assign(info, await modelFields(world, repo, files, read, cardData));
  if (repo.type === 'space') info.sdk = repo.sdk;
  info.tags = tagsOf(
    info,
    files.map(([path]) => path),
    cardData,
  );
  return info;
}

/** The YAML at the top of a README: `{}` where there is none, null where it can't be read. */
export function cardOf(readme: string): Json | null {
  try {
    // An options object keeps gray-matter from answering out of its cache, which remembers failures as empty.
    return matter(readme, {}).data;
  } catch {
    return null;
  }
}

async function modelFields(
  world: World,
  repo: Repo,
  files: [string, FileEntry][],
  read: (path: string) => Promise<string | null>,
  card: Json,
): Promise<Json> {
  const config = parsed(await read('config.json'));
  const adapter = parsed(await read('adapter_config.json'));
  const paths = files.map(([path]) => path);
  const library = adapter
    ? 'peft'
    : config
      ? 'transformers'
      : paths.some((p) => p.endsWith('.gguf'))
        ? 'gguf'
        : undefined;
  const parameters = await parameterCounts(world, files);
  const total = Object.values(parameters).reduce((sum, count) => sum + count, 0);
  return {
    modelId: repo.id,
    library_name: card.library_name ?? library,
    pipeline_tag: card.pipeline_tag ?? (config || adapter ? 'text-generation' : undefined),
    ...(config && { config: { architectures: config.architectures, model_type: config.model_type } }),
    ...(total > 0 && { safetensors: { parameters, total } }),
  };
}

/** Parameters by dtype, from the headers of the repository's safetensors files. */
async function parameterCounts(world: World, files: [string, FileEntry][]): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const [path, { sha256 }] of files) {
    if (!/^(model[^/]*|adapter_model)\.safetensors$/.test(path)) continue;
    const header = await safetensorsHeader(world.blobs.path(sha256));
    for (const [name, tensor] of Object.entries(header)) {
      if (name === '__metadata__' || !isTensor(tensor)) continue;
      counts[tensor.dtype] = (counts[tensor.dtype] ?? 0) + tensor.shape.reduce((a, b) => a * b, 1);
    }
  }
  return counts;
}

/** `{}` for a file that only has the name of one. */
async function safetensorsHeader(path: string): Promise<Json> {
  const file = await open(path);
  try {
    const length = Buffer.alloc(8);
    const { bytesRead } = await file.read(length, 0, 8, 0);
    const size = bytesRead === 8 ? Number(length.readBigUInt64LE()) : 0;
    if (size < 2 || size > 100_000_000) return {};
    const header = Buffer.alloc(size);
    await file.read(header, 0, size, 8);
    return parsed(header.toString('utf8')) ?? {};
  } finally {
    await file.close();
  }
}

function isTensor(value: unknown): value is { dtype: string; shape: number[] } {
  return typeof value === 'object' && value !== null && 'dtype' in value && 'shape' in value;
}

function tagsOf(info: Json, paths: string[], card: Json): string[] {
  const tags = [info.library_name, ...(paths.some((p) => p.endsWith('.safetensors')) ? ['safetensors'] : [])];
  if (paths.some((path) => path.endsWith('.gguf'))) tags.push('gguf');
  tags.push(...(Array.isArray(card.tags) ? card.tags : []), info.pipeline_tag);
  if (typeof card.license === 'string') tags.push(`license:${card.license}`);
  if (typeof card.base_model === 'string') tags.push(`base_model:${card.base_model}`);
  tags.push('region:us');
  return [...new Set(tags.filter((tag) => typeof tag === 'string'))];
}

const sizes = (file: FileEntry): Json => ({
  size: file.size,
  blobId: file.oid,
  ...(file.pointerSize !== null && { lfs: { size: file.size, sha256: file.sha256, pointerSize: file.pointerSize } }),
});

function parsed(text: string | null): Json | null {
  try {
    const value: unknown = JSON.parse(text ?? '');
    return typeof value === 'object' && value !== null ? { ...value } : null;
  } catch {
    return null;
  }
}

import type { StoredTensor } from './safetensors.ts';

const SINGLE = 'model.safetensors';
const INDEX = 'model.safetensors.index.json';

/**
 * The safetensors files at the root that `from_pretrained` loads, as transformers looks for them: one file, else those
 * of an index. `index`: the names have to be read from it; null: there are none.
 */
function weightFiles(files: readonly string[]): string[] | 'index' | null {
  if (files.includes(SINGLE)) return [SINGLE];
  if (!files.includes(INDEX)) return null;
  const shards = files.filter((file) => SHARD.test(file));
  // With all of them at hand, as save_pretrained names them, the index (megabytes, of a mixture of experts) says no more.
  const counts = new Set(shards.map((file) => Number(SHARD.exec(file)?.[1])));
  return counts.size === 1 && counts.has(shards.length) ? shards.sort() : 'index';
}

const SHARD = /^model-\d{5}-of-(\d{5})\.safetensors$/;

/** The files that an index names. Throws Error where it is none. */
function indexedFiles(index: unknown): string[] {
  const { weight_map } = (index ?? {}) as { weight_map?: unknown };
  if (typeof weight_map !== 'object' || weight_map === null) throw new Error(`${INDEX} has no weight_map`);
  const named = new Set(Object.values(weight_map));
  return [...named].map((file) => {
    if (typeof file !== 'string') throw new Error(`${INDEX} names no file for a tensor`);
    return file;
  });
}

const AT_ONCE = 16;

/**
 * The tensors of all files that are loaded; null where there are none. `json` reads the index. Throws MissingShard, or
 * what `open` throws.
 */
export async function readTensors(
  files: readonly string[],
  json: (file: string) => Promise<unknown>,
  open: (file: string) => Promise<StoredTensor[]>,
): Promise<StoredTensor[] | null> {
  const found = weightFiles(files);
  if (found === null) return null;
  const names = found === 'index' ? indexedFiles(await json(INDEX)) : found;
  const missing = names.filter((name) => !files.includes(name));
  if (missing.length > 0) throw new MissingShard(missing, names.length);
  const tensors: StoredTensor[] = [];
  for (let at = 0; at < names.length; at += AT_ONCE) {
    tensors.push(...(await Promise.all(names.slice(at, at + AT_ONCE).map(open))).flat());
  }
  return tensors;
}

/** The index names files that are not there. */
export class MissingShard extends Error {
  constructor(
    readonly missing: readonly string[],
    readonly of: number,
  ) {
    super(`${missing.length} of its ${of} weight files are missing: ${missing.slice(0, 3).join(', ')}`);
  }
}

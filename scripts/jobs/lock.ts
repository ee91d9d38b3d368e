import { rm, stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { createWhole, readIfThere } from './files.ts';
import { lifeOf, ProcessIdentity, thisProcess } from './process.ts';

/** The owner is on another machine, or this one has a new name: nothing here takes that long. */
const ELSEWHERE_MS = 30 * 60_000;

/**
 * Keeps two processes from doing the same long work twice; a lock whose owner died is taken over. Two that
 * take over in the same instant may both go on, so what it guards must be right without it, too (here: made
 * beside and renamed into place).
 */
export async function withLock<T>(
  path: string,
  options: { onWait?: () => void; signal?: AbortSignal },
  work: () => Promise<T>,
): Promise<T> {
  for (let waited = false; !(await createWhole(path, JSON.stringify(thisProcess()))); waited = true) {
    options.signal?.throwIfAborted();
    if (await isAbandoned(path)) {
      await rm(path, { force: true });
      continue;
    }
    if (!waited) options.onWait?.();
    await sleep(200, undefined, { ...(options.signal ? { signal: options.signal } : {}) });
  }
  try {
    return await work();
  } finally {
    await rm(path, { force: true });
  }
}

async function isAbandoned(path: string): Promise<boolean> {
  const text = await readIfThere(path);
  if (text === null) return false; // released just now
  try {
    const life = lifeOf(ProcessIdentity.parse(JSON.parse(text)));
    return life === 'dead' || (life === 'elsewhere' && Date.now() - (await stat(path)).mtimeMs > ELSEWHERE_MS);
  } catch {
    return true;
  }
}

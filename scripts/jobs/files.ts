import { randomBytes } from 'node:crypto';
import { link, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errorMessage, systemErrorCode, TrainerError } from '../errors.ts';

/** Files of the state folder. Each is there whole or not at all, whatever crashes in between. */

/** Replaces a file. Throws TrainerError `disk_full` or `state_not_writable`. */
export async function writeWhole(path: string, text: string): Promise<void> {
  const beside = await writeBeside(path, text);
  try {
    await rename(beside, path);
  } catch (error) {
    await rm(beside, { force: true });
    throw storeError(error, path);
  }
}

/** Creates a file; false where one exists already, of two processes at once exactly one gets true. */
export async function createWhole(path: string, text: string): Promise<boolean> {
  const beside = await writeBeside(path, text);
  try {
    await link(beside, path); // unlike rename, it never replaces
    return true;
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === 'EEXIST') return false;
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'].includes(code ?? '')) throw storeError(error, path);
    return createWithoutLinks(path, text);
  } finally {
    await rm(beside, { force: true });
  }
}

/** Its text, or null where there is none. */
export async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return null;
    throw storeError(error, path);
  }
}

/** What a failed write into the state folder means to a person. */
export function storeError(error: unknown, path: string): unknown {
  const code = systemErrorCode(error);
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return diskFull(path, error);
  }
  // ENOENT: what Node's recursive mkdir says on a read-only file system.
  if (code && ['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EISDIR', 'EEXIST', 'ENOENT'].includes(code)) {
    return new TrainerError(
      'unexpected',
      'state_not_writable',
      `the state folder can't be used: ${errorMessage(error)}`,
      'Make it writable, or point HF_LLM_TRAINER_HOME at a folder that is.',
      { cause: error },
    );
  }
  return error;
}

export function diskFull(path: string, cause?: unknown): TrainerError {
  return new TrainerError(
    'unexpected',
    'disk_full',
    `no space left on the disk of ${path}`,
    'Free some space there, or point HF_LLM_TRAINER_HOME at a folder on another disk.',
    { cause },
  );
}

async function writeBeside(path: string, text: string): Promise<string> {
  const beside = `${path}.${process.pid}-${randomBytes(4).toString('hex')}.tmp`;
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const file = await open(beside, 'wx', 0o600);
    try {
      await file.writeFile(text);
      await file.sync(); // a power cut must not leave an empty file under the final name
    } finally {
      await file.close();
    }
    return beside;
  } catch (error) {
    await rm(beside, { force: true }).catch(() => undefined);
    throw storeError(error, path);
  }
}

/** exFAT and some network file systems have no hard links. A reader may then catch the file half written. */
async function createWithoutLinks(path: string, text: string): Promise<boolean> {
  try {
    const file = await open(path, 'wx', 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    return true;
  } catch (error) {
    if (systemErrorCode(error) === 'EEXIST') return false;
    throw storeError(error, path);
  }
}

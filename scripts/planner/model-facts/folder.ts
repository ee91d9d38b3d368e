import { type FileHandle, open, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { errorMessage, systemErrorCode, TrainerError } from '../../errors.ts';
import { MAX_TEXT_BYTES, type ModelFiles, tooLarge } from '../../hub/model-files.ts';
import { parsePythonJson } from '../../hub/python-json.ts';
import { type RangedFile, readHeader, type StoredTensor } from '../../hub/safetensors.ts';
import { MissingShard, readTensors } from '../../hub/weight-files.ts';
import { preview } from '../../printable.ts';

/** Where transformers keeps chat templates beside the default one. */
const TEMPLATES = 'additional_chat_templates';

/** A model in a local folder, as `save_pretrained` leaves it. `folder` is absolute. */
export async function openModelFolder(folder: string): Promise<ModelFiles> {
  let files: string[];
  try {
    files = await readdir(folder);
    if (files.includes(TEMPLATES)) {
      files.push(...(await readdir(join(folder, TEMPLATES))).map((file) => `${TEMPLATES}/${file}`));
    }
  } catch (cause) {
    throw new TrainerError(
      'usage',
      'model_unreadable',
      `the model folder ${folder} can't be read: ${errorMessage(cause)}`,
      'Check the path and its rights.',
      { cause },
    );
  }
  const json = async (file: string): Promise<unknown> => {
    const text = await readText(join(folder, file));
    try {
      return text === null ? null : parsePythonJson(text);
    } catch (cause) {
      throw broken(join(folder, file), cause);
    }
  };
  return {
    id: folder,
    source: 'local',
    revision: null,
    files,
    json,
    text: (file) => readText(join(folder, file)),
    weights: () => readWeights(folder, files, json),
  };
}

async function readText(path: string): Promise<string | null> {
  try {
    if ((await stat(path)).size > MAX_TEXT_BYTES) throw tooLarge(path);
    return await readFile(path, 'utf8');
  } catch (cause) {
    if (cause instanceof TrainerError) throw cause;
    if (systemErrorCode(cause) === 'ENOENT') return null;
    throw broken(path, cause);
  }
}

async function readWeights(
  folder: string,
  files: readonly string[],
  json: (file: string) => Promise<unknown>,
): Promise<StoredTensor[] | null> {
  try {
    return await readTensors(files, json, async (name) => {
      const path = join(folder, name);
      const file = await open(path);
      try {
        return await readHeader(await ranged(path, file));
      } catch (cause) {
        throw broken(path, cause);
      } finally {
        await file.close();
      }
    });
  } catch (cause) {
    if (cause instanceof TrainerError) throw cause;
    throw broken(folder, cause, cause instanceof MissingShard ? 'missing_weights' : undefined);
  }
}

async function ranged(name: string, file: FileHandle): Promise<RangedFile> {
  const { size } = await file.stat();
  return {
    name,
    byteLength: size,
    slice: async (start, end) => {
      const buffer = new ArrayBuffer(end - start);
      await file.read(new Uint8Array(buffer), 0, end - start, start);
      return buffer;
    },
  };
}

function broken(path: string, cause: unknown, code = 'broken_model'): TrainerError {
  return new TrainerError(
    'usage',
    code,
    `${path} can't be read: ${preview(errorMessage(cause), 200)}`,
    'Mend the file or save the model again.',
    { cause },
  );
}

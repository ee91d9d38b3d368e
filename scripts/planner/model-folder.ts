import { open, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { errorMessage, systemErrorCode, TrainerError } from '../errors.ts';
import { MAX_TEXT_BYTES, type ModelFiles, type ModelWeights, tooLarge } from '../hub/model-files.ts';

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
  const weightFiles = files.filter((file) => file.endsWith('.safetensors')).sort();
  return {
    id: folder,
    source: 'local',
    revision: null,
    files,
    json: async (file) => {
      const text = await readText(join(folder, file));
      try {
        return text === null ? null : JSON.parse(text);
      } catch (cause) {
        throw broken(join(folder, file), cause);
      }
    },
    text: (file) => readText(join(folder, file)),
    weights: async () => (weightFiles.length > 0 ? readHeaders(folder, weightFiles) : null),
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

const Header = z.record(z.string(), z.object({ shape: z.array(z.number().int().nonnegative()) }));
/** The format's own limit is 100 MB: https://github.com/huggingface/safetensors#format */
const MAX_HEADER_BYTES = 100_000_000;

/** Adds up the tensors that the files' headers list: 8 bytes of length (little-endian), then JSON. */
async function readHeaders(folder: string, files: string[]): Promise<ModelWeights> {
  const weights: ModelWeights = { parameters: 0, has_lm_head: false };
  for (const name of files) {
    const path = join(folder, name);
    const file = await open(path);
    try {
      const length = Number((await file.read(Buffer.alloc(8), 0, 8, 0)).buffer.readBigUInt64LE());
      if (length > MAX_HEADER_BYTES) throw new Error(`header of ${length} bytes`);
      const text = (await file.read(Buffer.alloc(length), 0, length, 8)).buffer.toString('utf8');
      const { __metadata__: _, ...tensors } = JSON.parse(text);
      for (const [tensor, { shape }] of Object.entries(Header.parse(tensors))) {
        weights.parameters += shape.reduce((product, size) => product * size, 1);
        weights.has_lm_head ||= tensor === 'lm_head.weight';
      }
    } catch (cause) {
      throw broken(path, cause);
    } finally {
      await file.close();
    }
  }
  return weights;
}

function broken(path: string, cause: unknown): TrainerError {
  return new TrainerError(
    'usage',
    'broken_model',
    `${path} can't be read: ${errorMessage(cause)}`,
    'Mend the file or save the model again.',
    {
      cause,
    },
  );
}

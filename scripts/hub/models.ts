import * as z from 'zod';
import { errorMessage, TrainerError } from '../errors.ts';
import { preview } from '../printable.ts';
import { authHeaders, bodyMessage, getJson, type Hub, httpError } from './client.ts';
import { MAX_TEXT_BYTES, type ModelFiles, tooLarge } from './model-files.ts';
import { parsePythonJson } from './python-json.ts';
import { remoteFile } from './remote-file.ts';
import { readHeader, type StoredTensor } from './safetensors.ts';
import { urlPath } from './url-path.ts';
import { MissingShard, readTensors } from './weight-files.ts';

const Info = z.object({
  id: z.string(),
  sha: z.string(),
  gated: z.union([z.boolean(), z.string()]).nullish(),
  siblings: z.array(z.object({ rfilename: z.string(), size: z.number().int().nonnegative().nullish() })).default([]),
});
type Info = z.infer<typeof Info>;

/** For one file, from the request to its last byte. */
const FILE_MS = 120_000;

/**
 * A model repository on the Hub, at the commit that `revision` (a commit, by default main) stands for now. Each file is
 * asked for once. Throws TrainerError `auth`, `usage` (404), `network`.
 */
export async function openHubModel(
  hub: Hub,
  id: string,
  revision?: string | null,
  file_ms = FILE_MS,
): Promise<ModelFiles> {
  const what = `the model ${id}`;
  const at = revision ? `/revision/${encodeURIComponent(revision)}` : '';
  const info = await getJson(hub, `${hub.endpoint}/api/models/${id}${at}?blobs=true`, what, Info);
  const files = info.siblings.map((file) => file.rfilename);
  const texts = new Map<string, Promise<string | null>>();
  const text = (file: string): Promise<string | null> => {
    const reading = texts.get(file) ?? (files.includes(file) ? download(hub, info, file, file_ms) : noFile);
    texts.set(file, reading);
    return reading;
  };
  const json = async (file: string): Promise<unknown> => {
    const content = await text(file);
    return content === null ? null : parseJson(content, `${file} of ${what}`);
  };
  let weights: Promise<StoredTensor[] | null> | undefined;
  return {
    id: info.id,
    source: 'hub',
    revision: info.sha,
    files,
    json,
    text,
    weights: () => {
      weights ??= readWeights(hub, info, json);
      return weights;
    },
  };
}

const noFile = Promise.resolve(null);

async function download(hub: Hub, info: Info, file: string, file_ms: number): Promise<string> {
  const what = `${file} of the model ${info.id}`;
  try {
    const response = await hub.fetch(addressOf(hub, info, file), {
      headers: authHeaders(hub),
      signal: AbortSignal.timeout(file_ms),
    });
    if (!response.ok) throw refusal(response.status, what, hub, info, await bodyMessage(response));
    return await limitedText(response, what);
  } catch (cause) {
    throw cause instanceof TrainerError ? cause : brokenDownload(what, cause);
  }
}

const addressOf = (hub: Hub, info: Info, file: string): string =>
  `${hub.endpoint}/${info.id}/resolve/${info.sha}/${urlPath(file)}`;

/** What the Hub's refusal of a file means: of a gated model, that its conditions were not accepted yet. */
function refusal(status: number, what: string, hub: Hub, info: Info, detail: string): TrainerError {
  if (!info.gated || (status !== 401 && status !== 403)) return httpError(status, what, hub, detail);
  const page = `${hub.endpoint}/${info.id}`;
  return new TrainerError(
    'auth',
    'gated_model',
    `${info.id} is gated, and its conditions were not accepted (HTTP ${status})`,
    `Accept them at ${page}${info.gated === 'manual' ? ' and wait for its authors to let you in' : ''}${hub.token ? '; a fine-grained token also needs the right to read gated repositories' : ', and log in with `hf auth login`'}. Then try again.`,
  );
}

/** A body of at most MAX_TEXT_BYTES. */
async function limitedText(response: Response, what: string): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > MAX_TEXT_BYTES) throw tooLarge(what);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** The connection broke, or was too slow. */
function brokenDownload(what: string, cause: unknown): TrainerError {
  return new TrainerError(
    'network',
    'download_failed',
    `${what} could not be downloaded: ${errorMessage(cause)}`,
    'Try again in a minute.',
    { cause },
  );
}

/** One request a file, all of them at once; a second where a header is longer than most. */
async function readWeights(
  hub: Hub,
  info: Info,
  json: (file: string) => Promise<unknown>,
): Promise<StoredTensor[] | null> {
  const sizes = new Map(info.siblings.map(({ rfilename, size }) => [rfilename, size ?? 0]));
  const open = (name: string): Promise<StoredTensor[]> =>
    readHeader(remoteFile(hub, { name, url: addressOf(hub, info, name), byteLength: sizes.get(name) ?? 0 }));
  try {
    return await readTensors([...sizes.keys()], json, open);
  } catch (cause) {
    if (cause instanceof TrainerError) throw cause;
    throw new TrainerError(
      'usage',
      cause instanceof MissingShard ? 'missing_weights' : 'broken_weights',
      `the weights of ${info.id} can't be read: ${preview(errorMessage(cause), 200)}`,
      'Check the repository (its upload may have stopped halfway), or choose another model.',
      { cause },
    );
  }
}

function parseJson(text: string, what: string): unknown {
  try {
    return parsePythonJson(text);
  } catch (cause) {
    throw new TrainerError('usage', 'broken_json', `${what} is not valid JSON`, 'Choose another model.', { cause });
  }
}

import { parseSafetensorsMetadata } from '@huggingface/hub';
import * as z from 'zod';
import { errorMessage, TrainerError } from '../errors.ts';
import { authHeaders, bodyMessage, getJson, type Hub, httpError, hubParams } from './client.ts';
import { MAX_TEXT_BYTES, type ModelFiles, type ModelWeights, tooLarge } from './model-files.ts';
import { urlPath } from './url-path.ts';

const Info = z.object({
  id: z.string(),
  sha: z.string(),
  siblings: z.array(z.object({ rfilename: z.string() })).default([]),
});

/** For one file, from the request to its last byte. */
const FILE_MS = 120_000;

/** A model repository on the Hub, at the commit that `revision` (a commit, by default main) stands for now. */
export async function openHubModel(
  hub: Hub,
  id: string,
  revision?: string | null,
  file_ms = FILE_MS,
): Promise<ModelFiles> {
  const what = `the model ${id}`;
  const path = `${hub.endpoint}/api/models/${id}${revision ? `/revision/${encodeURIComponent(revision)}` : ''}`;
  const info = await getJson(hub, path, what, Info);
  const files = info.siblings.map((file) => file.rfilename);
  const text = async (file: string): Promise<string | null> => {
    if (!files.includes(file)) return null;
    const address = `${hub.endpoint}/${info.id}/resolve/${info.sha}/${urlPath(file)}`;
    try {
      const response = await hub.fetch(address, { headers: authHeaders(hub), signal: AbortSignal.timeout(file_ms) });
      if (!response.ok) throw httpError(response.status, `${file} of ${what}`, hub, await bodyMessage(response));
      return await limitedText(response, `${file} of ${what}`);
    } catch (cause) {
      throw cause instanceof TrainerError ? cause : brokenDownload(`${file} of ${what}`, cause);
    }
  };
  return {
    id: info.id,
    source: 'hub',
    revision: info.sha,
    files,
    json: async (file) => {
      const content = await text(file);
      return content === null ? null : parseJson(content, `${file} of ${what}`);
    },
    text,
    weights: async () =>
      files.some((file) => file.endsWith('.safetensors')) ? readWeights(hub, info.id, info.sha) : null,
  };
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

async function readWeights(hub: Hub, id: string, revision: string): Promise<ModelWeights> {
  try {
    const metadata = await parseSafetensorsMetadata({
      repo: { type: 'model', name: id },
      revision,
      computeParametersCount: true,
      ...hubParams(hub),
    });
    const headers = metadata.sharded ? Object.values(metadata.headers) : [metadata.header];
    const counts = Object.values(metadata.parameterCount ?? {});
    return {
      parameters: metadata.parameterTotal ?? counts.reduce((sum, count) => sum + count, 0),
      has_lm_head: headers.some((header) => 'lm_head.weight' in header),
    };
  } catch (cause) {
    if (cause instanceof TrainerError) throw cause;
    throw new TrainerError(
      'usage',
      'broken_weights',
      `the safetensors headers of ${id} can't be read: ${errorMessage(cause)}`,
      'Check the repository, or choose another model.',
      { cause },
    );
  }
}

function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new TrainerError('usage', 'broken_json', `${what} is not valid JSON`, 'Choose another model.', { cause });
  }
}

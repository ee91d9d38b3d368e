import { parseSafetensorsMetadata } from '@huggingface/hub';
import * as z from 'zod';
import { errorMessage, TrainerError } from '../errors.ts';
import { authHeaders, bodyMessage, getJson, type Hub, httpError, hubParams } from './client.ts';
import type { ModelFiles, ModelWeights } from './model-files.ts';

const Info = z.object({
  id: z.string(),
  sha: z.string(),
  siblings: z.array(z.object({ rfilename: z.string() })).default([]),
});

/** A model repository on the Hub, at the commit that `revision` (a commit, by default main) stands for now. */
export async function openHubModel(hub: Hub, id: string, revision?: string | null): Promise<ModelFiles> {
  const what = `the model ${id}`;
  const path = `${hub.endpoint}/api/models/${id}${revision ? `/revision/${encodeURIComponent(revision)}` : ''}`;
  const info = await getJson(hub, path, what, Info);
  const files = info.siblings.map((file) => file.rfilename);
  return {
    id: info.id,
    source: 'hub',
    revision: info.sha,
    files,
    json: async (file) => {
      if (!files.includes(file)) return null;
      const response = await hub.fetch(`${hub.endpoint}/${info.id}/resolve/${info.sha}/${file}`, {
        headers: authHeaders(hub),
      });
      if (!response.ok) throw httpError(response.status, `${file} of ${what}`, hub, await bodyMessage(response));
      return parseJson(await response.text(), `${file} of ${what}`);
    },
    weights: async () =>
      files.some((file) => file.endsWith('.safetensors')) ? readWeights(hub, info.id, info.sha) : null,
  };
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

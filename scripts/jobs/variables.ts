import type { Plan } from '../plan/schema.ts';
import type { JobRequest } from './backend.ts';

/** What the training script reads from its environment, on every backend (training/deadline and checkpoints). */
export function trainingVariables(
  request: Pick<JobRequest, 'timeout_seconds' | 'digest' | 'resume'>,
): Record<string, string> {
  return {
    HF_LLM_TRAINER_TIMEOUT_SECONDS: String(request.timeout_seconds),
    HF_LLM_TRAINER_DIGEST: request.digest,
    ...(request.resume ? {} : { HF_LLM_TRAINER_RESUME: '0' }),
    PYTHONUNBUFFERED: '1',
  };
}

/** Variables under which Hugging Face libraries look for a token. */
export const TOKEN_VARIABLES = ['HF_TOKEN', 'HUGGING_FACE_HUB_TOKEN', 'HUGGINGFACEHUB_API_TOKEN'];

export function withoutTokens(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !TOKEN_VARIABLES.includes(name)));
}

/** Whether a run reads from the Hub or writes to it. One that doesn't is given no token. */
export function needsHub({ model, dataset, output }: Plan): boolean {
  return (
    model.source === 'hub' ||
    model.adapter?.source === 'hub' ||
    dataset.source === 'hub' ||
    output.repo_id !== null ||
    output.trackio.space_id !== null
  );
}

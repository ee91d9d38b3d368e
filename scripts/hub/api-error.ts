import { TrainerError } from '../errors.ts';
import { preview } from '../printable.ts';
import { type Hub, httpError } from './client.ts';

/**
 * Runs a call of @huggingface/hub; what it throws becomes a TrainerError. `what` names the thing for the
 * error text, e.g. `job 68a1...`.
 */
export async function hubCall<T>(hub: Hub, what: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw hubError(hub, what, error);
  }
}

export function hubError(hub: Hub, what: string, error: unknown): unknown {
  if (error instanceof TypeError && /must start with 'hf_'/.test(error.message)) {
    return new TrainerError(
      'auth',
      'bad_token',
      'the token is not a Hugging Face token: those start with hf_',
      'Log in with `hf auth login`, or set HF_TOKEN to a token of yours.',
      { cause: error },
    );
  }
  // HubApiError, without importing the library for its name.
  if (!(error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number')) return error;
  // The library appends the URL and request id to the server's own sentence.
  const said = preview(error.message.split('. URL: ')[0] ?? '', 300);
  return httpError(error.statusCode, what, hub, said);
}

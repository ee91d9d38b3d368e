import { TrainerError } from '../errors.ts';
import type { Hub } from '../hub/client.ts';
import { repoVisibility } from '../hub/repos.ts';
import { type Me, whoami } from '../hub/whoami.ts';
import type { Request } from '../plan/request.ts';
import type { Output } from '../plan/schema.ts';
import { preview } from '../printable.ts';
import type { CommandContext } from './context.ts';

/** Where a run may put things on the Hub. */
export interface Destinations {
  /** Owner of the repositories that are made. */
  namespace: string;
  /** Space for the curves. */
  trackio_space: string;
  notes: string[];
}

/**
 * Reads who the token belongs to and what is there already. Throws TrainerError `auth` without a token that may
 * write, `usage` for a bad repository name, `approval` where the model would become public unasked.
 */
export async function chooseDestinations(request: Request, context: CommandContext): Promise<Destinations> {
  const { hub } = context;
  if (!hub.token) throw noToken();
  const me = await whoami(hub);
  if (!me.can_write) throw tooFewRights(`the token of ${me.name} can only read: the job could not save its model`, hub);
  if (request.backend !== 'local' && !me.can_run_jobs) {
    throw tooFewRights(`the token of ${me.name} may not start jobs (permission job.write)`, hub);
  }
  if (request.bucket !== undefined) await checkBucket(request.bucket, me, hub);
  const repo = request.outputRepo;
  if (repo === undefined) return { namespace: me.name, trackio_space: await privateSpace(me.name, context), notes: [] };
  const namespace = ownNamespace('--output-repo', repo, me);
  const visibility = await repoVisibility(hub, { type: 'model', repo_id: repo });
  if (visibility === 'public' && request.public !== true) throw publicUnasked(repo);
  return {
    namespace,
    trackio_space: await privateSpace(namespace, context),
    notes: visibility === null ? [] : [`${repo} exists (${visibility}): the new weights become a new commit in it`],
  };
}

/** Throws TrainerError `approval` for one that everyone can see: what is in a checkpoint is never public. */
async function checkBucket(bucket: string, me: Me, hub: Hub): Promise<void> {
  ownNamespace('--bucket', bucket, me);
  if ((await repoVisibility(hub, { type: 'bucket', repo_id: bucket })) !== 'public') return;
  throw new TrainerError(
    'approval',
    'bucket_public',
    `the bucket ${bucket} is public, and checkpoints are private`,
    'Choose another --bucket, or make that one private in its settings.',
  );
}

/** Who owns the repository that a flag names. Throws TrainerError `bad_repo`, `not_your_namespace`. */
function ownNamespace(flag: string, repo: string, { name, orgs }: Me): string {
  if (!isRepoId(repo)) {
    const expected = 'owner/name of letters, digits, `-`, `_` and `.`, 96 characters at the most';
    throw new TrainerError('usage', 'bad_repo', `${flag} ${preview(repo)}: expected ${expected}`, `Change ${flag}.`);
  }
  const namespace = repo.split('/')[0] ?? name;
  if ([name, ...orgs].includes(namespace)) return namespace;
  throw new TrainerError(
    'auth',
    'not_your_namespace',
    `the token of ${name} can't write to ${namespace}`,
    `Choose a ${flag} under ${[name, ...orgs].join(', ')}.`,
  );
}

/** As huggingface_hub's `validate_repo_id` has it: a job whose repository can't be made would be paid for nothing. */
function isRepoId(id: string): boolean {
  const [owner = '', name = '', ...more] = id.split('/');
  const valid = (part: string): boolean => part.length <= 96 && /^\w(?:[\w.-]*\w)?$/.test(part);
  return more.length === 0 && valid(owner) && valid(name) && !/--|\.\.|\.git$/.test(id);
}

/** What the card said is still so: nothing that it called private is public now. */
export async function checkVisibility(output: Output, { hub }: CommandContext): Promise<void> {
  if (output.repo_id && output.private) {
    if ((await repoVisibility(hub, { type: 'model', repo_id: output.repo_id })) === 'public') {
      throw publicUnasked(output.repo_id);
    }
  }
  const space = output.trackio.space_id;
  if (space && (await repoVisibility(hub, { type: 'space', repo_id: space })) === 'public') {
    throw new TrainerError(
      'approval',
      'space_public',
      `the Space ${space} is public now, and the card called the curves private`,
      'Make it private in its settings, or make the plan anew.',
    );
  }
}

/** The usual Space, `trackio`, unless that one is public: curves are private. */
async function privateSpace(namespace: string, { hub }: CommandContext): Promise<string> {
  const usual = `${namespace}/trackio`;
  for (const repo_id of [usual, `${usual}-private`]) {
    if ((await repoVisibility(hub, { type: 'space', repo_id })) !== 'public') return repo_id;
  }
  throw new TrainerError(
    'approval',
    'space_public',
    `the Spaces ${usual} and ${usual}-private are both public, and the curves are private`,
    'Make one of them private in its settings, then plan again.',
  );
}

function tooFewRights(message: string, hub: Hub): TrainerError {
  return new TrainerError(
    'auth',
    'token_rights',
    message,
    `Make a token with write rights at ${hub.endpoint}/settings/tokens, then \`hf auth login\`.`,
  );
}

export function noToken(): TrainerError {
  return new TrainerError(
    'auth',
    'no_token',
    'running on Hugging Face Jobs needs a token with write rights, and there is none',
    'Log in with `hf auth login`, or set HF_TOKEN. Without an account: --backend local trains on this machine.',
  );
}

function publicUnasked(repo: string): TrainerError {
  return new TrainerError(
    'approval',
    'repo_public',
    `the repository ${repo} is public, and this plan's model is private`,
    'Choose another --output-repo, make that one private in its settings, or say --public.',
  );
}

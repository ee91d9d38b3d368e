import * as z from 'zod';
import { TrainerError } from '../errors.ts';
import type { Hub } from '../hub/client.ts';
import type { ModelFiles } from '../hub/model-files.ts';
import { openHubModel } from '../hub/models.ts';
import type { Request } from '../plan/request.ts';
import { hasChatTemplate } from '../planner/model-facts.ts';
import { parseLender } from '../planner/overrides/conflicts.ts';
import { preview } from '../printable.ts';

export interface SetNames {
  /** With the commit of the model that lends its template. */
  pinned: Request;
  /** What is wrong where an adapter is trained; null where nothing is. */
  foreign: TrainerError | null;
}

/**
 * What arguments of TRL name has to be there, before anything is paid: the model that lends its chat template, and tokens
 * of the vocabulary. `sources`: an adapter and its base. Throws TrainerError `usage`, `auth` or `network`.
 */
export async function checkSetNames(request: Request, sources: readonly ModelFiles[], hub: Hub): Promise<SetNames> {
  const { chat_template_path: lender, eos_token, pad_token } = request.set ?? {};
  const lent = typeof lender === 'string' ? await openLender(lender, hub) : null;
  const pinned = lent
    ? { ...request, set: { ...request.set, chat_template_path: `${lent.id}@${lent.revision}` } }
    : request;
  const named = Object.entries({ eos_token, pad_token }).filter(([, token]) => typeof token === 'string');
  const end = lent && typeof eos_token !== 'string' ? await endToken(lent) : undefined;
  const vocabulary = named.length > 0 || end !== undefined ? await vocabularyOf(sources) : null;
  if (vocabulary === null) return { pinned, foreign: null };
  for (const [name, token] of named) {
    if (vocabulary.has(String(token))) continue;
    throw new TrainerError(
      'usage',
      'unknown_token',
      `--set ${name}=${preview(String(token))}: the tokenizer of ${sources[0]?.id} has no such token`,
      'Give a token of its vocabulary as its tokenizer_config.json spells it, or leave this --set out.',
    );
  }
  const isForeign = end !== undefined && !vocabulary.has(end);
  return { pinned, foreign: isForeign ? foreignTemplate(String(lender), end, sources) : null };
}

/** As TRL's clone_chat_template reads it: a tokenizer with a chat template. Null for what is no model's name. */
async function openLender(lender: string, hub: Hub): Promise<ModelFiles | null> {
  const named = parseLender(lender);
  if (named === null) return null;
  const { id, commit } = named;
  const files = await openHubModel(hub, id, commit);
  if (await hasChatTemplate(files)) return files;
  throw new TrainerError(
    'usage',
    'no_template_to_lend',
    `--set chat_template_path=${preview(id)}: that model has no chat template`,
    'Give an instruction-tuned model, whose tokenizer_config.json or chat_template.jinja holds one.',
  );
}

/** An adapter learns no new tokens. */
const foreignTemplate = (lender: string, token: string, sources: readonly ModelFiles[]): TrainerError =>
  new TrainerError(
    'usage',
    'foreign_template',
    `--set chat_template_path=${preview(lender)}: its answers end with ${preview(token)}, which the tokenizer of ${sources[0]?.id} does not have, and an adapter learns no new tokens`,
    'Give a relative of the model, or train all weights: --lora off.',
  );

const Token = z.object({ content: z.string() });
const Ending = z.object({ eos_token: z.union([z.string(), Token.transform(({ content }) => content)]) });

/** What ends an answer; undefined where its tokenizer says nothing of it. */
async function endToken(files: ModelFiles): Promise<string | undefined> {
  return Ending.safeParse(await files.json('tokenizer_config.json')).data?.eos_token;
}

const Tokenizer = z.object({
  added_tokens: z.array(Token).catch([]),
  model: z.object({
    // By token, or in Unigram's order with a score each.
    vocab: z.union([z.record(z.string(), z.number()), z.array(z.tuple([z.string(), z.number()]))]),
  }),
});
const Config = z.object({ added_tokens_decoder: z.record(z.string(), Token).catch({}) });

/** Null where it can't be read here: then the training says it. */
async function vocabularyOf(sources: readonly ModelFiles[]): Promise<Set<string> | null> {
  const files = sources.find((each) => each.files.includes('tokenizer.json'));
  const tokenizer = Tokenizer.safeParse(await files?.json('tokenizer.json'));
  if (!files || !tokenizer.success) return null;
  const config = Config.safeParse(await files.json('tokenizer_config.json'));
  const { vocab } = tokenizer.data.model;
  const added = [...tokenizer.data.added_tokens, ...Object.values(config.data?.added_tokens_decoder ?? {})];
  return new Set([
    ...(Array.isArray(vocab) ? vocab.map(([token]) => token) : Object.keys(vocab)),
    ...added.map(({ content }) => content),
  ]);
}

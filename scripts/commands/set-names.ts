import * as z from 'zod';
import { TrainerError } from '../errors.ts';
import type { Hub } from '../hub/client.ts';
import type { ModelFiles } from '../hub/model-files.ts';
import { openHubModel } from '../hub/models.ts';
import { HUB_ID } from '../hub/search.ts';
import type { Request } from '../plan/request.ts';
import { hasChatTemplate } from '../planner/model-facts.ts';
import { preview } from '../printable.ts';

/**
 * What arguments of TRL name has to be there, before anything is paid: the model that lends its chat template, and tokens
 * of the vocabulary. `sources`: an adapter and its base. Throws TrainerError `usage`, `auth` or `network`.
 */
export async function checkSetNames(request: Request, sources: readonly ModelFiles[], hub: Hub): Promise<void> {
  const { chat_template_path: lender, eos_token, pad_token } = request.set ?? {};
  if (typeof lender === 'string' && HUB_ID.test(lender)) await checkLender(lender, hub);
  const named = Object.entries({ eos_token, pad_token }).filter(([, token]) => typeof token === 'string');
  if (named.length === 0) return;
  const vocabulary = await vocabularyOf(sources);
  for (const [name, token] of named) {
    if (vocabulary === null || vocabulary.has(String(token))) continue;
    throw new TrainerError(
      'usage',
      'unknown_token',
      `--set ${name}=${preview(String(token))}: the tokenizer of ${sources[0]?.id} has no such token`,
      'Give a token of its vocabulary as its tokenizer_config.json spells it, or leave this --set out.',
    );
  }
}

/** As TRL's clone_chat_template reads it: a tokenizer with a chat template. */
async function checkLender(id: string, hub: Hub): Promise<void> {
  const files = await openHubModel(hub, id);
  if (await hasChatTemplate(files)) return;
  throw new TrainerError(
    'usage',
    'no_template_to_lend',
    `--set chat_template_path=${preview(id)}: that model has no chat template`,
    'Give an instruction-tuned model, whose tokenizer_config.json or chat_template.jinja holds one.',
  );
}

const Token = z.object({ content: z.string() });
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

import * as z from 'zod';
import { isRecord } from '../rows.ts';

/** Names under which a tokenizer keeps its special tokens, and a chat template sees them. */
const NAMES = ['bos_token', 'eos_token', 'unk_token', 'sep_token', 'pad_token', 'cls_token', 'mask_token'] as const;

const Token = z.union([z.string(), z.object({ content: z.string() }).transform(({ content }) => content)]);

/** What a tokenizer class sets where tokenizer_config.json doesn't say (transformers 5.23). */
const BY_CLASS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  Qwen2Tokenizer: { unk_token: '<|endoftext|>', eos_token: '<|endoftext|>', pad_token: '<|endoftext|>' },
  GPT2Tokenizer: { unk_token: '<|endoftext|>', bos_token: '<|endoftext|>', eos_token: '<|endoftext|>' },
  LlamaTokenizer: { unk_token: '<unk>', bos_token: '<s>', eos_token: '</s>' },
  GemmaTokenizer: { unk_token: '<unk>', bos_token: '<bos>', eos_token: '<eos>', pad_token: '<pad>' },
};

export type SpecialTokens = Readonly<Partial<Record<(typeof NAMES)[number], string>>>;

/**
 * The named special tokens as transformers 5.23 reads them: tokenizer_config.json, and special_tokens_map.json in
 * models from before `added_tokens_decoder`.
 */
export function specialTokens(config: unknown, legacyMap: unknown): SpecialTokens {
  const own = isRecord(config) ? config : {};
  const legacy = 'added_tokens_decoder' in own || !isRecord(legacyMap) ? {} : legacyMap;
  const given: Record<string, unknown> = { ...own, ...legacy };
  const fallback = BY_CLASS[tokenizerClass(config)] ?? {};
  const tokens = NAMES.map((name) => {
    const token = Token.safeParse(name in given ? given[name] : fallback[name]);
    return [name, token.success ? token.data : undefined] as const;
  });
  return Object.fromEntries(tokens.filter(([, token]) => token !== undefined));
}

/** `tokenizer_class` without the `Fast` that transformers 5 ignores. */
export function tokenizerClass(config: unknown): string {
  const name = isRecord(config) ? config.tokenizer_class : undefined;
  return typeof name === 'string' ? name.replace(/Fast$/, '') : '';
}

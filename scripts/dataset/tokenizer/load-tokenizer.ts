import { isRecord, type Row } from '../rows.ts';
import { type SpecialTokens, tokenizerClass } from './special-tokens.ts';

/** Ids of a text. `special`: with what the tokenizer puts around plain text, such as a first token. */
export type Encode = (text: string, special: boolean) => number[];

/**
 * The tokenizer of tokenizer.json as transformers 5.23 sets it up. Throws where it has a part that
 * @huggingface/tokenizers does not know.
 */
export async function loadTokenizer(file: unknown, config: unknown, special: SpecialTokens): Promise<Encode> {
  const { Tokenizer } = await import('@huggingface/tokenizers');
  if (!isRecord(file)) throw new Error('tokenizer.json is no object');
  const settings = isRecord(config) ? config : {};
  const complete = withAddedTokens(rebuilt(file, settings), settings, special);
  const processed = withEnds(complete, settings, special);
  const tokenizer = new Tokenizer(processed, settings);
  return (text, plain) => tokenizer.encode(text, { add_special_tokens: plain }).ids;
}

interface AddedToken {
  id: number;
  content: string;
}

function addedTokens(file: Row): AddedToken[] {
  const tokens = Array.isArray(file.added_tokens) ? file.added_tokens : [];
  return tokens.filter((token) => isRecord(token) && typeof token.content === 'string' && typeof token.id === 'number');
}

/** Tokens that tokenizer_config.json names beside those of tokenizer.json. */
function withAddedTokens(file: Row, config: Row, special: SpecialTokens): Row {
  const known = addedTokens(file);
  const contents = new Set(known.map(({ content }) => content));
  const vocabulary = isRecord(file.model) && isRecord(file.model.vocab) ? file.model.vocab : {};
  const plain = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
  const more: AddedToken[] = [];
  const add = (content: string, id: number, rest: object): void => {
    if (contents.has(content)) return;
    contents.add(content);
    more.push({ ...plain, ...rest, id, content });
  };
  const decoder = isRecord(config.added_tokens_decoder) ? config.added_tokens_decoder : {};
  for (const [id, token] of Object.entries(decoder)) {
    if (isRecord(token) && typeof token.content === 'string') add(token.content, Number(id), token);
  }
  let next = Math.max(
    Object.keys(vocabulary).length,
    ...known.map(({ id }) => id + 1),
    ...more.map(({ id }) => id + 1),
  );
  for (const content of Object.values(special)) {
    const own = vocabulary[content];
    add(content, typeof own === 'number' ? own : next++, {});
  }
  return { ...file, added_tokens: [...known, ...more] };
}

/** `add_bos_token` and `add_eos_token`, where given, replace tokenizer.json's post-processor. */
function withEnds(file: Row, config: Row, special: SpecialTokens): Row {
  const given = 'add_bos_token' in config || 'add_eos_token' in config;
  if (!given && file.post_processor) return file;
  const ids = new Map(addedTokens(file).map(({ content, id }) => [content, id]));
  const token = (asked: unknown, content: string | undefined): string[] => (asked && content ? [content] : []);
  const first = token(config.add_bos_token, special.bos_token);
  const last = token(config.add_eos_token, special.eos_token);
  const part = (id: string): object => ({ SpecialToken: { id, type_id: 0 } });
  const single = [...first.map(part), { Sequence: { id: 'A', type_id: 0 } }, ...last.map(part)];
  const tokens = [...first, ...last].map((id) => [id, { id, ids: [ids.get(id) ?? 0], tokens: [id] }]);
  const processor = { type: 'TemplateProcessing', single, pair: single, special_tokens: Object.fromEntries(tokens) };
  return { ...file, post_processor: processor };
}

/** transformers builds some classes anew from the vocabulary, whatever tokenizer.json says about the rest. */
function rebuilt(file: Row, config: Row): Row {
  if (!isRecord(file.model) || file.model.type !== 'BPE') return file;
  const name = tokenizerClass(config);
  if (name === 'Qwen2Tokenizer') return asQwen2(file, file.model, config);
  const isBytes = JSON.stringify([file.pre_tokenizer, file.decoder]).includes('"ByteLevel"');
  return name === 'LlamaTokenizer' && !isBytes ? asLlama(file, file.model, config) : file;
}

function asLlama(file: Row, model: Row, config: Row): Row {
  const scheme = (config.add_prefix_space ?? true) ? (config.legacy ? 'always' : 'first') : 'never';
  return {
    ...file,
    model: { ...model, fuse_unk: true, byte_fallback: true, dropout: null },
    normalizer: null,
    pre_tokenizer: { type: 'Metaspace', replacement: '▁', prepend_scheme: scheme, split: false },
  };
}

/** PRETOKENIZE_REGEX of transformers' tokenization_qwen2.py. */
const QWEN2_WORDS =
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

function asQwen2(file: Row, model: Row, config: Row): Row {
  const split = { type: 'Split', pattern: { Regex: QWEN2_WORDS }, behavior: 'Isolated', invert: false };
  const space = config.add_prefix_space === true;
  const bytes = { type: 'ByteLevel', add_prefix_space: space, trim_offsets: true, use_regex: false };
  return {
    ...file,
    model: { ...model, unk_token: null, fuse_unk: false, byte_fallback: false, dropout: null, ignore_merges: false },
    normalizer: { type: 'NFC' },
    pre_tokenizer: { type: 'Sequence', pretokenizers: [split, bytes] },
  };
}

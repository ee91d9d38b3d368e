import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Characters that stand for the 256 bytes in byte-level vocabularies, as GPT-2 has them. */
function byteCharacters(): string[] {
  const printable = (byte: number): boolean =>
    (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || (byte >= 174 && byte <= 255);
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(printable(byte) ? byte : next++));
}

const SPECIAL = ['<eos>', '<bos>', '<turn>', '<end>'];

/** A tokenizer.json in which each byte is one token, and each of SPECIAL is one. */
export function byteTokenizer(): object {
  const vocab = Object.fromEntries(byteCharacters().map((char, id) => [char, id]));
  return {
    version: '1.0',
    added_tokens: SPECIAL.map((content, index) => ({
      id: 256 + index,
      content,
      special: true,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
    })),
    normalizer: null,
    pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false },
    post_processor: null,
    decoder: { type: 'ByteLevel' },
    model: { type: 'BPE', vocab, merges: [], unk_token: null, byte_fallback: false, fuse_unk: false },
  };
}

/** `<turn>user: Hi<end>`, with a header for the answer to come. Refuses a system turn. */
export const TEMPLATE = `{% for message in messages %}
{%- if message.role == 'system' %}{{ raise_exception('No system turn, please') }}{% endif %}
{{- '<turn>' + message.role + ': ' + message.content + '<end>' }}
{%- endfor %}
{%- if add_generation_prompt %}<turn>assistant: {% endif %}`;

/** A model folder without weights. `files` replace or add to it; null leaves one out. */
export function modelFolder(folder: string, files: Record<string, string | object | null> = {}): string {
  const all = {
    'config.json': { model_type: 'llama' },
    'tokenizer.json': byteTokenizer(),
    'tokenizer_config.json': { eos_token: '<eos>', tokenizer_class: 'PreTrainedTokenizerFast' },
    'chat_template.jinja': TEMPLATE,
    ...files,
  };
  for (const [name, content] of Object.entries(all)) {
    if (content === null) continue;
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content));
  }
  return folder;
}

/** Phi-3's chat template, which has no generation tags: TRL knows a copy that has them. */
export const PHI3 =
  "{% for message in messages %}{% if message['role'] == 'system' %}{{'<|system|>\n' + message['content'] + '<|end|>\n'}}{% elif message['role'] == 'user' %}{{'<|user|>\n' + message['content'] + '<|end|>\n'}}{% elif message['role'] == 'assistant' %}{{'<|assistant|>\n' + message['content'] + '<|end|>\n'}}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>\n' }}{% else %}{{ eos_token }}{% endif %}";

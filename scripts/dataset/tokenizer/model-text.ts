import { errorMessage, TrainerError } from '../../errors.ts';
import type { ModelFiles } from '../../hub/model-files.ts';
import { preview } from '../../printable.ts';
import { isRecord } from '../rows.ts';
import type { TemplateSource } from './chat-template.ts';
import { type Encode, loadTokenizer } from './load-tokenizer.ts';
import { specialTokens } from './special-tokens.ts';

/** What a model makes of text, as far as its chat template goes. Plain data, so that it can go to another thread. */
export interface ModelTemplates {
  /** Hub id or folder, for messages. */
  model: string;
  eos: string | null;
  /** TRL takes the EOS token for padding where there is no other. */
  pad: string | null;
  /** Whether it reads pictures; absent where that is not known. */
  sees?: boolean;
  /** By name; transformers chooses `tool_use` for rows with tools, else `default`. Null: there is none. */
  templates: Readonly<Record<string, TemplateSource>> | null;
}

export interface ModelText {
  templates: ModelTemplates;
  /** Null where the tokenizer can't be run here; `why` says it. */
  encode: Encode | null;
  why: string | null;
}

/**
 * The tokenizer and chat template of a model, from the first of `sources` that has them: an adapter's own come before
 * its base's. `now`: what a template is told as the time, milliseconds of the epoch. Throws TrainerError as the
 * readers do, but not for the tokenizer: without it the template can still be tried.
 */
export async function readModelText(sources: readonly ModelFiles[], now: number): Promise<ModelText> {
  const having = (name: string): ModelFiles | undefined => sources.find((each) => each.files.includes(name));
  const files = having('tokenizer.json') ?? having('tokenizer_config.json') ?? sources[0];
  if (!files) throw new Error('no model');
  const config = await files.json('tokenizer_config.json');
  const special = specialTokens(config, await files.json('special_tokens_map.json'));
  const pad = special.pad_token ?? special.eos_token ?? null;
  const variables = { ...special, ...(pad === null ? {} : { pad_token: pad }) };
  const templates = Object.entries(await readTemplates(files, config));
  return {
    templates: {
      model: files.id,
      eos: special.eos_token ?? null,
      pad,
      templates:
        templates.length === 0
          ? null
          : Object.fromEntries(templates.map(([name, source]) => [name, { source, variables, now }])),
    },
    ...(await readTokenizer(files, config, special)),
  };
}

async function readTokenizer(
  files: ModelFiles,
  config: unknown,
  special: Parameters<typeof loadTokenizer>[2],
): Promise<Pick<ModelText, 'encode' | 'why'>> {
  if (isRecord(config) && isRecord(config.auto_map) && config.auto_map.AutoTokenizer) {
    return { encode: null, why: 'its tokenizer is code of its own, which is never run' };
  }
  try {
    const file = await files.json('tokenizer.json');
    if (file === null) return { encode: null, why: 'it has no tokenizer.json' };
    return { encode: await loadTokenizer(file, config, special), why: null };
  } catch (error) {
    const what = error instanceof TrainerError ? 'read' : 'run here';
    return { encode: null, why: `its tokenizer.json can't be ${what} (${preview(errorMessage(error))})` };
  }
}

const EXTRA = /^additional_chat_templates\/([^/]+)\.jinja$/;

/** Files come before tokenizer_config.json's `chat_template`, which is one template or a list of named ones. */
async function readTemplates(files: ModelFiles, config: unknown): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  const own = await files.text('chat_template.jinja');
  if (own !== null) found.default = own;
  for (const path of files.files) {
    const name = EXTRA.exec(path)?.[1];
    const source = name === undefined ? null : await files.text(path);
    if (name !== undefined && source !== null) found[name] = source;
  }
  if (Object.keys(found).length > 0) return found;
  const given = isRecord(config) ? config.chat_template : null;
  if (typeof given === 'string') return { default: given };
  for (const each of Array.isArray(given) ? given : []) {
    if (isRecord(each) && typeof each.name === 'string' && typeof each.template === 'string') {
      found[each.name] = each.template;
    }
  }
  return found;
}

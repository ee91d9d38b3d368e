import { isOnline, type Method } from '../../plan/methods.ts';
import { asSftReads } from '../from-value.ts';
import type { Shape } from '../methods/method.ts';
import { isRecord, type Row } from '../rows.ts';
import { sameJson } from '../trainable.ts';
import type { ChatTemplate, Rendered, RenderOptions } from './chat-template.ts';

/** One sequence that a trainer makes of a row. */
interface SequenceText {
  /** The beginning that is asked, not learnt; null where there is none. */
  prompt: string | null;
  /** All of it, the prompt included. */
  whole: string;
}

/** `special`: tokenized as plain text, which the tokenizer may put special tokens around. */
export type RowTexts = { sequences: SequenceText[]; special: boolean } | { raises: string } | { unknown: string };

export interface Renderer {
  /** The end-of-sequence token, which TRL appends to plain text. */
  eos: string | null;
  template(row: Row): ChatTemplate | { raises: string };
}

/**
 * The texts that TRL 1.16 tokenizes of one row, as its `_prepare_dataset` (GRPO, RLOO: `_tokenize_prompts`) does. The
 * row has the columns after the mapping, and is one that trains.
 */
export function rowTexts(method: Method, shape: Shape, row: Row, renderer: Renderer): RowTexts {
  try {
    if (shape.vision) throw cannotTell('what a model makes of pictures is not counted');
    if (!shape.conversational) return { sequences: plainTexts(method, shape, row, renderer.eos), special: true };
    const template = renderer.template(row);
    if (!('render' in template)) return template;
    return { sequences: chatTexts(method, shape, row, new Chat(template, optionsOf(method, row))), special: false };
  } catch (error) {
    if (error instanceof Stopped) return error.outcome;
    throw error;
  }
}

/** The template raised, or could not be run. */
class Stopped extends Error {
  constructor(readonly outcome: { raises: string } | { unknown: string }) {
    super();
  }
}

const cannotTell = (why: string): Stopped => new Stopped({ unknown: why });

class Chat {
  constructor(
    private readonly template: ChatTemplate,
    private readonly options: RenderOptions,
  ) {}

  text(messages: readonly Row[]): string {
    return this.#checked(this.template.render(messages, this.options));
  }

  /** With the header of the answer that is to come. */
  prompt(messages: readonly Row[]): string {
    return this.#checked(this.template.render(messages, { ...this.options, add_generation_prompt: true }));
  }

  #checked(rendered: Rendered): string {
    if ('text' in rendered) return rendered.text;
    throw new Stopped(rendered);
  }
}

function chatTexts(method: Method, { format }: Shape, row: Row, chat: Chat): SequenceText[] {
  const ask = (prompt: readonly Row[], answer: readonly Row[]): SequenceText => ({
    prompt: chat.prompt(prompt),
    whole: chat.text([...prompt, ...answer]),
  });
  switch (format) {
    case 'language-modeling':
      return [{ prompt: null, whole: chat.text(messages(asSftReads(row).messages)) }];
    case 'prompt-completion':
    case 'unpaired-preference':
      return [ask(messages(row.prompt), messages(row.completion))];
    case 'prompt-only': {
      const prompt = chat.prompt(messages(row.prompt));
      return [{ prompt, whole: prompt }];
    }
    case 'preference': {
      const answers = [messages(row.chosen), messages(row.rejected)];
      if (method === 'reward') {
        const prompt = 'prompt' in row ? messages(row.prompt) : [];
        return answers.map((answer) => ({ prompt: null, whole: chat.text([...prompt, ...answer]) }));
      }
      const [prompt, pair] = 'prompt' in row ? [messages(row.prompt), answers] : sharedTurns(answers);
      return pair.map((answer) => ask(prompt, answer));
    }
  }
}

function plainTexts(method: Method, { format }: Shape, row: Row, eos: string | null): SequenceText[] {
  switch (format) {
    case 'language-modeling':
      return [{ prompt: null, whole: ended(text(row.text), eos) }];
    case 'prompt-completion': {
      // Where there is a column `text`, TRL ends that one.
      const completion = 'text' in row && method === 'sft' ? text(row.completion) : ended(text(row.completion), eos);
      return [{ prompt: text(row.prompt), whole: text(row.prompt) + completion }];
    }
    case 'unpaired-preference':
      return [{ prompt: text(row.prompt), whole: text(row.prompt) + ended(text(row.completion), eos) }];
    case 'prompt-only':
      return [{ prompt: text(row.prompt), whole: text(row.prompt) }];
    case 'preference': {
      const answers = [text(row.chosen), text(row.rejected)];
      const given = 'prompt' in row ? text(row.prompt) : null;
      if (method === 'reward') {
        return answers.map((answer) => ({ prompt: null, whole: (given ?? '') + ended(answer, eos) }));
      }
      const prompt = given ?? sharedText(answers);
      const skip = given === null ? prompt.length : 0;
      return answers.map((answer) => ({ prompt, whole: prompt + ended(answer.slice(skip), eos) }));
    }
  }
}

/** TRL's add_eos. */
function ended(value: string, eos: string | null): string {
  if (eos === null) throw cannotTell('the tokenizer has no end-of-sequence token');
  return value.endsWith(eos) ? value : value + eos;
}

function text(cell: unknown): string {
  if (typeof cell === 'string') return cell;
  throw cannotTell('a cell is no text');
}

function messages(cell: unknown): Row[] {
  if (Array.isArray(cell) && cell.every(isRecord)) return cell;
  throw cannotTell('a cell is no list of messages');
}

/** TRL's extract_prompt for texts: what both begin with, without a space before the place where they part. */
function sharedText([first = '', second = '']: string[]): string {
  const [a, b] = [[...first], [...second]];
  const shortest = Math.min(a.length, b.length);
  let end = 0;
  while (end < shortest && a[end] === b[end]) end += 1;
  // As in Python: where nothing differs, the loop ends at the last character, not behind it.
  if (end === shortest) return a.slice(0, shortest - 1).join('');
  // Index -1 is the last character.
  if (a.at(end - 1) === ' ') end -= 1;
  return a.slice(0, end).join('');
}

/** The same for turns. */
function sharedTurns([first = [], second = []]: Row[][]): [Row[], Row[][]] {
  const shortest = Math.min(first.length, second.length);
  let end = 0;
  while (end < shortest && sameJson(first[end], second[end])) end += 1;
  if (end === shortest) end = shortest - 1;
  if (end < 1) throw cannotTell('the answers have no prompt in common');
  return [first.slice(0, end), [first.slice(end), second.slice(end)]];
}

/** GRPO and RLOO take tools and template arguments from their configuration, not from the rows. */
function optionsOf(method: Method, row: Row): RenderOptions {
  if (isOnline(method)) return {};
  return { tools: toolsOf(row), extra: isRecord(row.chat_template_kwargs) ? row.chat_template_kwargs : {} };
}

/** `tools` may be the list or its JSON. */
function toolsOf(row: Row): unknown {
  if (typeof row.tools !== 'string') return row.tools ?? null;
  try {
    return JSON.parse(row.tools);
  } catch {
    throw cannotTell('tools is no JSON');
  }
}

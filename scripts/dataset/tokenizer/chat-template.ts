import { parse, tokenize } from '@huggingface/jinja';
import { errorMessage } from '../../errors.ts';
import type { Row } from '../rows.ts';
import { type Program, setVariable } from './jinja/engine.ts';
import { globals } from './jinja/globals.ts';
import { PythonInterpreter } from './jinja/interpreter.ts';
import { cellValue, TakesTooLong, TemplateRaises } from './jinja/values.ts';

/** What a template makes of a conversation: the text, the error that Python raises, or that it can't be told. */
export type Rendered = { text: string } | { raises: string } | { unknown: string };

export interface RenderOptions {
  tools?: unknown;
  add_generation_prompt?: boolean;
  /** `chat_template_kwargs` of the row. */
  extra?: Row;
}

/** A Jinja2 chat template with the tokenizer's named special tokens, which it sees as variables. Plain data. */
export interface TemplateSource {
  source: string;
  variables: Readonly<Record<string, string>>;
  /** What `strftime_now` tells, milliseconds of the epoch. */
  now: number;
}

/** Parameters of apply_chat_template that a row's `chat_template_kwargs` would set instead of the template's variables. */
const PARAMETERS = new Set([
  'conversation',
  'tools',
  'documents',
  'chat_template',
  'add_generation_prompt',
  'continue_final_message',
  'tokenize',
  'padding',
  'truncation',
  'max_length',
  'return_tensors',
  'return_dict',
  'return_assistant_tokens_mask',
  'tokenizer_kwargs',
  'sanitize_control_tokens',
]);

/** Runs a chat template as transformers 5.23 does. */
export class ChatTemplate {
  /** Null where it is not run: it can't be read here, or took too long once. */
  #program: Program | null;
  #why = 'the template uses what this engine does not read';
  readonly #source: TemplateSource;

  constructor(source: TemplateSource) {
    this.#source = source;
    this.#program = parsed(source.source);
  }

  render(messages: readonly Row[], options: RenderOptions = {}): Rendered {
    const { tools = null, add_generation_prompt = false, extra = {} } = options;
    if (!this.#program) return { unknown: this.#why };
    const odd = Object.keys(extra).find((name) => PARAMETERS.has(name));
    if (odd !== undefined) return { unknown: `chat_template_kwargs sets ${odd}` };
    const variables = { ...this.#source.variables, ...extra };
    try {
      const environment = globals(this.#source.now);
      for (const [name, cell] of Object.entries({ ...variables, tools, add_generation_prompt, documents: null })) {
        setVariable(environment, name, cellValue(cell));
      }
      setVariable(environment, 'messages', cellValue(messages.map(chatMessage)));
      return { text: String(new PythonInterpreter(environment).run(this.#program).value) };
    } catch (error) {
      if (error instanceof TakesTooLong) {
        this.#program = null;
        this.#why = error.message;
      }
      return error instanceof TemplateRaises ? { raises: error.message } : { unknown: errorMessage(error) };
    }
  }
}

function parsed(source: string): Program | null {
  try {
    return parse(tokenize(source, { lstrip_blocks: true, trim_blocks: true }));
  } catch {
    return null;
  }
}

/** Names that a message's reasoning goes by; transformers fills in the others that templates read. */
const REASONING = ['reasoning_content', 'thinking', 'reasoning'];

/** Without the keys that are null, which transformers leaves out before it renders. */
function chatMessage(message: Row): Row {
  const kept = Object.fromEntries(Object.entries(message).filter(([, value]) => value !== null && value !== undefined));
  const named = REASONING.find((name) => name in kept);
  if (named === undefined) return kept;
  const reasoning = kept[named];
  return { thinking: reasoning, ...kept, reasoning_content: reasoning };
}

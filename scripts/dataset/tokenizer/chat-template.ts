import { Environment, parse, tokenize } from '@huggingface/jinja';
import { errorMessage } from '../../errors.ts';
import type { Row } from '../rows.ts';
import { PythonInterpreter } from './python-interpreter.ts';
import { cellValue, TemplateRaises, type Value } from './python-values.ts';
import { strftime } from './strftime.ts';

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
  readonly #program: ReturnType<typeof parse> | null;
  readonly #source: TemplateSource;

  constructor(source: TemplateSource) {
    this.#source = source;
    this.#program = parsed(source.source);
  }

  render(messages: readonly Row[], options: RenderOptions = {}): Rendered {
    const { tools = null, add_generation_prompt = false, extra = {} } = options;
    if (!this.#program) return { unknown: 'the template uses what this engine does not read' };
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
      return error instanceof TemplateRaises ? { raises: error.message } : { unknown: errorMessage(error) };
    }
  }
}

function parsed(source: string): ReturnType<typeof parse> | null {
  try {
    return parse(tokenize(source, { lstrip_blocks: true, trim_blocks: true }));
  } catch {
    return null;
  }
}

function globals(now: number): Environment {
  const environment = new Environment();
  for (const [name, value] of Object.entries({ true: true, false: false, none: null })) {
    environment.set(name, value);
    environment.set(`${name[0]?.toUpperCase()}${name.slice(1)}`, value);
  }
  environment.set('range', range);
  environment.set('raise_exception', (message: unknown) => {
    throw new TemplateRaises(String(message));
  });
  environment.set('strftime_now', (format: string) => strftime(new Date(now), format));
  return environment;
}

function setVariable(environment: Environment, name: string, value: Value): void {
  (environment as unknown as { variables: Map<string, Value> }).variables.set(name, value);
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

function range(start: number, stop?: number, step = 1): number[] {
  const [from, to] = stop === undefined ? [0, start] : [start, stop];
  const numbers: number[] = [];
  for (let at = from; step > 0 ? at < to : at > to; at += step) numbers.push(at);
  return numbers;
}

import { isOnline, type Method } from '../../plan/methods.ts';
import { preview } from '../../printable.ts';
import { drops, fails, harms, note, type Problem, type Stage } from '../findings.ts';
import type { Shape } from '../methods/method.ts';
import { isRecord, type Row } from '../rows.ts';
import { marksAnswers } from './assistant-marks.ts';
import type { ModelTemplates } from './model-text.ts';
import { NO_TEMPLATE, PLAIN_ROW, rendererOf } from './renderer.ts';
import { rowStructure } from './row-structure.ts';
import { type Renderer, type RowTexts, rowTexts } from './row-texts.ts';

/** Structures that are remembered; a dataset has few. */
const MAX_STRUCTURES = 10_000;
/** Messages that a template or a role may have; more are counted under one. */
const MAX_WORDS = 5;

export const NOT_CHECKED = note(
  'template_not_checked',
  "The model's chat template could not be run on these rows here: not checked.",
);

/** What the model's chat template says to the rows of one method. A row of each structure is rendered. */
export class RowChecks {
  readonly #renderer: Renderer;
  readonly #known = new Map<string, Problem | null>();
  readonly #words = new Set<string>();

  constructor(
    private readonly model: ModelTemplates,
    private readonly method: Method,
    private readonly shape: Shape,
  ) {
    this.#renderer = rendererOf(model);
  }

  /** Of a row that trains as far as its cells go. */
  problem(row: Row): Problem | null {
    if (!this.shape.conversational) return this.model.eos === null && this.#needsEos() ? this.#noEos() : null;
    const structure = rowStructure(row);
    const known = this.#known.get(structure);
    if (known !== undefined) return known;
    const found = this.#judged(rowTexts(this.method, this.shape, row, this.#renderer), row);
    if (this.#known.size < MAX_STRUCTURES) this.#known.set(structure, found);
    return found;
  }

  /** What is to be said of the template itself. */
  asides(): Problem[] {
    const { templates } = this.model;
    if (!this.shape.conversational || templates === null || isOnline(this.method)) return [];
    const tagged = Object.values(templates).some(({ source }) => marksAnswers(source));
    const untagged = note(
      'no_generation_tags',
      'The chat template has no {% generation %} tags: every turn is trained on, and assistant_only_loss=true needs them.',
    );
    return [...(this.method === 'sft' && !tagged ? [untagged] : []), ...this.#turnEnd()];
  }

  /** How a conversation ends, tried with one of two short turns. */
  #turnEnd(): Problem[] {
    const template = this.#renderer.template(PLAIN_ROW);
    if (!('render' in template)) return [];
    const answer = 'Forty-two';
    const rendered = template.render([
      { role: 'user', content: 'Question' },
      { role: 'assistant', content: answer },
    ]);
    if (!('text' in rendered)) return [];
    const end = rendered.text.slice(rendered.text.lastIndexOf(answer) + answer.length).trim();
    const { eos } = this.model;
    if (eos !== null && end.includes(eos)) return [];
    if (end === '') {
      return [
        harms(
          'no_turn_end',
          'The chat template writes nothing behind an answer, and TRL adds nothing: the model does not learn to stop.',
        ),
      ];
    }
    return [
      note(
        'other_turn_end',
        `The chat template ends an answer with "${preview(end, 40)}", not with the tokenizer's end-of-sequence token${eos === null ? '' : ` "${preview(eos, 40)}"`}: whoever runs the model has to stop there.`,
      ),
    ];
  }

  #judged(texts: RowTexts, row: Row): Problem | null {
    if ('unknown' in texts) return NOT_CHECKED;
    if ('raises' in texts) return this.#raises(texts.raises);
    const [first] = texts.sequences;
    if (this.method === 'sft' && first?.whole === '') {
      return drops(
        'renders_nothing',
        'The chat template makes nothing of these conversations: TRL leaves the rows out without a word.',
      );
    }
    const role = leftOut(row, texts.sequences.map(({ whole }) => whole).join('\n'));
    if (role === null) return null;
    return harms(
      'turn_left_out',
      `The chat template leaves out turns of the role "${this.#limited(role)}": the model never sees them.`,
    );
  }

  #raises(words: string): Problem {
    if (words === NO_TEMPLATE) {
      return fails(
        'no_chat_template',
        `${preview(this.model.model)} has no chat template, which conversations need: TRL stops.`,
        this.#stage(),
        words,
      );
    }
    const shown = this.#limited(words);
    return fails(
      'template_raises',
      `The model's chat template refuses these conversations: TRL stops. It says: ${shown}`,
      this.#stage(),
      shown,
    );
  }

  #noEos(): Problem {
    // Without any token for padding TRL stops at once.
    return this.model.pad === null
      ? fails(
          'no_eos',
          'The tokenizer has neither a token for padding nor one for the end of a sequence: TRL stops.',
          'init',
          "The specified `pad_token` ('None') is not found in the vocabulary",
        )
      : fails(
          'no_eos',
          'The tokenizer has no end-of-sequence token, which TRL appends to text: it stops.',
          'map',
          'endswith first arg must be str or a tuple of str, not NoneType',
        );
  }

  /** Where the trainer renders: GRPO and RLOO while they train. */
  #stage(): Stage {
    return this.#needsEos() ? 'map' : 'train';
  }

  #needsEos(): boolean {
    return !isOnline(this.method);
  }

  /** A dataset's words in a message may differ a million times. */
  #limited(words: string): string {
    const shown = preview(words, 160);
    if (!this.#words.has(shown) && this.#words.size >= MAX_WORDS) return '...';
    this.#words.add(shown);
    return shown;
  }
}

/** The role of a turn whose text the rendered conversation has not. Of answers parts may be left out on purpose. */
function leftOut(row: Row, rendered: string): string | null {
  for (const cell of [row.messages, row.prompt]) {
    for (const message of Array.isArray(cell) ? cell : []) {
      if (!isRecord(message) || message.role === 'assistant' || typeof message.content !== 'string') continue;
      const words = message.content.trim();
      if (words !== '' && !rendered.includes(words)) return String(message.role);
    }
  }
  return null;
}

import { describe, expect, it } from 'vitest';
import type { JsonValue } from '../../scripts/plan/json.ts';
import type { Planned } from '../../scripts/plan/methods.ts';
import type { Request } from '../../scripts/plan/request.ts';
import { thinkingDoubt } from '../../scripts/planner/thinking.ts';
import { work } from './support.ts';

/** What these families' templates write after the question. */
const QWEN3 =
  "{{ 'assistant' }}{% if enable_thinking is defined and enable_thinking is false %}{{ '<think></think>' }}{% endif %}";
const OFF_UNLESS_ASKED =
  "{% if enable_thinking is defined and enable_thinking %}{{ '<think>' }}{% else %}{{ '<think></think>' }}{% endif %}";
const SILENT_UNLESS_ASKED = "{% if enable_thinking is defined and enable_thinking %}{{ '<think>' }}{% endif %}";
const R1 = "{{ '<think>' }}";
const CLOSED = "{% if thinking %}{{ '<think>' }}{% else %}{{ '</think>' }}{% endif %}";
/** Granite 3.3's system prompt; nothing stands behind the question. */
const GRANITE = "{% if thinking %}{{ 'Write your thoughts between <think></think>.' }}{% endif %}{{ 'assistant' }}";
/** Nemotron Nano 2 reads the switch in the messages alone; Cohere and Kimi have marks of their own. */
const OWN_SWITCH =
  "{% set ns = namespace(enable_thinking=true) %}{{ '<think>\\n' if ns.enable_thinking else '<think></think>' }}";
const COHERE =
  "{% set on = reasoning if reasoning is defined else true %}{{ '<|START_THINKING|>' }}{{ '' if on else '<|END_THINKING|>' }}";
const KIMI =
  "{% if thinking is undefined or thinking %}{{ '<|open|>think<|sep|>' }}{% else %}{{ '<|open|>response<|sep|>' }}{% endif %}";
const HUNYUAN =
  "{% set effort = reasoning_effort | default('no') %}{{ '<think:{}>'.format('x') }}{{ '' if effort == 'high' else '</think:{}>'.format('x') }}";
/** LFM 2.5's knows a thought of an earlier turn, and leaves the next one to the model. */
const HISTORY = "{% if messages[0].thinking %}{{ '<think>' }}{% endif %}{{ 'assistant' }}";

function said(source: string, set: Request['set'] = {}, method: Planned = 'grpo', conversational = true): string {
  const { report, ...rest } = work({ method, request: { model: 'm', dataset: 'd', set } });
  const templates = { default: { source, variables: {}, now: 0 } };
  const model = { templates: { model: 'm', eos: null, pad: null, templates }, encode: null, why: null };
  return thinkingDoubt({ ...rest, report: { ...report, conversational } }, model).join();
}
const given = (variables: Record<string, JsonValue>): Request['set'] => ({ chat_template_kwargs: variables });
const kwargs = (enable_thinking: boolean): Request['set'] => given({ enable_thinking });

describe('a model that thinks before it answers', () => {
  it('is cut before it answers', () => {
    expect(said(QWEN3)).toMatch(/after 512 tokens.*max_completion_length=2048, or .*'{"enable_thinking":false}'$/);
    expect(said(QWEN3, { max_completion_length: 256 }, 'rloo')).toMatch(/after 256 tokens/);
    expect(said(OFF_UNLESS_ASKED, kwargs(true))).toMatch(/after 512 tokens/);
    // This one can't be told not to.
    expect(said(R1, kwargs(false))).toMatch(/max_completion_length=2048$/);
  });

  it.each<[string, string, Request['set'], RegExp]>([
    ['asked to think', GRANITE, given({ thinking: true }), /'{"thinking":false}'$/],
    ['by its own switch', OWN_SWITCH, {}, /max_completion_length=2048$/],
    ['with marks of its own', COHERE, {}, /'{"reasoning":false}'$/],
    ['with other marks', KIMI, given({ effort: 'max' }), /'{"effort":"max","thinking":false}'$/],
    ['with marks that are put together', HUNYUAN, given({ reasoning_effort: 'high' }), /max_completion_length=2048$/],
    ['by its own choice', HISTORY, {}, /max_completion_length=2048$/],
  ])('is seen %s', (_, source, set, expected) => expect(said(source, set)).toMatch(expected));

  it.each<[string, string]>([
    ['it is not told to', said(GRANITE) + said(GRANITE, kwargs(true)) + said(HUNYUAN)],
    [
      'it was told not to, in its own words',
      said(COHERE, given({ reasoning: false })) + said(KIMI, given({ thinking: false })),
    ],
    ['it has room', said(QWEN3, { max_completion_length: 2048 })],
    ['it was told not to', said(QWEN3, kwargs(false))],
    ['it only does when it is asked to', said(OFF_UNLESS_ASKED) + said(SILENT_UNLESS_ASKED) + said(CLOSED)],
    ['it never does', said("{{ messages[0]['content'] }}")],
    ['the data have the answers', said(QWEN3, {}, 'sft')],
    ['prompts are plain text', said(QWEN3, {}, 'grpo', false)],
  ])('is not where %s', (_, words) => expect(words).toBe(''));
});

import { describe, expect, it } from 'vitest';
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

function said(source: string, set: Request['set'] = {}, method: Planned = 'grpo', conversational = true): string {
  const { report, ...rest } = work({ method, request: { model: 'm', dataset: 'd', set } });
  const templates = { default: { source, variables: {}, now: 0 } };
  const model = { templates: { model: 'm', eos: null, pad: null, templates }, encode: null, why: null };
  return thinkingDoubt({ ...rest, report: { ...report, conversational } }, model).join();
}
const kwargs = (enable_thinking: boolean): Request['set'] => ({ chat_template_kwargs: { enable_thinking } });

describe('a model that thinks before it answers', () => {
  it('is cut before it answers', () => {
    expect(said(QWEN3)).toMatch(/after 512 tokens.*max_completion_length=2048, or .*'{"enable_thinking":false}'$/);
    expect(said(QWEN3, { max_completion_length: 256 }, 'rloo')).toMatch(/after 256 tokens/);
    expect(said(OFF_UNLESS_ASKED, kwargs(true))).toMatch(/after 512 tokens/);
    // This one can't be told not to.
    expect(said(R1, kwargs(false))).toMatch(/max_completion_length=2048$/);
  });

  it.each<[string, string]>([
    ['it has room', said(QWEN3, { max_completion_length: 2048 })],
    ['it was told not to', said(QWEN3, kwargs(false))],
    ['it only does when it is asked to', said(OFF_UNLESS_ASKED) + said(SILENT_UNLESS_ASKED) + said(CLOSED)],
    ['it never does', said("{{ messages[0]['content'] }}")],
    ['the data have the answers', said(QWEN3, {}, 'sft')],
    ['prompts are plain text', said(QWEN3, {}, 'grpo', false)],
  ])('is not where %s', (_, words) => expect(words).toBe(''));
});

import { describe, expect, it } from 'vitest';
import { ChatTemplate } from '../../scripts/dataset/tokenizer/chat-template.ts';
import { loadTokenizer } from '../../scripts/dataset/tokenizer/load-tokenizer.ts';
import type { ModelTemplates } from '../../scripts/dataset/tokenizer/model-text.ts';
import { RowChecks } from '../../scripts/dataset/tokenizer/row-checks.ts';
import { byteTokenizer } from './tiny-tokenizer.ts';

const chatTemplate = (source: string): ChatTemplate => new ChatTemplate({ source, variables: {}, now: 0 });

const ALTERNATE = `{% for m in messages %}
{%- if (m.role == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Roles must alternate') }}{% endif %}
{{- m.role + ': ' + m.content | trim + eos_token }}
{%- endfor %}`;

const turn = (role: string, content: string | null): object => ({ role, content });

/** Kind, code, stage and words of what a template says to one conversation. */
function said(source: string, ...messages: object[]): object | null {
  const template = { source, variables: { eos_token: '</s>' }, now: 0 };
  const model: ModelTemplates = { model: 'm', eos: '</s>', pad: '</s>', templates: { default: template } };
  const checks = new RowChecks(model, 'sft', { format: 'language-modeling', conversational: true });
  const found = checks.problem({ messages });
  return found && { kind: found.kind, code: found.code, stage: found.stage, error: found.error };
}

describe('the rules of a template', () => {
  const refused = (error: string): object => ({ kind: 'fails', code: 'template_raises', stage: 'map', error });

  it.each<[string, string, object[], object | null]>([
    ['roles in order', ALTERNATE, [turn('user', 'q'), turn('assistant', 'a')], null],
    ['two of a role', ALTERNATE, [turn('user', 'q'), turn('user', 'r')], refused('Roles must alternate')],
    ['an answer first', ALTERNATE, [turn('assistant', 'a')], refused('Roles must alternate')],
    [
      'no content, added',
      "{% for m in messages %}{{ 'x' + m.content }}{% endfor %}",
      [turn('user', null)],
      refused("'dict object' has no attribute 'content'"),
    ],
    ['no content, printed', '{% for m in messages %}{{ m.content }}.{% endfor %}', [turn('assistant', null)], null],
    [
      'a filter that Python has not',
      '{{ messages | nonsense }}',
      [turn('user', 'q')],
      refused("No filter named 'nonsense' found."),
    ],
    [
      'what can not be told',
      '{% import "x" as y %}',
      [turn('user', 'q')],
      { kind: 'note', code: 'template_not_checked', stage: undefined, error: undefined },
    ],
  ])('%s', (_, source, messages, expected) => {
    expect(said(source, ...messages)).toEqual(expected);
  });
});

describe("a template is somebody else's", () => {
  it.each<[string, string, object]>([
    ['a range without measure', '{{ range(1000000) | length }}', { raises: expect.stringContaining('Range too big') }],
    ['a text without measure', "{{ 'x' * 1000000000 }}", { unknown: expect.any(String) }],
    ['a macro that calls itself', '{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}', { unknown: expect.any(String) }],
    [
      'a text that doubles',
      "{% set n = namespace(x='x') %}{% for a in range(60) %}{% set n.x = n.x + n.x %}{% endfor %}{{ n.x }}",
      { unknown: expect.any(String) },
    ],
  ])('%s', (_, source, expected) => {
    expect(chatTemplate(source).render([])).toEqual(expected);
  });

  it('one that takes too long is tried once', () => {
    const endless = chatTemplate(
      '{% for a in range(9999) %}{% for b in range(9999) %}{{ messages | length }}{% endfor %}{% endfor %}',
    );
    const late = { unknown: 'the template takes too long' };
    expect(endless.render([])).toEqual(late);
    const began = performance.now();
    for (let row = 0; row < 100; row += 1) expect(endless.render([])).toEqual(late);
    expect(performance.now() - began).toBeLessThan(1000);
  }, 120_000);
});

describe('a tokenizer is built as transformers builds its class', () => {
  const decomposed = 'e\u0301';

  it('Qwen2Tokenizer composes characters, whatever tokenizer.json says', async () => {
    const plain = await loadTokenizer(byteTokenizer(), { tokenizer_class: 'PreTrainedTokenizerFast' }, {});
    const qwen = await loadTokenizer(byteTokenizer(), { tokenizer_class: 'Qwen2Tokenizer' }, {});
    expect([plain(decomposed, false).length, qwen(decomposed, false).length]).toEqual([3, 2]);
  });

  it.each([
    [{}, [1, 3, 0, 3]],
    [{ legacy: true }, [1, 3, 0, 1, 3]],
    [{ add_prefix_space: false }, [3, 0, 3]],
  ])('LlamaTokenizer with %j puts spaces where it does', async (settings, ids) => {
    const model = { type: 'BPE', vocab: { '<unk>': 0, '▁': 1, b: 2, a: 3 }, merges: [], unk_token: '<unk>' };
    const none = { normalizer: null, pre_tokenizer: null, post_processor: null, decoder: null };
    const file = { ...none, added_tokens: [{ id: 0, content: '<unk>', special: true }], model };
    const encode = await loadTokenizer(
      file,
      { tokenizer_class: 'LlamaTokenizer', ...settings },
      { unk_token: '<unk>' },
    );
    expect(encode('a<unk>a', false)).toEqual(ids);
  });
});

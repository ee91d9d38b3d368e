import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { DatasetReport } from '../../scripts/dataset/report.ts';
import { ChatTemplate } from '../../scripts/dataset/tokenizer/chat-template.ts';
import { strftime } from '../../scripts/dataset/tokenizer/jinja/strftime.ts';
import { readModelText } from '../../scripts/dataset/tokenizer/model-text.ts';
import { RowSample } from '../../scripts/dataset/tokenizer/row-sample.ts';
import { type ValidateOptions, validateDataset } from '../../scripts/dataset/validate.ts';
import { renderedLines, tokenLines } from '../../scripts/output/token-lines.ts';
import { openModelFolder } from '../../scripts/planner/model-facts/folder.ts';
import { offline } from './support.ts';
import { modelFolder, PHI3, TEMPLATE } from './tiny-tokenizer.ts';

const folder = mkdtempSync(join(tmpdir(), 'tokenizer-'));
afterAll(() => rmSync(folder, { recursive: true }));
let number = 0;

type Files = Parameters<typeof modelFolder>[1];

/** Each byte is a token, and so are <turn>, <end> and <eos>. */
async function validate(rows: object[], options: ValidateOptions = {}, files: Files = {}): Promise<DatasetReport> {
  number += 1;
  const path = join(folder, `${number}.jsonl`);
  writeFileSync(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  const model = await readModelText([await openModelFolder(modelFolder(join(folder, `model-${number}`), files))], 0);
  return validateDataset({
    reference: path,
    options: { method: 'sft', ...options },
    hub: offline,
    cwd: folder,
    env: {},
    model,
  });
}

const talk = (...turns: string[]): { messages: { role: string; content: string }[] } => ({
  messages: turns.map((turn) => ({ role: turn.split(' ')[0] ?? '', content: turn.split(' ').slice(1).join(' ') })),
});

describe('token counts', () => {
  it.each<[string, object, Partial<DatasetReport['tokens']>]>([
    // <turn> user: q <end> <turn> assistant: a <end>
    ['a conversation', talk('user q', 'assistant a'), { total: 1 + 7 + 1 + 1 + 12 + 1 }],
    ['text, which TRL ends', { text: 'abc' }, { total: 4 }],
    ['text that is ended already', { text: 'abc<eos>' }, { total: 4 }],
    ['a prompt and its completion', { prompt: 'ab', completion: 'cdé' }, { total: 2 + 4 + 1 }],
    ['characters of several bytes', { text: '🙂' }, { total: 5 }],
  ])('%s', async (_, row, expected) => {
    const { tokens, methods } = await validate([row]);
    expect(methods.sft?.verdict).toBe('READY');
    expect(tokens).toMatchObject({ estimated: false, counted_rows: 1, ...expected });
    expect(tokens?.max).toBe(expected?.total);
  });

  it('of a pair count both answers, and the longest of them as the length', async () => {
    const row = { prompt: 'ab', chosen: 'cdef', rejected: 'c' };
    const { tokens } = await validate([row], { method: 'dpo' });
    expect(tokens).toMatchObject({ total: 7 + 4, max: 7, p50: 7 });
  });

  it('tell what is cut and what is left out at a length', async () => {
    const rows = [
      { prompt: 'a', completion: 'b' },
      { prompt: 'a', completion: 'b'.repeat(20) },
      { prompt: 'a'.repeat(20), completion: 'b' },
      { prompt: 'a', completion: 'bcdefgh' },
    ];
    const { tokens } = await validate(rows, { maxLength: 10 });
    expect(tokens).toMatchObject({ max_length: 10, truncated_share: 0.25, dropped_share: 0.25 });
    expect(tokens?.by_length?.find(({ max_length }) => max_length === 512)).toEqual({
      max_length: 512,
      truncated_share: 0,
      dropped_share: 0,
    });
    const text = tokenLines(await validate(rows, { maxLength: 10 })).join('\n');
    expect(text).toContain('at max_length 10 25% of the rows are cut, 25% are left out without a word');
  });

  it('that leave nothing to learn make the data INCOMPATIBLE, and a longer length READY', async () => {
    const rows = [
      { prompt: 'a'.repeat(600), completion: 'b' },
      { prompt: 'a'.repeat(700), completion: 'b' },
    ];
    const short = await validate(rows, { maxLength: 100 });
    expect(short.methods.sft).toMatchObject({
      verdict: 'INCOMPATIBLE',
      findings: [
        { kind: 'fails', code: 'all_too_long', message: expect.stringContaining('--max-length 1024'), count: 2 },
      ],
    });
    expect(short.methods.sft).not.toHaveProperty('format');
    expect(short.recommended).toBeNull();
    expect((await validate(rows, { maxLength: 650 })).methods.sft?.verdict).toBe('READY');
    // TRL's own length where none is said.
    const long = rows.map(({ completion }) => ({ prompt: 'a'.repeat(1024), completion }));
    expect((await validate(long)).methods.sft?.verdict).toBe('INCOMPATIBLE');
    const never = await validate([{ prompt: 'a'.repeat(40_000), completion: 'b' }]);
    expect(never.methods.sft?.findings[0]?.message).toContain('No length up to 32,768 does.');
  });

  it.each<[string, object[], ValidateOptions, string]>([
    [
      'answers that are the same once they are cut',
      [{ prompt: 'q', chosen: `${'a'.repeat(50)}x`, rejected: `${'a'.repeat(50)}y` }],
      { method: 'dpo' },
      'INCOMPATIBLE',
    ],
    [
      'answers of which one ends before the cut',
      [{ prompt: 'q', chosen: 'a'.repeat(50), rejected: 'a'.repeat(10) }],
      { method: 'dpo' },
      'READY',
    ],
    [
      'a long row beside a short one',
      [
        { prompt: 'q'.repeat(50), completion: 'a' },
        { prompt: 'q', completion: 'a' },
      ],
      { method: 'sft' },
      'READY',
    ],
    ['columns that would be mapped', [{ question: 'q'.repeat(50), answer: 'a' }], { method: 'sft' }, 'INCOMPATIBLE'],
    ['prompts whose answers the model writes', [{ prompt: 'q'.repeat(50) }], { method: 'grpo' }, 'READY'],
  ])('that leave nothing to learn: %s', async (_, rows, options, verdict) => {
    const { methods } = await validate(rows, { ...options, maxLength: 30 });
    expect(Object.values(methods)[0]?.verdict).toBe(verdict);
  });

  it('cover all rows in the mean although only some are counted', () => {
    const sample = new RowSample(1000);
    for (let index = 0; index < 1000; index += 1) sample.add({ index, row: { text: 'x'.repeat(9) } });
    const kept = sample.rows.map(({ index }) => index);
    expect(sample.complete).toBe(false);
    expect(kept.length).toBeGreaterThan(40);
    expect(kept.length).toBeLessThanOrEqual(100);
    const distances = new Set(kept.slice(1).map((index, place) => index - (kept[place] ?? 0)));
    expect(distances.size).toBe(1);
    expect(kept.at(-1)).toBeGreaterThan(900);
  });

  it.each<[string, Files, RegExp]>([
    ['there is no tokenizer.json', { 'tokenizer.json': null }, /it has no tokenizer\.json/],
    ['its parts are unknown here', { 'tokenizer.json': { model: { type: 'Magic' } } }, /can't be run here/],
    [
      'it is code',
      { 'tokenizer_config.json': { eos_token: '<eos>', auto_map: { AutoTokenizer: ['x.Y', null] } } },
      /never run/,
    ],
  ])('are estimated, and marked so, where %s', async (_, files, why) => {
    const { tokens, notes, methods } = await validate([{ text: 'abcd' }], {}, files);
    expect(tokens).toMatchObject({ total: 1, estimated: true });
    expect(notes.join()).toMatch(why);
    expect(methods.sft?.verdict).toBe('READY');
  });

  it('put the first token before plain text only, where the tokenizer adds one', async () => {
    const files = {
      'tokenizer_config.json': { bos_token: '<bos>', eos_token: { content: '<eos>' }, add_bos_token: true },
    };
    expect((await validate([{ text: 'abc' }], {}, files)).tokens?.total).toBe(5);
    expect((await validate([talk('user q', 'assistant a')], {}, files)).tokens?.total).toBe(23);
  });
});

describe('the chat template', () => {
  it('that refuses a row stops TRL: nothing can be left out', async () => {
    const rows = [talk('user q', 'assistant a'), talk('system s', 'user q', 'assistant a')];
    for (const dropInvalid of [false, true]) {
      const { methods } = await validate(rows, { dropInvalid });
      expect(methods.sft).toMatchObject({ verdict: 'INCOMPATIBLE' });
      expect(methods.sft?.findings[0]).toMatchObject({
        kind: 'fails',
        code: 'template_raises',
        stage: 'map',
        error: 'No system turn, please',
        rows: [1],
      });
    }
  });

  it.each<[string, Files, string]>([
    ['is missing', { 'chat_template.jinja': null }, 'no_chat_template'],
    ['makes nothing of the rows', { 'chat_template.jinja': '{# nothing #}' }, 'renders_nothing'],
    ['leaves out a turn', { 'chat_template.jinja': '{{ messages[-1].content }}<eos>' }, 'turn_left_out'],
    ['ends no turn', { 'chat_template.jinja': '{% for m in messages %}{{ m.content }}{% endfor %}' }, 'no_turn_end'],
    ['ends turns with a token of its own', {}, 'other_turn_end'],
    ['has no generation tags', {}, 'no_generation_tags'],
    ['uses what is not known here', { 'chat_template.jinja': '{{ lipsum() }}' }, 'template_not_checked'],
  ])('%s: said', async (_, files, code) => {
    const { methods } = await validate([talk('user q', 'assistant a')], {}, files);
    expect(methods.sft?.findings.map((finding) => finding.code)).toContain(code);
    const stops = code === 'no_chat_template' || code === 'renders_nothing';
    expect(methods.sft?.verdict).toBe(stops ? 'INCOMPATIBLE' : 'READY');
  });

  it('that TRL marks itself needs no generation tags', async () => {
    const { methods } = await validate([talk('user q', 'assistant a')], {}, { 'chat_template.jinja': PHI3 });
    expect(methods.sft?.findings.map(({ code }) => code)).not.toContain('no_generation_tags');
  });

  it('that ends no turn harms, and is no reason for another method', async () => {
    const files = { 'chat_template.jinja': '{% for m in messages %}{{ m.content }}{% endfor %}' };
    const report = await validate([talk('user q', 'assistant a')], { method: undefined }, files);
    expect(report.recommended).toBe('sft');
    expect(report.methods.sft).not.toHaveProperty('harmful');
  });

  it.each<[string, Files]>([
    ['a file', {}],
    [
      'the configuration',
      { 'chat_template.jinja': null, 'tokenizer_config.json': { eos_token: '<eos>', chat_template: TEMPLATE } },
    ],
    [
      'a list in the configuration',
      {
        'chat_template.jinja': null,
        'tokenizer_config.json': {
          eos_token: '<eos>',
          chat_template: [
            { name: 'tool_use', template: `tools${TEMPLATE}` },
            { name: 'default', template: TEMPLATE },
          ],
        },
      },
    ],
    ['a file beside one for tools', { 'additional_chat_templates/tool_use.jinja': `tools${TEMPLATE}` }],
  ])('comes from %s', async (_, files) => {
    expect((await validate([talk('user q', 'assistant a')], {}, files)).tokens?.total).toBe(23);
    const tools = [{ type: 'function', function: { name: 'f' } }];
    const { tokens } = await validate([{ ...talk('user q', 'assistant a'), tools }], {}, files);
    const hasOther =
      Object.keys(files ?? {}).some((name) => name.includes('tool_use')) || JSON.stringify(files).includes('tool_use');
    expect(tokens?.total).toBe(hasOther ? 28 : 23);
  });

  it('is shown a row, escaped and clipped', async () => {
    const report = await validate([talk('user \u001b[31mq', `assistant ${'a'.repeat(1000)}`)]);
    expect(report.rendered_example?.text).toMatch(/^<turn>user: \\x1b\[31mq<end><turn>assistant: a+…$/);
    expect(report.rendered_example?.text.length).toBeLessThanOrEqual(400);
    expect(renderedLines(report).join('\n')).toContain("the dataset's words, not instructions");
  });
});

describe('templates are read as Python reads them', () => {
  const outcome = (source: string, messages: object[] = [{ role: 'user', content: 'x' }]) =>
    new ChatTemplate({ source, variables: { eos_token: '</s>' }, now: 0 }).render(messages as never);
  const nulls = [{ role: 'user', content: null }];

  it.each<[string, string, object]>([
    ['null content is a key that is missing', "{{ 'content' in messages[0] }}", { text: 'False' }],
    ['printed, it is nothing', '[{{ messages[0].content }}]', { text: '[]' }],
    ['trimmed, it is empty', '[{{ messages[0].content | trim }}]', { text: '[]' }],
    ['added, it raises', "{{ 'a' + messages[0].content }}", { raises: "'dict object' has no attribute 'content'" }],
    ['its methods raise', '{{ messages[0].content.strip() }}', { raises: "'dict object' has no attribute 'content'" }],
    ['looked into, it holds nothing', "{{ 'a' in messages[0].content }}", { text: 'False' }],
    [
      'gone through, it is empty',
      '{% for c in messages[0].content %}{{ c }}{% else %}none{% endfor %}',
      { text: 'none' },
    ],
    ['it has a length', '{{ messages[0].content | length }}', { text: '0' }],
    ['it is not none', '{{ messages[0].content is none }}', { text: 'False' }],
  ])('%s', (_, source, expected) => {
    expect(outcome(source, nulls)).toEqual(expected);
  });

  it.each<[string, string, object]>([
    ['None is printed', '{{ none }}', { text: 'None' }],
    ['None can not be added', "{{ 'a' + none }}", { raises: 'can only concatenate str (not "NoneType") to str' }],
    [
      'None can not be gone through',
      '{% for x in none %}{% endfor %}',
      { raises: "'NoneType' object is not iterable" },
    ],
    ['booleans', '{{ true }} {{ false }}', { text: 'True False' }],
    ['lists and dicts', "{{ [1, 'a', none] }} {{ {'a': true} }}", { text: "[1, 'a', None] {'a': True}" }],
    ['no equality of text and number', "{{ '1' == 1 }}", { text: 'False' }],
    ['equality of lists', '{{ [1, [2]] == [1, [2]] }}', { text: 'True' }],
    ['stripped characters', "{{ 'xxaxx'.rstrip('x') }}", { text: 'xxa' }],
    ['white as Python has it', "{{ '\ufeffa\u001c' | trim | length }}", { text: '2' }],
    ['length in characters', "{{ '🙂' | length }}", { text: '1' }],
    [
      'a loop has its own scope',
      '{% for i in [1,2] %}{{ x is defined }}{% set x = 1 %}{% endfor %}',
      { text: 'FalseFalse' },
    ],
    ['what is printed before continue stays', '{% for i in [1,2] %}{{ i }}{% continue %}x{% endfor %}', { text: '12' }],
    ['JSON', "{{ {'a': [1, none, 'é']} | tojson }}", { text: '{"a": [1, null, "é"]}' }],
    ['a generator is true', "{{ 'yes' if [] | select('string') else 'no' }}", { text: 'yes' }],
    ['raise_exception', "{{ raise_exception('No!') }}", { raises: 'No!' }],
    ['an unknown filter', "{{ 'a' | nonsense }}", { raises: "No filter named 'nonsense' found." }],
    ['special tokens', '{{ eos_token }}', { text: '</s>' }],
  ])('%s', (_, source, expected) => {
    expect(outcome(source)).toEqual(expected);
  });

  it('what it can not tell is not told', () => {
    expect(outcome('{% import "x" as y %}')).toHaveProperty('unknown');
    expect(outcome("{{ 'a' | urlize }}")).toHaveProperty('unknown');
  });

  it('dates', () => {
    const date = new Date(2026, 10, 5, 7, 8, 9);
    expect(strftime(date, '%d %b %Y, %A %-d %B %y %H:%M:%S %%')).toBe('05 Nov 2026, Thursday 5 November 26 07:08:09 %');
    expect(() => strftime(date, '%Q')).toThrow('%Q');
  });
});

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import type { Row } from '../../scripts/dataset/rows.ts';
import { ChatTemplate } from '../../scripts/dataset/tokenizer/chat-template.ts';
import { realTokenizers, runTokenizerPython } from '../support/real-tokenizers.ts';

const SCRIPT = fileURLToPath(new URL('python/render_templates.py', import.meta.url));
const CASES = fileURLToPath(new URL('../dataset/fixtures/tokenizer/conversations.json', import.meta.url));

const folder = mkdtempSync(join(tmpdir(), 'templates-'));
afterAll(() => rmSync(folder, { recursive: true }));

interface Conversation {
  messages: Row[];
  tools?: Row[];
  kwargs?: Row;
  generation?: boolean;
}
const { special, cases }: { special: Record<string, string>; cases: Record<string, Conversation> } = JSON.parse(
  readFileSync(CASES, 'utf8'),
);

/** `TypeError: can only ...`, without the class. */
const words = (error: string): string => error.replace(/^\w+: /, '');

describe('chat templates', () => {
  it('about seventy of them make of conversations what they make in Python, or are not checked', async () => {
    const out = join(folder, 'rendered.json');
    const templates = join(await realTokenizers(), 'templates');
    await runTokenizerPython(SCRIPT, [templates, CASES, out]);
    const expected: Record<string, { text: string } | { raises: string }> = JSON.parse(readFileSync(out, 'utf8'));
    const tally = { text: 0, raises: 0, unknown: 0 };
    const wrong: string[] = [];
    const read = new Map<string, ChatTemplate>();
    const notChecked = new Map<string, number>();
    for (const [key, python] of Object.entries(expected)) {
      const [file = '', name = ''] = key.split(' ');
      const source = readFileSync(join(templates, file), 'utf8');
      const template = read.get(file) ?? new ChatTemplate({ source, variables: special, now: Date.now() });
      read.set(file, template);
      const { messages = [], tools, kwargs = {}, generation = false } = cases[name] ?? {};
      const ours = template.render(messages, { tools, extra: kwargs, add_generation_prompt: generation });
      const why = 'unknown' in ours ? ours.unknown : null;
      if (why !== null) {
        tally.unknown += 1;
        notChecked.set(`${file}: ${why}`, (notChecked.get(`${file}: ${why}`) ?? 0) + 1);
      } else if ('raises' in ours && 'raises' in python && ours.raises === words(python.raises)) tally.raises += 1;
      else if ('text' in ours && 'text' in python && ours.text === python.text) tally.text += 1;
      else wrong.push(`${key}: ${JSON.stringify(ours)} instead of ${JSON.stringify(python)}`);
    }
    const pairs = tally.text + tally.raises + tally.unknown;
    console.log(
      `${read.size} templates x ${Object.keys(cases).length} conversations, ${pairs} pairs: ${tally.text} the same text, ` +
        `${tally.raises} the same failure, ${tally.unknown} not checked ` +
        `(${((100 * tally.unknown) / pairs).toFixed(2)}%)`,
      notChecked,
    );
    expect(wrong).toEqual([]);
    expect(read.size).toBeGreaterThan(60);
    expect(tally.text).toBeGreaterThan(2300);
    expect(tally.raises).toBeGreaterThan(500);
    expect(tally.unknown / pairs).toBeLessThan(0.005);
  });
});

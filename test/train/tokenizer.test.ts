import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { columnKinds } from '../../scripts/dataset/kinds.ts';
import type { Shape } from '../../scripts/dataset/methods/method.ts';
import { METHOD_RULES } from '../../scripts/dataset/methods/table.ts';
import type { Row } from '../../scripts/dataset/rows.ts';
import { ChatTemplate } from '../../scripts/dataset/tokenizer/chat-template.ts';
import { readModelText } from '../../scripts/dataset/tokenizer/model-text.ts';
import { rendererOf } from '../../scripts/dataset/tokenizer/renderer.ts';
import { rowTexts } from '../../scripts/dataset/tokenizer/row-texts.ts';
import { countTokens } from '../../scripts/dataset/tokenizer/row-tokens.ts';
import { tableRows } from '../../scripts/dataset/tokenizer/table-cells.ts';
import { isTrainable } from '../../scripts/dataset/trainable.ts';
import type { Method } from '../../scripts/plan/methods.ts';
import { openModelFolder } from '../../scripts/planner/model-folder.ts';
import { loadCases } from '../dataset/oracle/case.ts';
import { readOutcomes, recordedOutcome } from '../dataset/oracle/outcomes.ts';
import { REAL_MODELS, realTokenizers, runTokenizerPython } from '../support/real-tokenizers.ts';

const python = (name: string): string => fileURLToPath(new URL(`python/${name}`, import.meta.url));
const fixture = (name: string): string =>
  fileURLToPath(new URL(`../dataset/fixtures/tokenizer/${name}`, import.meta.url));

const folder = mkdtempSync(join(tmpdir(), 'tokenizer-'));
let models = '';
beforeAll(async () => {
  models = await realTokenizers();
});
afterAll(() => rmSync(folder, { recursive: true }));

interface Conversation {
  messages: Row[];
  tools?: Row[];
  kwargs?: Row;
  generation?: boolean;
}
const { special, cases }: { special: Record<string, string>; cases: Record<string, Conversation> } = JSON.parse(
  readFileSync(fixture('conversations.json'), 'utf8'),
);

describe('chat templates', () => {
  it('about seventy of them make of conversations what they make in Python, or are not checked', async () => {
    const out = join(folder, 'rendered.json');
    const templates = join(models, 'templates');
    await runTokenizerPython(python('render_templates.py'), [templates, fixture('conversations.json'), out]);
    const expected: Record<string, { text: string } | { raises: string }> = JSON.parse(readFileSync(out, 'utf8'));
    const tally = { text: 0, raises: 0, unknown: 0 };
    const wrong: string[] = [];
    const read = new Map<string, ChatTemplate>();
    for (const [key, python] of Object.entries(expected)) {
      const [file = '', name = ''] = key.split(' ');
      const source = readFileSync(join(templates, file), 'utf8');
      const template = read.get(file) ?? new ChatTemplate({ source, variables: special, now: Date.now() });
      read.set(file, template);
      const { messages = [], tools, kwargs = {}, generation = false } = cases[name] ?? {};
      const ours = template.render(messages, { tools, extra: kwargs, add_generation_prompt: generation });
      if ('unknown' in ours) tally.unknown += 1;
      else if ('raises' in ours && 'raises' in python) tally.raises += 1;
      else if ('text' in ours && 'text' in python && ours.text === python.text) tally.text += 1;
      else wrong.push(`${key}: ${JSON.stringify(ours)} instead of ${JSON.stringify(python)}`);
    }
    console.log('templates x conversations:', tally);
    expect(wrong).toEqual([]);
    expect(read.size).toBeGreaterThan(60);
    expect(tally.raises).toBeGreaterThan(300);
    expect(tally.unknown / (tally.text + tally.raises + tally.unknown)).toBeLessThan(0.01);
  });
});

interface Group {
  method: Method;
  shape: Shape;
  rows: Row[];
}

/** Rows of the fixtures on which TRL trains, in groups of one shape. */
function fixtureGroups(): Group[] {
  const recorded = readOutcomes();
  const groups = new Map<string, Group>();
  for (const { name, rows, template, model, features } of loadCases()) {
    if (template || model || features || !Array.isArray(rows) || JSON.stringify(rows).includes('{"$')) continue;
    addRows(groups, rows as Row[], (method) => {
      const outcome = recordedOutcome(recorded.cases[name], method);
      return outcome.outcome === 'trains' && outcome.kept === undefined;
    });
  }
  for (const rows of Object.values(JSON.parse(readFileSync(fixture('rows.json'), 'utf8')) as Record<string, Row[]>)) {
    addRows(groups, rows, () => true);
  }
  return [...groups.values()];
}

/** Columns that trainers read: rows are compared without the others. */
const READ = new Set([
  'text',
  'messages',
  'prompt',
  'completion',
  'chosen',
  'rejected',
  'label',
  'tools',
  'chat_template_kwargs',
]);

const withRead = (row: Row): Row => Object.fromEntries(Object.entries(row).filter(([name]) => READ.has(name)));

const METHODS = ['sft', 'dpo', 'kto', 'reward', 'grpo', 'rloo'] as const;

function addRows(
  groups: Map<string, Group>,
  rows: readonly Row[],
  trains: (method: (typeof METHODS)[number]) => boolean,
): void {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))].filter((name) => READ.has(name)).sort();
  const columns = names.map((name) => ({ name, type: 'unknown' }));
  for (const method of METHODS) {
    const rules = METHOD_RULES.find((each) => each.method === method);
    const found = rules?.shape(columnKinds(columns, rows));
    if (!found || !('shape' in found) || !trains(method)) continue;
    const { format, conversational, vision } = found.shape;
    const good = rows.map(withRead).filter((row) => isTrainable(format, conversational, row));
    if (vision || good.length === 0) continue;
    const key = `${method} ${format} ${conversational} ${names.join()}`;
    const group = groups.get(key) ?? { method, shape: found.shape, rows: [] };
    groups.set(key, group);
    group.rows.push(...good);
  }
}

describe.each(REAL_MODELS)('the tokenizer of %s', (name) => {
  it('counts what TRL trains on, row by row', async () => {
    const model = await readModelText([await openModelFolder(join(models, name))], Date.now());
    const { encode } = model;
    if (!encode) throw new Error(model.why ?? '');
    const renderer = rendererOf(model.templates);
    const groups = fixtureGroups().map(({ method, shape, rows }) => {
      const kept = rows.filter((row) => 'sequences' in rowTexts(method, shape, row, renderer));
      const table = tableRows(kept);
      const counts = table.map((row) => {
        const texts = rowTexts(method, shape, row, renderer);
        if (!('sequences' in texts)) throw new Error(JSON.stringify(texts));
        return countTokens(method, texts, encode).map(({ length, prompt }) => [length, prompt]);
      });
      return { method, shape, rows: kept, counts };
    });
    const [asked, out] = [join(folder, `${name}.json`), join(folder, `${name}-counts.json`)];
    const some = groups.filter(({ rows }) => rows.length > 0);
    writeFileSync(asked, JSON.stringify(some.map(({ method, rows }) => ({ method, rows }))));
    await runTokenizerPython(python('trl_counts.py'), [join(models, name), asked, out]);
    const expected: ({ counts: number[][][] } | { error: string })[] = JSON.parse(readFileSync(out, 'utf8'));
    const wrong: string[] = [];
    let compared = 0;
    for (const [index, { method, shape, rows, counts }] of some.entries()) {
      const python = expected[index];
      const what = `${method} ${shape.format} ${shape.conversational ? 'conversational' : 'text'}`;
      if (!python || 'error' in python) {
        wrong.push(`${what}: ${python?.error} ${JSON.stringify(rows[0])}`);
        continue;
      }
      for (const [row, count] of counts.entries()) {
        compared += 1;
        const same = JSON.stringify(count) === JSON.stringify(python.counts[row]);
        if (!same) {
          wrong.push(
            `${what}: ${JSON.stringify(count)} instead of ${JSON.stringify(python.counts[row])}: ${JSON.stringify(rows[row]).slice(0, 300)}`,
          );
        }
      }
    }
    console.log(`${name}: ${compared} rows in ${some.length} groups, ${wrong.length} wrong`);
    expect(wrong).toEqual([]);
    expect(compared).toBeGreaterThan(100);
  });
});

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Row } from '../../scripts/dataset/rows.ts';
import { readModelText } from '../../scripts/dataset/tokenizer/model-text.ts';
import { rendererOf } from '../../scripts/dataset/tokenizer/renderer.ts';
import { rowTexts } from '../../scripts/dataset/tokenizer/row-texts.ts';
import { countTokens } from '../../scripts/dataset/tokenizer/row-tokens.ts';
import { tableRows } from '../../scripts/dataset/tokenizer/table-cells.ts';
import { openModelFolder } from '../../scripts/planner/model-facts/folder.ts';
import { REAL_MODELS, realTokenizers, runTokenizerPython } from '../support/real-tokenizers.ts';
import { type RowGroup, rowGroups } from '../support/token-groups.ts';

const SCRIPT = fileURLToPath(new URL('python/trl_counts.py', import.meta.url));

/** A group and what we say of it: [length, prompt] of each sequence of each row, or that the template refuses it. */
interface Claim extends RowGroup {
  says: { counts: number[][][] } | { raises: string };
}

/** What TRL made of a group. */
type Answer = { counts: number[][][] } | { error: string };

const folder = mkdtempSync(join(tmpdir(), 'tokenizer-'));
const claims = new Map<string, { claims: Claim[]; unknown: Row[] }>();
let answers: Record<string, Answer[]> = {};
let models = '';

beforeAll(async () => {
  models = await realTokenizers();
  for (const name of REAL_MODELS) claims.set(name, await claimsOf(join(models, name)));
  const [asked, out] = [join(folder, 'asked.json'), join(folder, 'counts.json')];
  const groups = [...claims].map(([name, found]) => [
    join(models, name),
    found.claims.map(({ method, rows }) => ({ method, rows })),
  ]);
  writeFileSync(asked, JSON.stringify(Object.fromEntries(groups)));
  // One process for all models: importing TRL takes longer than the rest.
  await runTokenizerPython(SCRIPT, [asked, out]);
  answers = JSON.parse(readFileSync(out, 'utf8'));
}, 1_800_000);
afterAll(() => rmSync(folder, { recursive: true }));

/** Rows that the template refuses are asked about one by one. */
async function claimsOf(model: string): Promise<{ claims: Claim[]; unknown: Row[] }> {
  const text = await readModelText([await openModelFolder(model)], Date.now());
  const { encode } = text;
  if (!encode) throw new Error(text.why ?? '');
  const renderer = rendererOf(text.templates);
  const found: Claim[] = [];
  const unknown: Row[] = [];
  for (const { method, shape, rows } of rowGroups()) {
    const counted: Row[] = [];
    for (const row of rows) {
      const texts = rowTexts(method, shape, row, renderer);
      if ('sequences' in texts) counted.push(row);
      else if ('raises' in texts) found.push({ method, shape, rows: [row], says: texts });
      else unknown.push(row);
    }
    const counts = tableRows(counted).map((row) => {
      const texts = rowTexts(method, shape, row, renderer);
      if (!('sequences' in texts)) throw new Error(JSON.stringify(texts));
      return countTokens(method, texts, encode).sequences.map(({ length, prompt }) => [length, prompt]);
    });
    if (counted.length > 0) found.push({ method, shape, rows: counted, says: { counts } });
  }
  return { claims: found, unknown };
}

/** Where TRL says something else, in words. */
function differences({ method, shape, rows, says }: Claim, answer: Answer | undefined): string[] {
  const what = `${method} ${shape.format} ${shape.conversational ? 'conversational' : 'text'}`;
  const shown = (row: Row | undefined): string => JSON.stringify(row).slice(0, 300);
  if (!answer) return [`${what}: no answer`];
  if ('raises' in says) {
    const same = 'error' in answer && answer.error.endsWith(`: ${says.raises}`);
    return same ? [] : [`${what}: ${says.raises} instead of ${JSON.stringify(answer)}: ${shown(rows[0])}`];
  }
  if ('error' in answer) return [`${what}: ${answer.error}: ${shown(rows[0])}`];
  if (answer.counts.length !== rows.length) return [`${what}: ${answer.counts.length} of ${rows.length} rows`];
  return rows.flatMap((row, index) => {
    const [ours, theirs] = [says.counts[index], answer.counts[index]].map((each) => JSON.stringify(each));
    return ours === theirs ? [] : [`${what}: ${ours} instead of ${theirs}: ${shown(row)}`];
  });
}

describe.each(REAL_MODELS)('the tokenizer of %s', (name) => {
  it('counts what TRL trains on, row by row, and knows what its template refuses', () => {
    const { claims: ours, unknown } = claims.get(name) ?? { claims: [], unknown: [] };
    const theirs = answers[join(models, name)] ?? [];
    const wrong = ours.flatMap((claim, index) => differences(claim, theirs[index]));
    const counted = ours.reduce((sum, { rows, says }) => sum + ('counts' in says ? rows.length : 0), 0);
    const refused = ours.filter(({ says }) => 'raises' in says).length;
    console.log(
      `${name}: ${counted} rows counted, ${refused} refused, ${unknown.length} not checked; ${wrong.length} differ`,
    );
    expect(wrong).toEqual([]);
    expect(counted).toBeGreaterThan(500);
    expect(unknown).toEqual([]);
  });
});

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readModelText } from '../scripts/dataset/tokenizer/model-text.ts';
import { openModelFolder } from '../scripts/planner/model-facts/folder.ts';
import { REAL_MODELS, realTokenizers, tokenizerPython } from '../test/support/real-tokenizers.ts';

/**
 * How fast tokens are counted, beside Python's tokenizer in the same run: one text after the other, and a batch on all
 * cores. Each figure is the best of some runs. `npm run bench:tokens`. Ends with 1 where an id differs.
 */
const RUNS = 3;
const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

/** This repository's sources and documents as rows of some 2,000 characters, and rows in other scripts. */
function texts(): string[] {
  const files = ['../scripts', '../skills', '../test/dataset'].flatMap((folder) =>
    readdirSync(path(folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => /\.(ts|md|py)$/.test(file))
      .sort()
      .map((file) => readFileSync(join(path(folder), file), 'utf8')),
  );
  const pieces = files.flatMap((file) => file.match(/[\s\S]{1,2000}/gu) ?? []);
  const { text } = JSON.parse(readFileSync(path('../test/dataset/fixtures/tokenizer/rows.json'), 'utf8'));
  return [...pieces, ...text.map((row: { text: string }) => row.text.repeat(20))];
}

const folder = mkdtempSync(join(tmpdir(), 'bench-'));
const rows = texts();
writeFileSync(join(folder, 'texts.json'), JSON.stringify(rows));
const models = await realTokenizers();
const python = await tokenizerPython();
const millions = (tokens: number, seconds: number): string => `${(tokens / seconds / 1e6).toFixed(2)} M/s`;
console.log(`Node ${process.version}, ${availableParallelism()} cores, ${rows.length} texts, best of ${RUNS} runs`);
let mismatches = 0;
for (const name of REAL_MODELS) {
  const { encode } = await readModelText([await openModelFolder(join(models, name))], 0);
  if (!encode) throw new Error(name);
  const times: number[] = [];
  let ids: number[][] = [];
  for (let run = 0; run < RUNS; run += 1) {
    const began = performance.now();
    ids = rows.map((text) => encode(text, true));
    times.push((performance.now() - began) / 1000);
  }
  const theirs: { single: number; batch: number; ids: number[][] } = JSON.parse(
    execFileSync(python, [path('tokens.py'), join(models, name), join(folder, 'texts.json'), String(RUNS)], {
      env: { ...process.env, HF_HUB_OFFLINE: '1' },
      maxBuffer: 1 << 30,
      encoding: 'utf8',
    }),
  );
  const tokens = ids.reduce((sum, each) => sum + each.length, 0);
  const ours = Math.min(...times);
  const wrong = ids.filter((each, index) => each.join() !== theirs.ids[index]?.join()).length;
  mismatches += wrong;
  console.log(
    `${name.padEnd(12)} ${millions(tokens, ours)}; Python ${millions(tokens, theirs.single)} one by one (${(theirs.single / ours).toFixed(2)} x), ` +
      `${millions(tokens, theirs.batch)} in a batch (${(theirs.batch / ours).toFixed(2)} x); ${wrong} of ${rows.length} texts differ`,
  );
}
rmSync(folder, { recursive: true });
process.exitCode = mismatches === 0 ? 0 : 1;

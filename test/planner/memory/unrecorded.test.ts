import { expect, it } from 'vitest';
import { jsonLines } from '../../../bench/json-lines.ts';
import { factsFrom } from '../../../bench/memory/facts.ts';
import { type OracleRow, stepInput } from '../../../bench/memory/oracle.ts';
import { allocatedGib, trainingMemory } from '../../../scripts/planner/memory.ts';

/**
 * Steps of few layers of families that no coefficient was fitted to, by bench/memory/fake_step.py as oracle.jsonl. Those
 * with dropout in attention are left out: a CPU has no flash kernel for it.
 */
const ROWS = jsonLines(new URL('../../../bench/memory/unrecorded.jsonl', import.meta.url)) as OracleRow[];
const GIB = 2 ** 30;

const estimated = ROWS.map((row) => {
  const parameters = row.parameters - (row.mode === 'lora' ? row.trained : 0);
  const facts = factsFrom(row.family, { ...row.config, parameters });
  const adapted = row.mode === 'lora' ? { adapted_width: row.trained / row.rank } : {};
  const memory = trainingMemory(stepInput(row, { ...facts, ...adapted }));
  return { ...row, recorded: facts.layout.recorded, ratio: allocatedGib(memory, 0) / (row.peak / GIB) };
});

it('a family that was never recorded takes hardly more than estimated', () => {
  expect(new Set(ROWS.map(({ family }) => family)).size).toBeGreaterThan(20);
  expect(estimated.filter(({ recorded }) => recorded)).toEqual([]);
  const short = estimated.filter(({ ratio }) => ratio < 0.98);
  // Gemma 4's experts stand beside an MLP with norms of its own.
  expect(short.map(({ family }) => family).filter((family) => family !== 'gemma4-26b-a4b')).toEqual([]);
  expect(Math.min(...short.map(({ ratio }) => ratio))).toBeGreaterThan(0.92);
});

it('and of its few layers no more than half as much again', () => {
  expect(Math.max(...estimated.map(({ ratio }) => ratio))).toBeLessThan(1.6);
});

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Row } from '../../scripts/dataset/rows.ts';
import { isTrainable } from '../../scripts/dataset/trainable.ts';
import type { PlanDataset } from '../../scripts/plan/schema.ts';
import { pythonJson } from '../support/mappings.ts';
import { runPython, temporaryFolder } from '../support/training.ts';

const FORMATS: PlanDataset['format'][] = [
  'language-modeling',
  'prompt-completion',
  'prompt-only',
  'preference',
  'unpaired-preference',
];

const RUN = `
import json, sys
from training.trainable import is_trainable

for line in open(sys.argv[1], encoding="utf-8"):
    case = json.loads(line)
    print(json.dumps(is_trainable(case["row"], case["format"], case["conversational"])))
`;

const nothing = fc.constantFrom<unknown>(null, '', [], {}, 0, 1, 1n, 2, 1.5, true, false, 'text');
const parts = fc.array(
  fc.oneof(fc.record({ type: fc.constantFrom<unknown>('text', 'image', '', 1), text: nothing }), nothing),
  { maxLength: 2 },
);
const calls = fc.array(
  fc.oneof(fc.constantFrom<unknown>({ arguments: 1 }, { function: { arguments: {} } }, { function: {} }), nothing),
  { maxLength: 2 },
);
const message = fc.record(
  {
    role: fc.oneof({ weight: 6, arbitrary: fc.constantFrom<unknown>('user', 'assistant') }, nothing),
    content: fc.oneof({ weight: 4, arbitrary: fc.constantFrom<unknown>('a', 'b', '') }, parts, nothing),
    tool_calls: fc.oneof(calls, nothing),
  },
  { requiredKeys: ['role', 'content'] },
);
const turn = fc.record(
  { from: fc.constantFrom<unknown>('user', 'assistant', 1), value: nothing },
  { requiredKeys: ['from'] },
);
const cell = fc.oneof(
  { weight: 4, arbitrary: fc.array(message, { minLength: 1, maxLength: 3 }) },
  { weight: 6, arbitrary: fc.constantFrom('a', 'b') },
  fc.array(fc.oneof(message, turn, nothing), { maxLength: 2 }),
  nothing,
);
const extras = fc.record(
  {
    label: nothing,
    image: nothing,
    conversations: fc.oneof(fc.array(fc.oneof(turn, nothing), { maxLength: 3 }), nothing),
    tools: fc.oneof(fc.constantFrom('[{"name": "f"}]', '[1]', '{}', 'x', 'null'), nothing),
    chat_template_kwargs: fc.oneof(fc.constantFrom({ tokenize: true }, { other: 1 }), nothing),
  },
  { requiredKeys: [] },
);
const row = fc
  .tuple(
    fc.record(
      { text: cell, messages: cell, prompt: cell, completion: cell, chosen: cell, rejected: cell },
      { requiredKeys: [] },
    ),
    fc.oneof({ weight: 2, arbitrary: fc.record({ label: fc.constantFrom<unknown>(true, 0, 1, 1n) }) }, extras),
  )
  .map(([own, more]): Row => ({ ...own, ...more }));

it('the same rows are left out by the validation and by the training script', async () => {
  const cases = fc.sample(fc.record({ row, format: fc.constantFrom(...FORMATS), conversational: fc.boolean() }), {
    numRuns: 20_000,
    seed: Number(process.env.TRAINABLE_SEED ?? 5),
  });
  const folder = await temporaryFolder();
  await writeFile(join(folder, 'cases.jsonl'), cases.map(pythonJson).join('\n'));
  const { code, log } = await runPython(['-c', RUN, join(folder, 'cases.jsonl')], {
    env: { PYTHONPATH: fileURLToPath(new URL('../../scripts', import.meta.url)) },
  });
  expect(code, log.slice(-2000)).toBe(0);
  const python = log
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const here = cases.map(({ row, format, conversational }) => isTrainable(format, conversational, row));
  expect(cases.filter((_, index) => here[index] !== python[index])).toEqual([]);
  for (const format of FORMATS) {
    const trained = cases.filter((each, index) => each.format === format && here[index]).length;
    expect({ format, trained: trained > 30 }).toEqual({ format, trained: true });
  }
});

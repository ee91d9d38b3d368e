import { expect, it } from 'vitest';
import { methodDecisions } from '../../scripts/planner/method-words.ts';
import { candidateOn, work } from './support.ts';

it.each([
  ['a100-large', 1],
  ['h200x8', 8],
])('answers of a step are those of all processes: %s', (flavor, processes) => {
  const answered = work({ method: 'grpo', rows: 950 });
  const found = candidateOn(flavor, { work: answered, modes: ['lora'] });
  if (!found) throw new Error('it does not fit');
  const { per_device_train_batch_size: batch, gradient_accumulation_steps: accumulated } = found.recipe.training_args;
  const [, said] =
    methodDecisions(answered, found)
      .map(({ what }) => what.match(/^8 answers a prompt, (\d+) a step$/))
      .find(Boolean) ?? [];
  expect(Number(said)).toBe(processes * Number(batch) * Number(accumulated));
  expect(Number(said)).toBeGreaterThanOrEqual(16);
});

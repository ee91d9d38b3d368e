import { answerTokens } from './lengths.ts';
import { hasReference, methodRecipe } from './method-recipe.ts';
import type { Candidate } from './search.ts';
import { answersPerPrompt } from './steps.ts';
import { type Decision, numberOr, type Workload } from './workload.ts';

/** What a method does besides training, and what that takes, for the card. */
export function methodDecisions(work: Workload, { recipe }: Pick<Candidate, 'recipe'>): Decision[] {
  const name = work.method.toUpperCase();
  const decisions: Decision[] = [];
  if (hasReference(work)) {
    decisions.push(
      recipe.mode === 'full'
        ? {
            what: 'a second copy of the model',
            because: `${name} compares with the model as it was: in memory, and a pass of every step, counted`,
          }
        : {
            what: 'no second copy of the model',
            because: `${name} compares with the model as it was: the same, its adapter switched off for a pass, counted`,
          },
    );
  }
  if (methodRecipe(work.method).generation !== null) {
    const { per_device_train_batch_size, gradient_accumulation_steps } = recipe.training_args;
    const together = numberOr(per_device_train_batch_size, 1) * numberOr(gradient_accumulation_steps, 1);
    decisions.push({
      what: `${answersPerPrompt(work)} answers to each prompt, ${together} a step`,
      because: `${name} learns from their differences; time and memory are for answers of ${answerTokens(work)} tokens, all of them`,
    });
  }
  if (work.method === 'reward') {
    decisions.push({ what: 'a score in place of words', because: 'the output layer is a new one, random at first' });
  }
  return decisions;
}

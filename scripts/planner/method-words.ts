import type { Recipe } from '../plan/schema.ts';
import { grouped } from '../printable.ts';
import { answerTokens } from './recipe/lengths.ts';
import { loraRank } from './recipe/lora-rank.ts';
import { hasReference, methodRecipe } from './recipe/method-recipe.ts';
import { packedSequences } from './recipe/packing.ts';
import { answersPerPrompt } from './recipe/steps.ts';
import { usesVllm } from './recipe/vllm.ts';
import { checkpoints } from './recipe.ts';
import type { Candidate } from './search/candidate.ts';
import { type Decision, numberOr, type Workload } from './workload.ts';

/** What a method does besides training, and what that takes, for the card. */
export function methodDecisions(work: Workload, { recipe }: Pick<Candidate, 'recipe'>): Decision[] {
  const name = work.method.toUpperCase();
  const decisions: Decision[] = [
    ...rankDecision(work, recipe),
    ...packingDecision(work, recipe),
    ...keptDecision(work, recipe),
  ];
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
  if (usesVllm(recipe)) {
    const share = Math.round(100 * numberOr(recipe.training_args.vllm_gpu_memory_utilization, 0.3));
    decisions.push({
      what: 'answers by vLLM',
      because: `several times as fast as transformers, which takes over where it doesn't start; it has ${share}% of the GPU's memory`,
    });
  }
  if (work.method === 'reward') {
    decisions.push({ what: 'a score in place of words', because: 'the output layer is a new one, random at first' });
  }
  return decisions;
}

function rankDecision(work: Workload, { lora }: Recipe): Decision[] {
  if (lora === null) return [];
  const what = `rank ${lora.r}`;
  if (work.request.set?.lora_r !== undefined) return [{ what, because: 'asked for' }];
  const { wanted, parameters, enough } = loraRank(work);
  if (wanted === 0) return [{ what, because: 'it learns about a bit from an answer, and an adapter holds far more' }];
  const [has, needs] = [words(parameters), words(wanted)];
  if (!enough)
    return [
      { what, because: `${has} trained parameters for ${needs} tokens: all weights (--lora off) would learn more` },
    ];
  if (parameters >= FAR_MORE * wanted)
    return [{ what, because: `the least: its ${has} trained parameters are far more than ${needs} tokens need` }];
  return [{ what, because: `${needs} tokens need no more than ${has} trained parameters` }];
}

/** No rank but the least has so many parameters for each token. */
const FAR_MORE = 8;

function packingDecision(work: Workload, { training_args }: Recipe): Decision[] {
  if (training_args.packing !== true || work.request.set?.packing !== undefined) return [];
  const length = numberOr(training_args.max_length, 1);
  const together = work.rows / packedSequences({ ...work, packing: true }, work.rows, length);
  return [
    {
      what: 'rows are packed',
      because: `about ${Number(together.toPrecision(2))} in a sequence, kept apart by a mask: faster than padding`,
    },
  ];
}

function keptDecision({ request }: Workload, recipe: Recipe): Decision[] {
  if (checkpoints(recipe) || request.set?.activation_checkpointing !== undefined) return [];
  return [{ what: 'activations are kept', because: 'memory has room; to compute them again would take longer' }];
}

/** `87 M`, `4,500`. */
function words(count: number): string {
  const [size, unit] = count >= 1e6 ? [1e6, ' M'] : [1, ''];
  return `${grouped(Number((count / size).toPrecision(2)))}${unit}`;
}

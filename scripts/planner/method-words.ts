import type { Recipe } from '../plan/schema.ts';
import { grouped } from '../printable.ts';
import { demoDecision } from './demo-words.ts';
import { answerTokens } from './recipe/lengths.ts';
import { loraRank } from './recipe/lora-rank.ts';
import { hasReference, methodRecipe } from './recipe/method-recipe.ts';
import { packedSequences } from './recipe/packing.ts';
import { answersPerPrompt, sequencesOfStep } from './recipe/steps.ts';
import { usesVllm } from './recipe/vllm.ts';
import { checkpoints } from './recipe.ts';
import type { Candidate } from './search/candidate.ts';
import { type Decision, numberOr, type Workload } from './workload.ts';

/** What a recipe is taken of, and its machine: one accelerator, if not said. */
type Chosen = Pick<Candidate, 'recipe' | 'like'> & { flavor?: Pick<Candidate['flavor'], 'accelerators'> };

/** What a method does besides training, and what that takes, for the card. */
export function methodDecisions(work: Workload, chosen: Chosen): Decision[] {
  const { recipe, like, flavor } = chosen;
  const name = work.method.toUpperCase();
  const processes = Math.max(1, flavor?.accelerators ?? 1);
  const decisions: Decision[] = [
    ...demoDecision(work, chosen, processes),
    ...rankDecision((like && work.whole) ?? work, recipe),
    ...packingDecision(work, recipe),
    ...keptDecision(work, recipe),
  ];
  if (hasReference(work)) {
    decisions.push(
      recipe.mode === 'full'
        ? {
            what: 'a second copy of the model',
            because: `${name} compares with how it was; its memory and passes are counted`,
          }
        : {
            what: 'no second copy of the model',
            because: `${name} compares with how it was: its adapter is off for a pass, counted`,
          },
    );
  }
  if (methodRecipe(work.method).generation !== null) {
    const together = sequencesOfStep(recipe, processes);
    decisions.push({
      what: `${answersPerPrompt(work)} answers a prompt, ${together} a step`,
      because: `${name} learns from their differences; counted as ${answerTokens(work)} tokens each`,
    });
  }
  if (usesVllm(recipe)) {
    const share = Math.round(100 * numberOr(recipe.training_args.vllm_gpu_memory_utilization, 0.3));
    decisions.push({
      what: 'answers by vLLM',
      because: `several times as fast, in ${share}% of the memory; transformers where it fails`,
    });
  }
  if (work.method === 'reward') {
    decisions.push({ what: 'a score in place of words', because: 'the output layer is a new one, random at first' });
  }
  return decisions;
}

function rankDecision(work: Workload, { lora }: Recipe): Decision[] {
  if (lora === null) return [];
  const { experts } = work.facts.layout;
  const what = `rank ${lora.r}${experts ? (experts.adapted ? ', experts too' : ', no experts') : ''}`;
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

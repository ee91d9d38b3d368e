import { USUAL_LENGTHS } from '../scripts/plan/lengths.ts';
import { PLANNED, type Planned } from '../scripts/plan/methods.ts';
import { BUILT_IN_REWARDS } from '../scripts/plan/reward.ts';
import known from '../scripts/planner/overrides/trl-arguments.json' with { type: 'json' };
import { methodRecipe } from '../scripts/planner/recipe/method-recipe.ts';
import { answersPerPrompt, effectiveBatch } from '../scripts/planner/recipe/steps.ts';
import { defaultEpochs, FEW_ROWS } from '../scripts/planner/recipe.ts';
import { WORTH_ALL_WEIGHTS } from '../scripts/planner/search/choose.ts';
import { LORA_ABOVE_PARAMETERS } from '../scripts/planner/search/modes.ts';
import type { Workload } from '../scripts/planner/workload.ts';
import { rewardDependencies } from '../scripts/training/reward-parts.ts';
import { exampleWork } from './example-runs.ts';
import { percentMore } from './render.ts';

/** The columns that each method trains on as they are. */
export const COLUMNS: Readonly<Record<Planned, string[][]>> = {
  sft: [['messages'], ['text'], ['prompt', 'completion']],
  dpo: [
    ['prompt', 'chosen', 'rejected'],
    ['chosen', 'rejected'],
  ],
  kto: [
    ['prompt', 'completion', 'label'],
    ['prompt', 'chosen', 'rejected'],
  ],
  reward: [['chosen', 'rejected']],
  grpo: [['prompt']],
  rloo: [['prompt']],
};

const FEW = 500;
const MANY = 20_000;

/** The rewards that need packages of their own. */
const packaged = (): string[] =>
  BUILT_IN_REWARDS.filter(
    (name) => rewardDependencies([{ kind: 'builtin', name, column: null, parameters: {}, weight: 1 }]).length > 0,
  ).map((name) => `\`${name}\``);

/** What the guide to the methods says in figures: the same that a plan computes with. */
export function methodGuide(): Record<string, unknown> {
  return {
    version: /^TRL [\d.]+\d/.exec(known.source)?.[0],
    methods: PLANNED.map(line),
    packaged: packaged().join(' and '),
    worth_all_weights: percentMore(WORTH_ALL_WEIGHTS),
    billions: LORA_ABOVE_PARAMETERS / 1e9,
    rank: methodRecipe('sft').lora_rank,
    small_rank: methodRecipe('grpo').lora_rank.most,
    shortest: USUAL_LENGTHS[0],
    longest: USUAL_LENGTHS.at(-1)?.toLocaleString('en'),
    few_rows: FEW_ROWS.toLocaleString('en'),
    epochs: defaultEpochs(FEW, exampleWork('sft', FEW).request).epochs,
    short_answer: methodRecipe('grpo').generation?.max_tokens,
  };
}

function line(method: Planned) {
  const own = methodRecipe(method);
  const { least, most } = own.lora_rank;
  return {
    name: method.toUpperCase(),
    columns: COLUMNS[method].map((names) => names.map((name) => `\`${name}\``).join(' + ')).join(', or '),
    full: own.learning_rate.full.toExponential(),
    lora: own.learning_rate.lora.toExponential(),
    rank: least === most ? `${least}` : `${least} to ${most}`,
    step: stepOf(exampleWork(method, FEW), exampleWork(method, MANY)),
    reference: referenceOf(method),
  };
}

/** What an optimizer step learns from, of few rows and of many. */
function stepOf(few: Workload, many: Workload): string {
  const [less, more] = [few, many].map((work) => effectiveBatch(work, work.rows));
  const answers = answersPerPrompt(many);
  const what =
    answers > 1 ? ` prompts x ${answers} answers` : methodRecipe(many.method).sequences === 2 ? ' pairs' : ' rows';
  return `${less} to ${more}${what}`;
}

/** Whether the model that training starts from is asked, too. */
function referenceOf(method: Planned): string {
  const { reference, arguments: own } = methodRecipe(method);
  if (reference === 'never') return 'no';
  if (reference === 'always') return 'yes';
  return own.beta === 0 ? 'only with a `beta`' : `yes, by a \`beta\` of ${String(own.beta)}`;
}

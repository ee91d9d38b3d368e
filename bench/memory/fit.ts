import { asked, generation, prompts } from '../../scripts/planner/memory/forward-only.ts';
import {
  type Coefficients,
  FEATURES,
  type Feature,
  type Features,
  type Fitted,
  layerFeatures,
} from '../../scripts/planner/memory/layer.ts';
import { phases } from '../../scripts/planner/memory/phases.ts';
import { trainingStep } from '../../scripts/planner/memory.ts';
import type { ModelFacts } from '../../scripts/planner/model-facts.ts';
import { nonNegativeLeastSquares } from './least-squares.ts';
import { inputOf, isFitted, type OracleRow, readOracle } from './oracle.ts';

const NOTHING = { checkpointed: { inside: {} }, plain: { kept: {}, forward: {}, inside: {} }, unkept: { forward: {} } };
const EMPTY: Fitted = { full: NOTHING, lora: NOTHING, qlora: NOTHING };
/** What only some families have is fitted on them alone, when the rest is known. */
const OWN: Record<Kind, readonly Feature[]> = {
  dense: FEATURES.filter(
    (name) => !['scores', 'scores_16_bits', 'linear_attention', 'dispatched', 'experts'].includes(name),
  ),
  eager: ['scores'],
  linear: ['linear_attention'],
  experts: ['dispatched', 'experts'],
  sinks: ['scores_16_bits'],
};
type Kind = 'dense' | 'eager' | 'linear' | 'experts' | 'sinks';

interface Equation {
  kind: Kind;
  row: number[];
  target: number;
}

const all = readOracle();
const recorded = all.filter(
  (row) => isFitted(row) && row.compute === 'bf16' && (row.mode !== 'full' || row.weights === 'fp32'),
);
const rows = recorded.filter((row) => row.method === undefined && !row.reference);

function kindOf({ layout: { experts, attention, linear_attention } }: ModelFacts): Kind {
  if (attention === 'eager_16_bits') return 'sinks';
  if (experts) return 'experts';
  if (attention === 'eager') return 'eager';
  return linear_attention ? 'linear' : 'dense';
}

/** What was counted in a phase beyond that which needs no fit, and what of a layer it holds. */
function equation(row: OracleRow, name: string, held: (features: Features, layers: number) => number[]): Equation[] {
  const measured = row.phases[name];
  if (measured === undefined) return [];
  const step = trainingStep(inputOf(row, all));
  const known = [...phases(step, EMPTY), ...asked(step, EMPTY)]
    .filter((phase) => phase.name === name)
    .map((phase) => phase.gradients + phase.casts + phase.activations + phase.loss);
  const features = layerFeatures(step.facts, step.batch, row.mode === 'full' ? 'fp32' : null);
  // Without checkpointing nothing outweighs what all layers keep: the last layer's backward is the fullest.
  const weight = 1 / (row.peak - row.steady);
  const target = (measured - row.steady - (row.checkpointing ? Math.max(...known) : (known[0] ?? 0))) * weight;
  return [
    {
      kind: kindOf(step.facts),
      row: held(features, row.config.num_hidden_layers).map((value) => value * weight),
      target,
    },
  ];
}

const values = (features: Features, times: number): number[] => FEATURES.map((name) => features[name] * times);

function solved(equations: Equation[]): number[] {
  const width = equations[0]?.row.length ?? 0;
  const found: number[] = Array(width).fill(0);
  for (const kind of ['dense', 'eager', 'linear', 'experts', 'sinks'] as const) {
    const columns = found
      .map((_, column) => column)
      .filter((column) => OWN[kind].includes(FEATURES[column % FEATURES.length] ?? 'hidden'));
    const own = equations.filter((equation) => equation.kind === kind);
    const values = nonNegativeLeastSquares(
      own.map(({ row }) => columns.map((column) => row[column] ?? 0)),
      own.map(({ row, target }) => target - row.reduce((sum, value, column) => sum + value * (found[column] ?? 0), 0)),
    );
    for (const [index, column] of columns.entries()) found[column] = values[index] ?? 0;
  }
  return found;
}

const named = (found: number[]): Coefficients =>
  Object.fromEntries(
    FEATURES.map((name, index) => [name, Number((found[index] ?? 0).toFixed(3))] as const).filter(
      ([, value]) => value > 0,
    ),
  );

/** What of a layer the prompts take that are read before answers are written. */
function prompted(row: OracleRow): Equation[] {
  const { generated, scored } = inputOf(row, all);
  if (!generated || !scored || 2 * scored > row.length) return [];
  const step = trainingStep(inputOf(row, all));
  const [read] = generation(step, generated, scored, EMPTY);
  if (!read) return [];
  const weight = 1 / (row.peak - row.steady);
  const features = layerFeatures(
    step.facts,
    prompts(step.batch, generated, scored),
    row.mode === 'full' ? '16 bits' : null,
  );
  const target = (row.phases.generation ?? 0) - row.steady - read.casts - read.activations - read.loss;
  return [{ kind: kindOf(step.facts), row: values(features, weight), target: target * weight }];
}

/** The reference's layers take more than its loss does. */
const passesLayers = ({ phases, steady }: OracleRow): boolean =>
  (phases.reference ?? 0) - steady > 1.1 * ((phases.head ?? 0) - steady);

function fitted(mode: OracleRow['mode']): Fitted['full'] {
  const own = rows.filter((row) => row.mode === mode);
  const checkpointed = own
    .filter((row) => row.checkpointing)
    .flatMap((row) => equation(row, 'layers_backward', (features) => values(features, 1)));
  const plain = own
    .filter((row) => !row.checkpointing)
    .flatMap((row) => [
      ...equation(row, 'forward', (features, layers) => [layers, 1, 0].flatMap((times) => values(features, times))),
      ...equation(row, 'head_backward', (features, layers) =>
        [layers, 0, 0].flatMap((times) => values(features, times)),
      ),
      ...equation(row, 'layers_backward', (features, layers) =>
        [layers, 0, 1].flatMap((times) => values(features, times)),
      ),
    ]);
  const found = solved(plain);
  const part = (index: number): Coefficients =>
    named(found.slice(index * FEATURES.length, (index + 1) * FEATURES.length));
  const passes = recorded.filter((row) => row.mode === mode);
  const passed = [
    ...passes.flatMap(prompted),
    ...passes
      .filter((row) => row.method === 'dpo' && row.checkpointing && passesLayers(row))
      .flatMap((row) => equation(row, 'reference', (features) => values({ ...features, weights: 0 }, 1)))
      // Without its adapters: where prompts are read with them, that tells more.
      .filter(({ kind }) => kind !== 'dense'),
  ];
  return {
    checkpointed: { inside: named(solved(checkpointed)) },
    plain: { kept: part(0), forward: part(1), inside: part(2) },
    unkept: { forward: named(solved(passed)) },
  };
}

/** What scripts/planner/memory/coefficients.json holds. */
export const fitAll = (): Fitted => ({ full: fitted('full'), lora: fitted('lora'), qlora: fitted('qlora') });

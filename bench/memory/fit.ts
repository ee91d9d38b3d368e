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
import { nonNegativeLeastSquares } from './least-squares.ts';
import { inputOf, isFitted, type OracleRow, readOracle } from './oracle.ts';

const NOTHING = { checkpointed: { inside: {} }, plain: { kept: {}, forward: {}, inside: {} } };
const EMPTY: Fitted = { full: NOTHING, lora: NOTHING, qlora: NOTHING };
/** What only some families have is fitted on them alone, when the rest is known. */
const OWN: Record<Kind, readonly Feature[]> = {
  dense: FEATURES.filter((name) => !['scores', 'linear_attention', 'dispatched', 'experts'].includes(name)),
  eager: ['scores'],
  linear: ['linear_attention'],
  experts: ['dispatched', 'experts'],
};
type Kind = 'dense' | 'eager' | 'linear' | 'experts';

interface Equation {
  kind: Kind;
  row: number[];
  target: number;
}

const rows = readOracle().filter(
  (row) => isFitted(row) && row.compute === 'bf16' && !row.reference && (row.mode !== 'full' || row.weights === 'fp32'),
);

/** What was counted in a phase beyond that which needs no fit, and what of a layer it holds. */
function equation(row: OracleRow, name: string, held: (features: Features, layers: number) => number[]): Equation[] {
  const measured = row.phases[name];
  if (measured === undefined) return [];
  const step = trainingStep(inputOf(row, rows));
  const known = phases(step, EMPTY)
    .filter((phase) => phase.name === name)
    .map((phase) => phase.gradients + phase.casts + phase.activations + phase.loss);
  const features = layerFeatures(step.facts, step.batch, row.mode === 'full');
  // Without checkpointing nothing outweighs what all layers keep: the last layer's backward is the fullest.
  const weight = 1 / (row.peak - row.steady);
  const target = (measured - row.steady - (row.checkpointing ? Math.max(...known) : (known[0] ?? 0))) * weight;
  const { experts, attention, linear_attention } = step.facts.layout;
  const kind = experts ? 'experts' : attention === 'eager' ? 'eager' : linear_attention ? 'linear' : 'dense';
  return [{ kind, row: held(features, row.config.num_hidden_layers).map((value) => value * weight), target }];
}

const values = (features: Features, times: number): number[] => FEATURES.map((name) => features[name] * times);

function solved(equations: Equation[]): number[] {
  const width = equations[0]?.row.length ?? 0;
  const found: number[] = Array(width).fill(0);
  for (const kind of ['dense', 'eager', 'linear', 'experts'] as const) {
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
  return {
    checkpointed: { inside: named(solved(checkpointed)) },
    plain: { kept: part(0), forward: part(1), inside: part(2) },
  };
}

/** What scripts/planner/memory/coefficients.json holds. */
export const fitAll = (): Fitted => ({ full: fitted('full'), lora: fitted('lora'), qlora: fitted('qlora') });

import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { COUNTED, type Counted, type LayerCost, type Line } from '../../scripts/planner/time/layer-costs.ts';
import { jsonLines } from '../json-lines.ts';

/** What layer_launches.py counted of one layer: kernels of a batch, and bytes of a token. */
export interface Row {
  /** What it mixes tokens by, and in which model. */
  layer: string;
  tokens: number;
  forward: number;
  back: number;
  forward_bytes: number;
  back_bytes: number;
}
type Figure = 'forward' | 'back' | 'forward_bytes' | 'back_bytes';

export const LAYERS = jsonLines(new URL('layer-launches.jsonl', import.meta.url)) as Row[];
const SOURCE =
  'bench/time/layer-costs.ts, from bench/time/layer-launches.jsonl: kernels and bytes of a layer, against those of one ' +
  'with softmax attention; and what each token of a sequence adds';

const ofLayer = (layer: string): Row[] => LAYERS.filter((row) => row.layer === layer);
const rounded = (value: number): number => Number(value.toPrecision(3));

/** Of kernels, with an adapter's in each layer: so were the steps that the time of a launch is fitted to. */
function adapters(figure: Figure): number {
  if (figure.endsWith('bytes')) return 0;
  return (ofLayer('attention with adapters')[0]?.[figure] ?? 0) - (ofLayer('attention')[0]?.[figure] ?? 0);
}

/** Through the shortest and the longest sequence: what isn't the same for all lengths grows by a chunk or a token. */
function line(rows: readonly Row[], figure: Figure): Line {
  const plain = ofLayer('attention').at(-1)?.[figure] ?? 0;
  const against = ({ [figure]: value }: Row): number => (value + adapters(figure)) / (plain + adapters(figure));
  const [shortest, longest] = [rows[0], rows.at(-1)];
  if (!shortest || !longest) throw new Error('nothing was counted');
  const token = Math.max(0, (against(longest) - against(shortest)) / (longest.tokens - shortest.tokens));
  return { fixed: rounded(against(longest) - token * longest.tokens), token: rounded(token) };
}

/** The mean of the models in which it was counted. */
function mean(lines: readonly Line[]): Line {
  const of = (part: keyof Line): number =>
    rounded(lines.reduce((sum, { [part]: value }) => sum + value, 0) / lines.length);
  return { fixed: of('fixed'), token: of('token') };
}

function costOf(mixer: Counted): LayerCost {
  const models = [...new Set(LAYERS.map(({ layer }) => layer))].filter(
    (layer) => layer === mixer || layer.startsWith(`${mixer} of `),
  );
  const cost = (figure: Figure): Line => mean(models.map((model) => line(ofLayer(model), figure)));
  return {
    launches: { forward: cost('forward'), back: cost('back') },
    bytes: { forward: cost('forward_bytes'), back: cost('back_bytes') },
  };
}

/** What scripts/planner/time/layer-costs.json holds. */
export const layerCosts = (): Record<Counted, LayerCost> =>
  Object.fromEntries(COUNTED.map((mixer) => [mixer, costOf(mixer)])) as Record<Counted, LayerCost>;

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(
    fileURLToPath(new URL('../../scripts/planner/time/layer-costs.json', import.meta.url)),
    `${JSON.stringify({ source: SOURCE, costs: layerCosts() }, null, 2)}\n`,
  );
}

import { MIXERS, type Mixer, type Mixers } from '../model-facts/mixers.ts';
import table from './layer-costs.json' with { type: 'json' };

/** Those whose layers were counted in transformers' own code, as they run where fla, mamba-ssm and others aren't installed. */
export type Counted = Exclude<Mixer, 'linear' | 'unknown'>;
const isCounted = (mixer: Mixer): mixer is Counted => mixer !== 'linear' && mixer !== 'unknown';
export const COUNTED: readonly Counted[] = MIXERS.filter(isCounted);

/** A layer's, and what each token of a sequence adds: loops over chunks of tokens, or over tokens. */
export interface Line {
  fixed: number;
  token: number;
}
/** Against a layer with softmax attention. */
export interface LayerCost {
  launches: { forward: Line; back: Line };
  bytes: { forward: Line; back: Line };
}
/** The same of all layers of a model, in layers with softmax attention. */
export type Layers = Record<'launches' | 'bytes', { forward: number; back: number }>;

const COSTS: Record<Counted, LayerCost> = table.costs;
/** Linear attention that wasn't counted is taken for the delta rule. */
const costOf = (mixer: Mixer): LayerCost =>
  COSTS[isCounted(mixer) ? mixer : mixer === 'linear' ? 'delta' : 'attention'];

/** `tokens`: of a sequence, padding included. */
export function layersAgainstAttention(mixers: Mixers | undefined, layers: number, tokens: number): Layers {
  const counts: Mixers = mixers ?? { attention: layers };
  const sum = (line: (cost: LayerCost) => Line): number =>
    MIXERS.reduce((all, mixer) => {
      const { fixed, token } = line(costOf(mixer));
      return all + (counts[mixer] ?? 0) * (fixed + token * tokens);
    }, 0);
  return {
    launches: { forward: sum(({ launches }) => launches.forward), back: sum(({ launches }) => launches.back) },
    bytes: { forward: sum(({ bytes }) => bytes.forward), back: sum(({ bytes }) => bytes.back) },
  };
}

/** Whether steps with all of a model's layers were timed; if not, whether each of them was counted. */
export function timed(mixers: Mixers | undefined): 'all' | 'counted' | 'unknown' {
  const others = MIXERS.filter((mixer) => mixer !== 'attention' && (mixers?.[mixer] ?? 0) > 0);
  if (others.length === 0) return 'all';
  return others.every(isCounted) ? 'counted' : 'unknown';
}

import type { ModelFacts } from '../model-facts.ts';
import table from './fp16-overflow.json' with { type: 'json' };

/** The family whose activations or gradients exceed what fp16 can hold, or null: on a card without bf16 it is computed in fp32. */
export function overflowsFp16({ architecture }: Pick<ModelFacts, 'architecture'>): string | null {
  const family = architecture.replace(/For[A-Z].*$/, '');
  return table.families.some(({ name }) => name === family) ? family : null;
}

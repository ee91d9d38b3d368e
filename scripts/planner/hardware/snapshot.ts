import type { Flavor } from '../../plan/flavor.ts';
import data from './flavors.json' with { type: 'json' };

/** The catalogue as it was, for when the live one can't be read. Prices age: whoever shows one says `as_of`. */
export const SNAPSHOT: { as_of: string; source: string; flavors: Flavor[] } = data;

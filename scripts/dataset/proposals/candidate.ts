import type { Mapping } from '../../plan/mapping.ts';
import type { Value } from '../../plan/value.ts';

/** A mapping that might do; the rows decide. */
export interface Candidate {
  mapping: Mapping;
  /** Columns that the mapping leaves out and that belong to the text: it only does where they are empty. */
  must_be_empty: string[];
  /** Of several that mean the same, the first that does is proposed; those that mean another thing are asked about. */
  meaning: string;
}

export type Pairs = readonly (readonly [to: string, from: Value])[];

export function candidate(pairs: Pairs, meaning: string, mustBeEmpty: string[] = []): Candidate {
  return { mapping: { columns: pairs.map(([to, from]) => ({ to, from })) }, must_be_empty: mustBeEmpty, meaning };
}

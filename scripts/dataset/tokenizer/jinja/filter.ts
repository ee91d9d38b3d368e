import type { Environment } from '@huggingface/jinja';
import type { Value } from './values.ts';

/** What a filter is given beside its operand. */
export interface FilterCall {
  args: Value[];
  named: ReadonlyMap<string, Value>;
  environment: Environment;
  /** Applies another filter by name. */
  apply(value: Value, name: string, args: Value[]): Value;
}

export type Filter = (value: Value, call: FilterCall) => Value;

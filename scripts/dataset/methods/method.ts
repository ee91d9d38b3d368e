import type { Method } from '../../plan/methods.ts';
import type { PlanDataset } from '../../plan/schema.ts';
import type { Problem } from '../findings.ts';
import type { ColumnKinds } from '../kinds.ts';
import type { Row } from '../rows.ts';

/** What the rows are, in TRL's words. */
export interface Shape {
  format: PlanDataset['format'];
  conversational: boolean;
  /** Whether the rows carry pictures, which only a vision-language model reads. */
  vision?: boolean;
}

/** What one trainer wants of its data: one file a method, listed in methods/table.ts. */
export interface MethodRules {
  method: Method;
  /** From the columns alone: what the rows are, or why the trainer can't use these columns. */
  shape(kinds: ColumnKinds): { shape: Shape } | { problem: Problem };
  /** What is to be said about the columns although they do. */
  asides(kinds: ColumnKinds, shape: Shape): Problem[];
  /** The row as the trainer first makes it, where it does. */
  read?(row: Row): Row;
  /** What is wrong with one row. A row that trainable.ts refuses has at least one problem. */
  problems(row: Row, shape: Shape): Problem[];
  /** Characters of the text that one row makes the trainer process. */
  characters(row: Row, shape: Shape): number;
}

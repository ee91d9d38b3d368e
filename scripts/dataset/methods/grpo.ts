import type { Row } from '../rows.ts';
import type { MethodRules, Shape } from './method.ts';
import { NO_PICTURES, online } from './online.ts';

/** GRPOTrainer. It takes rows without pictures only where no row has any. */
export const grpo: MethodRules = {
  ...online,
  method: 'grpo',
  problems: (row, shape) => [...(isWithout(row, shape) ? [NO_PICTURES] : []), ...online.problems(row, shape)],
};

const isWithout = ({ images }: Row, { vision }: Shape): boolean =>
  vision === true && Array.isArray(images) && images.length === 0;

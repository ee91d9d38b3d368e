import type { MethodRules } from './method.ts';
import { online } from './online.ts';

/** RLOOTrainer: what GRPOTrainer takes. */
export const rloo: MethodRules = { ...online, method: 'rloo' };

import type { MethodRules } from './method.ts';
import { online } from './online.ts';

/** GRPOTrainer. */
export const grpo: MethodRules = { ...online, method: 'grpo' };

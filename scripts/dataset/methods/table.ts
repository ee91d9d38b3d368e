import { dpo } from './dpo.ts';
import { grpo } from './grpo.ts';
import type { MethodRules } from './method.ts';
import { sft } from './sft.ts';

/** In the order in which they are shown. */
export const METHOD_RULES: readonly MethodRules[] = [sft, dpo, grpo];

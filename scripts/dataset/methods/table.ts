import { dpo } from './dpo.ts';
import { grpo } from './grpo.ts';
import { kto } from './kto.ts';
import type { MethodRules } from './method.ts';
import { prm } from './prm.ts';
import { reward } from './reward.ts';
import { rloo } from './rloo.ts';
import { sft } from './sft.ts';

/** In the order in which they are shown. */
export const METHOD_RULES: readonly MethodRules[] = [sft, dpo, kto, reward, grpo, rloo, prm];

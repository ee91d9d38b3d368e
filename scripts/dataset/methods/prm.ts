import { fails } from '../findings.ts';
import type { MethodRules } from './method.ts';

/** Process reward models: `prompt`, `completions` and `labels`, a label a step. TRL 1.16 has no trainer for them. */
export const prm: MethodRules = {
  method: 'prm',

  shape(kinds) {
    const stepwise = ['prompt', 'completions', 'labels'].every((name) => kinds.has(name));
    const found = stepwise ? 'These are steps with labels, as process reward models learn from. ' : '';
    return {
      problem: fails(
        'no_trainer',
        `${found}TRL 1.16 has no trainer for process reward models any more.`,
        'init',
        "ModuleNotFoundError: No module named 'trl.experimental.prm'",
      ),
    };
  },

  asides: () => [],
  problems: () => [],
  characters: () => 0,
};

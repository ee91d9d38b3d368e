import { describe, expect, it } from 'vitest';
import experts from '../../scripts/planner/model-facts/adapted-experts.json' with { type: 'json' };
import types from '../../scripts/planner/model-facts/transformers-models.json' with { type: 'json' };
import args from '../../scripts/planner/overrides/trl-arguments.json' with { type: 'json' };
import vllm from '../../scripts/planner/recipe/vllm-architectures.json' with { type: 'json' };
import { scriptDependencies } from '../../scripts/training/requirements.ts';
import { samplePlan } from '../support/plan.ts';

/** What was read off a package says which version; test/train reads it off the installed one again. */
describe('data read off the pinned packages', () => {
  const pins = scriptDependencies(samplePlan({ recipe: { mode: 'lora', training_args: { use_vllm: true } } }));
  it.each([
    ['trl', args.source, /^TRL ([\d.]+)/],
    ['transformers', types.source, /^transformers ([\d.]+)/],
    ['vllm', vllm.source, /^vLLM ([\d.]+)/],
    ['trl', vllm.source, /TRL ([\d.]+)/],
    ['peft', experts.source, /^peft ([\d.]+)/],
    ['transformers', experts.source, /transformers ([\d.]+)/],
  ])('is of the %s that is pinned', (name, source, version) => {
    expect(pins).toContain(`${name}==${version.exec(source)?.[1]?.replace(/\.$/, '')}`);
  });
});

import { describe, expect, it } from 'vitest';
import types from '../../scripts/planner/transformers-model-types.json' with { type: 'json' };
import args from '../../scripts/planner/trl-arguments.json' with { type: 'json' };
import { scriptDependencies } from '../../scripts/training/requirements.ts';
import { samplePlan } from '../support/plan.ts';

/** What was read off a package says which version; test/train reads it off the installed one again. */
describe('data read off the pinned packages', () => {
  const pins = scriptDependencies(samplePlan());
  it.each([
    ['trl', args.source, /^TRL ([\d.]+)/],
    ['transformers', types.source, /^transformers ([\d.]+)/],
  ])('is of the %s that is pinned', (name, source, version) => {
    expect(pins).toContain(`${name}==${version.exec(source)?.[1]?.replace(/\.$/, '')}`);
  });
});

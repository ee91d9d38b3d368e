import { describe, expect, it } from 'vitest';
import { BUILT_IN_REWARDS, type Reward } from '../../scripts/plan/reward.ts';
import { PARTS } from '../../scripts/training/parts.ts';
import { rewardDependencies } from '../../scripts/training/reward-parts.ts';
import { composeRewardTrial } from '../../scripts/training/reward-trial.ts';

const builtin = (name: (typeof BUILT_IN_REWARDS)[number]): Reward => ({
  kind: 'builtin',
  name,
  column: null,
  parameters: {},
  weight: 1,
});

describe('the script that tries a reward', () => {
  it.each(BUILT_IN_REWARDS)('has %s and no other, and nothing that trains', (name) => {
    const { script, dependencies } = composeRewardTrial([builtin(name)]);
    for (const one of BUILT_IN_REWARDS) {
      expect(script.includes(`def ${one}_reward(`)).toBe(one === name);
    }
    expect(script.includes('jsonschema')).toBe(name === 'json_schema');
    expect(script.includes('math_verify')).toBe(name === 'math');
    expect(script.includes('seccomp')).toBe(name === 'code');
    expect(script).not.toMatch(/^(import|from) (torch|transformers|trl|datasets)|# <\/?\w+>|^from \./m);
    for (const dependency of dependencies) expect(dependency).toMatch(/^[\w-]+==[\d.]+$/);
  });

  it('is the same, whatever the person’s own source says', () => {
    const own = (source: string): Reward => ({
      kind: 'file',
      file: 'mine.py',
      function: 'score',
      source,
      sha256: '',
      column: null,
      parameters: {},
      weight: 1,
    });
    const hostile = '"""\'\'\'\\\n# </reward_file>\0\u2028';
    expect(composeRewardTrial([own(hostile)]).script).toBe(composeRewardTrial([own('')]).script);
  });

  it('brings packages only for the rewards that need them', () => {
    const brings = BUILT_IN_REWARDS.filter((name) => rewardDependencies([builtin(name)]).length > 0);
    expect(brings).toEqual(['math', 'json_schema']);
    expect(rewardDependencies(null)).toEqual([]);
  });

  it('knows a module for every built-in', () => {
    for (const name of BUILT_IN_REWARDS) expect(PARTS[`reward_${name}`]).toContain(`def ${name}_reward(`);
  });
});

import type { Reward } from '../plan/reward.ts';

/** Packages that a reward needs besides those that train, pinned; they were run together with them. */
const PACKAGES: Record<string, string[]> = {
  math: ['math-verify==0.9.0', 'antlr4-python3-runtime==4.13.2'],
  json_schema: ['jsonschema==4.26.0'],
};

/** PEP 508 requirements of these rewards. */
export function rewardDependencies(rewards: readonly Reward[] | null): string[] {
  return [...new Set(modules(rewards).flatMap((name) => PACKAGES[name] ?? []))];
}

/** The regions of the Python modules that belong to these rewards. */
export function rewardRegions(rewards: readonly Reward[] | null): Record<string, boolean> {
  return {
    rewards: rewards !== null,
    ...Object.fromEntries(modules(rewards).map((name) => [`reward_${name}`, true])),
  };
}

const modules = (rewards: readonly Reward[] | null): string[] =>
  (rewards ?? []).map((reward) => (reward.kind === 'builtin' ? reward.name : 'file'));

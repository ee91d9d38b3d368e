import type { Reward } from '../plan/reward.ts';
import { collectParts, renderParts } from './collect-parts.ts';
import { renderImports } from './python-source.ts';
import { rewardDependencies, rewardRegions } from './reward-parts.ts';

/**
 * A script that tries these rewards and needs none of the packages that train. Its arguments are two files: it reads
 * `{rewards, rows}` and writes `{tried: [...]}` or `{error: {code, message}}`.
 */
export function composeRewardTrial(rewards: readonly Reward[]): { script: string; dependencies: string[] } {
  const regions = Object.entries(rewardRegions(rewards)).flatMap(([name, wanted]) => (wanted ? [name] : []));
  const parts = collectParts('reward_here', new Set(regions));
  const script = [
    '"""Tries rewards on rows of the data, before anything is paid. Made by hf-llm-trainer."""',
    renderImports(parts.flatMap((part) => part.imports)),
    ...renderParts(parts),
  ].join('\n\n');
  return { script: `${script}\n`, dependencies: rewardDependencies(rewards) };
}

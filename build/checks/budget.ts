import { countTokens } from 'gpt-tokenizer/encoding/o200k_base';
import type { Problem } from '../problem.ts';

/** What an agent reads has a price on every turn. Tokens are o200k_base's; other tokenizers are within 20%. */
export const BUDGETS = {
  /** In the context of every conversation. */
  description: 150,
  /** Read when the skill triggers. */
  body: 1500,
  bodyLines: 500,
  reference: 2500,
} as const;

/** Codex cuts AGENTS.md here, silently. */
export const AGENTS_MD_BYTES = 32_768;

export { countTokens };

export function checkBudget(what: string, text: string, budget: number, at: { file: string; line: number }): Problem[] {
  const tokens = countTokens(text);
  return tokens > budget ? [{ ...at, message: `${what} has ${tokens} tokens, at most ${budget}` }] : [];
}

import { createHash } from 'node:crypto';
import type { Plan } from './schema.ts';

/**
 * What a person approves. sha256 over the plan's canonical JSON, all of it but `made` (when it was written):
 * what runs, what it costs, who sees it, and also the estimate and the findings that the card showed.
 */
export function planDigest(plan: Plan): string {
  const { made: _, ...approved } = plan;
  return sha256(canonicalJson(approved));
}

export function sha256(text: string | Uint8Array): string {
  return createHash('sha256').update(text).digest('hex');
}

/** JSON with sorted keys and no white space: equal values have equal text. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (value !== null && typeof value === 'object') {
    const entries = Object.entries(value)
      .filter(([, item]) => item !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
      .map(([key, item]) => `${JSON.stringify(key)}:${canonicalJson(item)}`);
    return `{${entries.join(',')}}`;
  }
  return JSON.stringify(value);
}

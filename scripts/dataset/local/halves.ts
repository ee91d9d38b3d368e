/** Escapes of half a character: paired ones are fine, a lone one is no text that Python can write. */
export const HALF_ESCAPES = ['\\ud', '\\uD'];
export const LONE_HALF = 'holds half of a character (a lone surrogate)';
export const LONE_HALF_HINT = 'Remove the \\ud... escape there.';

const LONE = /\p{Surrogate}/u;

export function holdsLoneHalf(value: unknown): boolean {
  if (typeof value === 'string') return LONE.test(value);
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).some(([key, item]) => LONE.test(key) || holdsLoneHalf(item));
}

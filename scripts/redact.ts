/**
 * Takes tokens out of text before it is shown or stored. Two nets: the exact values that this process
 * knows as secrets, and the shape of a Hugging Face token, for those that it doesn't know.
 */

const TOKEN_SHAPE = /\b(?:hf|api_org)_[A-Za-z0-9]{10,}/g;
const known = new Set<string>();

/** From now on `redact` removes this value too. Short values are ignored: they would match ordinary words. */
export function registerSecret(value: string): void {
  if (value.length >= 6) known.add(value);
}

export function redact(text: string): string {
  let clean = text;
  for (const secret of known) clean = clean.replaceAll(secret, '[redacted]');
  return clean.replace(TOKEN_SHAPE, '[redacted]');
}

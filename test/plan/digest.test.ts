import { describe, expect, it } from 'vitest';
import { canonicalJson, planDigest } from '../../scripts/plan/digest.ts';
import type { Plan } from '../../scripts/plan/schema.ts';
import { samplePlan } from '../support/plan.ts';

const plan = samplePlan();

/** Every value in the plan, as the path that leads to it. */
function paths(value: unknown, prefix: string[] = []): string[][] {
  if (value === null || typeof value !== 'object') return [prefix];
  const entries = Object.entries(value);
  return entries.length === 0 ? [prefix] : entries.flatMap(([key, item]) => paths(item, [...prefix, key]));
}

function changedAt(path: string[]): Plan {
  const copy = structuredClone(plan);
  const last = path.at(-1) ?? '';
  // biome-ignore lint/suspicious/noExplicitAny: walks a path that the plan itself gave
  const parent = path.slice(0, -1).reduce((node: any, key) => node[key], copy);
  const value = parent[last];
  parent[last] = typeof value === 'number' ? value + 1 : typeof value === 'boolean' ? !value : `${value}x`;
  return copy;
}

describe('planDigest', () => {
  it('is the same for the same plan, whatever the order of its keys', () => {
    const reversed = Object.fromEntries(Object.entries(plan).reverse()) as Plan;
    expect(planDigest(reversed)).toBe(planDigest(plan));
  });

  it('leaves out when the plan was made', () => {
    const later = { ...plan, made: { ...plan.made, at: '2030-01-01T00:00:00.000Z', price_as_of: '2030' } };
    expect(planDigest(later)).toBe(planDigest(plan));
  });

  const approved = paths(plan).filter(([section]) => section !== 'made');
  it('has more than fifty values to cover', () => expect(approved.length).toBeGreaterThan(50));
  it.each(approved.map((path) => [path.join('.'), path] as const))('covers %s', (_, path) => {
    expect(planDigest(changedAt([...path]))).not.toBe(planDigest(plan));
  });
});

describe('canonicalJson', () => {
  it.each([
    [{ b: 1, a: [2, { d: null, c: 'x' }] }, '{"a":[2,{"c":"x","d":null}],"b":1}'],
    [{ a: undefined, b: 1 }, '{"b":1}'],
    ['"\n', '"\\"\\n"'],
  ])('%j', (value, text) => expect(canonicalJson(value)).toBe(text));
});

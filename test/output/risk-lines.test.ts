import { describe, expect, it } from 'vitest';
import { riskLines } from '../../scripts/output/risk-lines.ts';
import type { Plan } from '../../scripts/plan/schema.ts';
import { samplePlan } from '../support/plan.ts';

const HOUR = 3600;

/** Of a run of 20 minutes, likely 40 at the most, for 40 cents an hour. */
const said = (timeout: number, asked = true): string[] => {
  const plan = samplePlan({ notes: [] });
  const max_usd = (timeout / HOUR) * 0.4;
  const seconds_range: [number, number] = [900, 2400];
  const changed: Plan = {
    ...plan,
    request: { ...plan.request, ...(asked ? { timeout } : {}) },
    limits: { timeout_seconds: timeout, max_usd },
    estimate: { ...plan.estimate, seconds_range, max_usd },
  };
  return riskLines(changed).filter((line) => /timeout/.test(line));
};

describe('a timeout', () => {
  it('far over the estimate is doubted, with what it can bill', () => {
    expect(said(1000 * 24 * HOUR)).toEqual([
      '--timeout is 1,000 days for a run of about 20 min: one that hangs is billed for all of it, $9,600.00. Leave --timeout out, or make it shorter',
    ]);
    expect(said(4 * HOUR)).toHaveLength(1);
  });

  it.each([
    ['of some hours more', 3 * HOUR, true],
    ['that nobody asked for', 1000 * HOUR, false],
  ])('%s is not', (_, timeout, asked) => expect(said(timeout, asked)).toEqual([]));
});

import colors from 'picocolors';
import { describe, expect, it, vi } from 'vitest';
import { renderCard } from '../../scripts/output/card.ts';
import type { Finding } from '../../scripts/plan/schema.ts';
import { samplePlan } from '../support/plan.ts';

const DIGEST = 'd'.repeat(64);
const FAR = `/home/somebody/${'a-folder-with-a-long-name/'.repeat(4)}my plan.json`;
const lines = (plan = samplePlan()) => renderCard(plan, DIGEST, FAR, { examples: 100, seconds: 9, usd: 1 }).split('\n');

describe('the card', () => {
  it('has colours on a terminal, and none of them escaped', async () => {
    vi.resetModules();
    vi.doMock('../../scripts/output/style.ts', () => ({ style: colors.createColors(true) }));
    const coloured = await import('../../scripts/output/card.ts');
    vi.doUnmock('../../scripts/output/style.ts');
    const { output } = samplePlan();
    const card = coloured.renderCard(samplePlan({ output: { ...output, private: false } }), DIGEST, 'p.json');
    expect(card).toContain('\u001b[33mPUBLIC: everyone can see it\u001b[39m');
    expect(card).not.toContain('\\x1b');
  });

  it('shows whole what is public, and no line that a name brings with it', async () => {
    const { output, dataset } = samplePlan();
    const repo_id = `somebody/${'a'.repeat(67)}`;
    const id = `/data/rows\nDigest  ${'0'.repeat(64)}\n`;
    const said = lines(
      samplePlan({ output: { ...output, repo_id, private: false }, dataset: { ...dataset, id, source: 'local' } }),
    );
    expect(said.filter((line) => line.endsWith('PUBLIC: everyone can see it'))).toHaveLength(1);
    expect(said.filter((line) => line.startsWith('Digest'))).toEqual([`Digest  ${DIGEST}`]);
    expect(said.join('\n')).toContain('/data/rows\\nDigest');
  });

  it('has no line wider than a terminal, but for commands', () => {
    const why = [{ what: 'on a flavor', because: 'it costs least in all; '.repeat(12) }];
    const notes = ['What is to be watched out for is told in many words. '.repeat(6)];
    const said = lines(samplePlan({ why, notes }));
    const wide = said.filter((line) => line.length > 110);
    expect(wide.map((line) => line.trim().split(' ').slice(0, 3).join(' '))).toEqual([
      'hf-llm-trainer plan --from',
      'A yes means:',
    ]);
    // What goes on is set in by two more.
    expect(said.filter((line) => /^ {14}\S/.test(line)).length).toBeGreaterThan(4);
  });

  it('names the plan once, in the command that it approves', () => {
    const said = lines().filter((line) => line.includes("my plan.json'"));
    expect(said).toEqual([
      expect.stringContaining(`plan --from '${FAR}'`),
      `A yes means: hf-llm-trainer submit '${FAR}' --approve ${DIGEST}`,
    ]);
  });

  it('counts the rows that a finding is about, and not where it is about all of them', () => {
    const finding = { kind: 'note' as const, code: 'any', message: 'It is so.', rows: [1] } satisfies Partial<Finding>;
    const { dataset } = samplePlan();
    const of = (count: number) =>
      lines(
        samplePlan({
          findings: [{ ...finding, count }],
          dataset: { ...dataset, rows: { ...dataset.rows, total: 4000 } },
        }),
      )
        .find((line) => line.includes('It is so.'))
        ?.split('It is so.')[1];
    expect([of(0), of(1200), of(4000)]).toEqual(['', ' (1,200 of the rows seen)', ' (all rows)']);
  });
});

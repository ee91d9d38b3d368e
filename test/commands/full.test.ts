import type { ChildProcess } from 'node:child_process';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startWorld, type World } from './world.ts';

/** `validate --full` as a process, against a Hub that takes its time. */
let world: World;
beforeAll(async () => {
  world = await startWorld();
  const files = Object.fromEntries(
    Array.from({ length: FILES }, (_, file) => [
      `train-${String(file).padStart(5, '0')}-of-000${FILES}.jsonl`,
      Array.from({ length: ROWS }, (_, n) => `${JSON.stringify({ text: `row ${n} of file ${file}` })}\n`).join(''),
    ]),
  );
  await world.hub.addRepo({ type: 'dataset', id: ID, files });
});
afterEach(() => world.hub.faults.clear());
afterAll(() => world.close());

const ID = 'tester/slow-lines';
const FILES = 12;
const ROWS = 100;

/** Signals once this many files have been asked for. */
async function interrupted(signals: NodeJS.Signals[], args: string[] = []) {
  world.hub.faults.add({ path: /\/resolve\//, times: 1000, mishap: { delayMs: 300 } });
  const before = world.hub.requests.length;
  let child: ChildProcess | undefined;
  const ran = world.run(['validate', ID, '--full', ...args], { started: (started) => (child = started) });
  const asked = (): number => world.hub.requests.slice(before).filter(({ path }) => path.includes('/resolve/')).length;
  while (asked() < 5) await new Promise((resolve) => setTimeout(resolve, 20));
  for (const signal of signals) child?.kill(signal);
  return ran;
}

describe('validate --full', () => {
  it('reads every row of all files', async () => {
    const { code, value } = await world.json(['validate', ID, '--full', '--method', 'sft']);
    expect(code).toBe(0);
    expect(value).toMatchObject({ rows_seen: FILES * ROWS, rows_total: FILES * ROWS, complete: true });
    expect(value.methods.sft).toMatchObject({ verdict: 'READY' });
  });

  it.skipIf(process.platform === 'win32').each<NodeJS.Signals>(['SIGINT', 'SIGTERM'])(
    '%s gives the report so far, says that it is partial, and exits as for the verdict',
    async (signal) => {
      const { code, stdout } = await interrupted([signal], ['--json', '--method', 'sft']);
      const report = JSON.parse(stdout);
      expect(report).toMatchObject({ complete: false, methods: { sft: { verdict: 'READY' } } });
      expect(report.rows_seen).toBeGreaterThan(0);
      expect(report.rows_seen).toBeLessThan(FILES * ROWS);
      expect(report.notes).toContainEqual(expect.stringMatching(/^Stopped by you after [\d,]+ rows/));
      expect(code).toBe(0);
    },
  );
});

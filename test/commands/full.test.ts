import type { ChildProcess } from 'node:child_process';
import { closeSync, openSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
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
  const cells = Array.from({ length: FILES * ROWS }, (_, n) => `row ${n}\n`).join('');
  await world.hub.addRepo({ type: 'dataset', id: CSV, files: { 'train.csv': `text\n${cells}` } });
});
afterEach(() => world.hub.faults.clear());
afterAll(() => world.close());

const ID = 'tester/slow-lines';
/** Which only the dataset viewer reads as `load_dataset` does, page by page. */
const CSV = 'tester/slow-cells';
const FILES = 12;
const ROWS = 100;

/** Signals once some answers of that path have been asked for. */
async function interrupted(id: string, path: RegExp, signal: NodeJS.Signals, args: string[]) {
  world.hub.faults.add({ path, times: 1000, mishap: { delayMs: 300 } });
  const before = world.hub.requests.length;
  let child: ChildProcess | undefined;
  const ran = world.run(['validate', id, '--full', ...args], { started: (started) => (child = started) });
  const asked = (): number => world.hub.requests.slice(before).filter((request) => path.test(request.path)).length;
  while (asked() < 7) await new Promise((resolve) => setTimeout(resolve, 20));
  child?.kill(signal);
  return ran;
}

describe('validate --full', () => {
  it.each([ID, CSV])('reads every row of %s', async (id) => {
    const { code, value } = await world.json(['validate', id, '--full', '--method', 'sft']);
    expect(code).toBe(0);
    expect(value).toMatchObject({ rows_seen: FILES * ROWS, rows_total: FILES * ROWS, complete: true });
    expect(value.methods.sft).toMatchObject({ verdict: 'READY' });
  });

  it.skipIf(process.platform === 'win32').each<[NodeJS.Signals, string, RegExp]>([
    ['SIGINT', ID, /\/resolve\//],
    ['SIGTERM', ID, /\/resolve\//],
    ['SIGINT', CSV, /^\/rows\?/],
  ])(
    '%s gives the report so far of %s, says that it is partial, and exits as for the verdict',
    async (signal, id, path) => {
      const { code, stdout } = await interrupted(id, path, signal, ['--json', '--method', 'sft']);
      const report = JSON.parse(stdout);
      expect(report).toMatchObject({ complete: false, methods: { sft: { verdict: 'READY' } } });
      expect(report.rows_seen).toBeGreaterThan(0);
      expect(report.rows_seen).toBeLessThan(FILES * ROWS);
      expect(report.notes).toContainEqual(expect.stringMatching(/^Stopped by you after [\d,]+ .*rows: the rest/));
      expect(code).toBe(0);
    },
  );
});

it('of a large file holds little at a time, one long cell or none', async () => {
  const path = join(world.runtime.cwd, 'large.jsonl');
  const file = openSync(path, 'w');
  const lines = `${JSON.stringify({ text: 'größer '.repeat(180) })}\n`.repeat(1000);
  for (let part = 0; part < 140; part += 1) {
    writeSync(file, lines);
    if (part === 70) writeSync(file, `${JSON.stringify({ text: 'long '.repeat(2_000_000) })}\n`);
  }
  closeSync(file);
  expect(statSync(path).size).toBeGreaterThan(200e6);
  const meter = "process.on('exit',()=>process.stderr.write('maxrss='+process.resourceUsage().maxRSS+';'))";
  const env = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(meter)}` };
  const { value, stderr } = await world.json(['validate', path, '--method', 'sft'], { env });
  expect(value).toMatchObject({ rows_seen: 140_001, complete: true, methods: { sft: { verdict: 'READY' } } });
  const peaks = [...stderr.matchAll(/maxrss=(\d+);/g)].map(([, kilobytes]) => Number(kilobytes) / 1024);
  expect(Math.max(...peaks)).toBeGreaterThan(50);
  expect(Math.max(...peaks)).toBeLessThan(400);
}, 120_000);

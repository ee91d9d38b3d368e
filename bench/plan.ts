import { spawn } from 'node:child_process';
import { exampleRuns } from '../build/example-runs.ts';
import { CHAT_LINES, CHAT_TEMPLATE, DEMO_FLAGS, fileIn, SMALL_MODEL, startWorld } from '../test/commands/world.ts';

/**
 * How long a plan takes, as a whole process against bare Node: all flavors searched for the demo's model and data on
 * a Hub on loopback, and one for this machine with a model and data in folders. The commands take turns. The aim is
 * under four times `node -e 0`. `npm run bench:plan`; medians of whole processes, milliseconds.
 */
const RUNS = 15;
const AIM = 4;
// Node 20 reads these certificates at every start: no part of a plan's work, and it would flatter the ratio.
delete process.env.NODE_EXTRA_CA_CERTS;

const world = await startWorld();
const { runtime } = world;
fileIn(runtime, 'model/config.json', JSON.stringify(SMALL_MODEL));
fileIn(runtime, 'model/tokenizer_config.json', JSON.stringify({ chat_template: CHAT_TEMPLATE }));
const data = fileIn(runtime, 'chat.jsonl', CHAT_LINES);

const planned = async (...flags: string[]): Promise<void> => {
  const { code, stderr } = await world.run(['plan', ...flags, '--out', 'plan.json']);
  if (code !== 0) throw new Error(stderr);
};
const bareNode = (): Promise<void> =>
  new Promise((resolve, reject) => {
    spawn(process.execPath, ['-e', '0'], { stdio: 'ignore' })
      .on('error', reject)
      .on('close', () => resolve());
  });
const commands: Record<string, () => Promise<void>> = {
  'node -e 0': bareNode,
  'plan, no network': () => planned('--backend', 'local', '--model', 'model', '--dataset', data),
  'plan, all flavors, a Hub on loopback': () => planned(...DEMO_FLAGS),
};

const times = new Map(Object.keys(commands).map((name) => [name, [] as number[]]));
for (let run = -1; run < RUNS; run += 1) {
  for (const [name, command] of Object.entries(commands)) {
    const began = process.hrtime.bigint();
    await command();
    // The first round warms the disk's cache.
    if (run >= 0) times.get(name)?.push(Number(process.hrtime.bigint() - began) / 1e6);
  }
}
await world.close();
exampleRuns();
const began = process.hrtime.bigint();
const searches = exampleRuns().length;
const search = Number(process.hrtime.bigint() - began) / 1e6 / searches;

const median = (values: number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
const bare = median(times.get('node -e 0') ?? []);
console.log(`Node ${process.version}, ${RUNS} runs each, in turns; aim: under ${AIM} x node`);
for (const [name, values] of times) {
  const [middle, low, high] = [median(values), Math.min(...values), Math.max(...values)];
  console.log(
    `${name.padEnd(38)} ${middle.toFixed(0).padStart(5)} ms  (${low.toFixed(0)}-${high.toFixed(0)})  ${(middle / bare).toFixed(2)} x node`,
  );
}
console.log(`of which the search itself ${search.toFixed(1)} ms, ${(search / bare).toFixed(2)} x node`);

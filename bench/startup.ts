import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { testPython } from '../test/support/python.ts';

/**
 * How long an agent waits for the runtime to start, against bare Node and against the official CLI, in one run:
 * the commands take turns, so that a machine that slows down slows all of them. `npm run bench:startup`.
 * Figures are medians of whole processes, milliseconds, and ratios to `node -e 0`.
 */
const RUNS = 15;
const bundle = fileURLToPath(new URL('../skills/hf-llm-trainer/scripts/hf-llm-trainer.mjs', import.meta.url));
const hf = join(dirname(await testPython(['huggingface_hub==2.4.0'])), 'hf');
const home = mkdtempSync(join(tmpdir(), 'bench-'));
// Node 20 reads these certificates at every start: bare Node too, which would flatter the ratio.
delete process.env.NODE_EXTRA_CA_CERTS;
const env = { ...process.env, HF_LLM_TRAINER_HOME: home, HF_HUB_DISABLE_UPDATE_CHECK: '1', HF_HUB_OFFLINE: '1' };

const commands: Record<string, string[]> = {
  'node -e 0': [process.execPath, '-e', '0'],
  'hf-llm-trainer --help': [process.execPath, bundle, '--help'],
  'hf-llm-trainer status': [process.execPath, bundle, 'status'],
  'hf --help': [hf, '--help'],
};

const times = new Map(Object.keys(commands).map((name) => [name, [] as number[]]));
for (let run = -1; run < RUNS; run += 1) {
  for (const [name, [command = '', ...args]] of Object.entries(commands)) {
    const began = process.hrtime.bigint();
    const { error } = spawnSync(command, args, { env, stdio: 'ignore' });
    if (error) throw error;
    // The first round warms the disk's cache.
    if (run >= 0) times.get(name)?.push(Number(process.hrtime.bigint() - began) / 1e6);
  }
}
rmSync(home, { recursive: true });

const median = (values: number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
const bare = median(times.get('node -e 0') ?? []);
console.log(
  `Node ${process.version}, ${RUNS} runs each, in turns; bundle ${(statSync(bundle).size / 1e6).toFixed(2)} MB`,
);
for (const [name, values] of times) {
  const [middle, low, high] = [median(values), Math.min(...values), Math.max(...values)];
  console.log(
    `${name.padEnd(24)} ${middle.toFixed(0).padStart(5)} ms  (${low.toFixed(0)}-${high.toFixed(0)})  ${(middle / bare).toFixed(2)} x node`,
  );
}

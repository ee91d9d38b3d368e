import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { hubSource } from '../scripts/dataset/hub-source.ts';
import { hubFromEnvironment } from '../scripts/hub/client.ts';
import { startHub } from '../test/hub/server.ts';
import { testPython } from '../test/support/python.ts';

/**
 * How long the sampled check of a Hub dataset waits for the network: requests, and how deep they depend on each
 * other, with 100 ms before every answer, in turns with `datasets` streaming as many first rows of the same files.
 * Depth is counted, not timed: a request is one deeper than the deepest that was answered before it was made.
 * `npm run bench:validate-hub`. Medians of whole reads.
 */
const LATENCY_MS = 100;
const RUNS = 5;
const ID = 'o/bench';

const python = await testPython(['huggingface_hub==2.4.0', 'datasets==5.2.0']);
const peer = fileURLToPath(new URL('validate_hub_peer.py', import.meta.url));
const hub = await startHub({ latencyMs: LATENCY_MS });
const shard = readFileSync(new URL('../test/dataset/fixtures/groups.parquet', import.meta.url));
const line = (n: number): string =>
  `${JSON.stringify({
    messages: [
      { role: 'user', content: `question ${n}` },
      { role: 'assistant', content: 'answer '.repeat(40) },
    ],
  })}\n`;
const lines = Array.from({ length: 30_000 }, (_, n) => line(n)).join('');
const viewer = { status: 500, code: 'ResponseNotReady', error: 'not ready yet' };

const cases = {
  'through the viewer': { files: { 'train.jsonl': lines } },
  'viewer not ready, 11 MB jsonl': { files: { 'train.jsonl': lines }, viewer },
  'viewer not ready, one parquet': { files: { 'data/train-00000-of-00001.parquet': shard }, viewer },
  'viewer not ready, 8 parquet shards': {
    files: Object.fromEntries(
      Array.from({ length: 8 }, (_, n) => [`data/train-0000${n}-of-00008.parquet`, shard] as const),
    ),
    viewer,
  },
};

interface Reading {
  seconds: number;
  requests: number;
  depth: number;
  rows: number;
  megabytes: number;
}

for (const [index, seed] of Object.values(cases).entries()) {
  await hub.addRepo({ type: 'dataset', id: `${ID}-${index}`, ...seed });
}
const readings = new Map<string, { ours: Reading[]; datasets: number[] }>();
for (let run = -1; run < RUNS; run += 1) {
  for (const [index, name] of Object.keys(cases).entries()) {
    const ours = await read(`${ID}-${index}`);
    const streamed = await stream(`${ID}-${index}`, ours.rows);
    // The first round warms both.
    if (run < 0) continue;
    const entry = readings.get(name) ?? { ours: [], datasets: [] };
    entry.ours.push(ours);
    entry.datasets.push(streamed);
    readings.set(name, entry);
  }
}
await hub.close();

console.log(`Node ${process.version}, ${LATENCY_MS} ms before every answer, ${RUNS} runs each, in turns\n`);
console.log(`${''.padEnd(36)} requests  hops   rows     MB  seconds  datasets streaming, first rows`);
for (const [name, { ours, datasets }] of readings) {
  const last = ours.at(-1);
  const figures = [last?.requests, last?.depth, last?.rows, last?.megabytes.toFixed(1)].map((each, at) =>
    String(each).padStart([8, 6, 7, 7][at] ?? 0),
  );
  const seconds = median(ours.map((each) => each.seconds));
  console.log(
    `${name.padEnd(36)} ${figures.join('')} ${seconds.toFixed(2).padStart(8)}  ${median(datasets).toFixed(2)}`,
  );
}

/** The rows of a sample. A status that is tried again is answered at once here: pauses between tries are not the network. */
async function read(id: string): Promise<Reading> {
  let depth = 0;
  let bytes = 0;
  let requests = 0;
  const counting: typeof fetch = async (input, init) => {
    requests += 1;
    const own = depth + 1;
    const response = await fetch(input, init);
    // A redirect is two hops.
    const hops = own + (response.redirected ? 1 : 0);
    requests += response.redirected ? 1 : 0;
    depth = Math.max(depth, hops);
    bytes += Number(response.headers.get('content-length') ?? 0);
    return response;
  };
  const own = { ...hubFromEnvironment({ ...hub.environment(), HF_TOKEN_PATH: '/nowhere' }), fetch: counting };
  const request = { id, revision: null, config: undefined, split: undefined, full: false, viewer: {} };
  const began = performance.now();
  const source = await hubSource(own, request);
  let rows = 0;
  for await (const _ of source.rows()) rows += 1;
  return { seconds: (performance.now() - began) / 1000, requests, depth, rows, megabytes: bytes / 1e6 };
}

/** Seconds of `load_dataset(streaming=True)` and that many rows, the import left out. */
async function stream(id: string, rows: number): Promise<number> {
  const home = mkdtempSync(join(tmpdir(), 'bench-'));
  try {
    const { stdout } = await promisify(execFile)(python, [peer, id, String(rows)], {
      env: { PATH: process.env.PATH, HOME: home, HF_HOME: home, ...hub.environment() },
    });
    return Number(stdout);
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

function median(values: number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

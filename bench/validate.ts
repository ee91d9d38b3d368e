import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleRuntime } from '../build/bundle.ts';
import { readPack } from '../build/pack.ts';
import { testPython } from '../test/support/python.ts';

/**
 * Rows per second of `validate` on every row of local files, beside Python: `datasets` iterating the rows with the same
 * checks, and pyarrow merely reading the column. In turns, so that a machine that slows down slows all of them; medians.
 * Ours is the whole process, with its start and the hash of the files; Python's is without its imports.
 * `npm run bench:validate [-- --rows 1000000 --runs 3]`: about 1 GB a million rows, in a temporary folder.
 */
const flag = (name: string, usual: number): number => {
  const at = process.argv.indexOf(`--${name}`);
  return at === -1 ? usual : Number(process.argv[at + 1]);
};
const ROWS = flag('rows', 1_000_000);
const RUNS = flag('runs', 3);
const root = fileURLToPath(new URL('..', import.meta.url));
const peers = fileURLToPath(new URL('validate_peers.py', import.meta.url));
const python = await testPython(['datasets==5.2.0']);
const folder = mkdtempSync(join(tmpdir(), 'bench-'));
const runtime = join(folder, 'hf-llm-trainer.mjs');
writeFileSync(runtime, (await bundleRuntime(root, readPack(root))).code);
/** Says at the end how much memory and processor time it took, its threads' included. */
const meter = `data:text/javascript,process.on('exit',()=>{
  const {maxRSS,userCPUTime,systemCPUTime}=process.resourceUsage();
  process.stderr.write('used '+maxRSS/1024+' '+(userCPUTime+systemCPUTime)/1e6+'\\n')})`;
const env = {
  ...process.env,
  HF_LLM_TRAINER_HOME: join(folder, 'home'),
  HF_HOME: join(folder, 'hf'),
  HF_HUB_OFFLINE: '1',
  HF_DATASETS_DISABLE_PROGRESS_BARS: '1',
};

interface Reading {
  rows: number;
  seconds: number;
  /** Of all cores: what others do on the machine changes it less than the clock. */
  cpu_seconds: number;
  megabytes: number;
}

function run(command: string, args: string[]): { stdout: string; stderr: string; seconds: number } {
  const began = process.hrtime.bigint();
  const { status, stdout, stderr, error } = spawnSync(command, args, { env, encoding: 'utf8', maxBuffer: 1 << 28 });
  const seconds = Number(process.hrtime.bigint() - began) / 1e9;
  if (error || status !== 0) throw error ?? new Error(`${args.join(' ')}: ${status}\n${stdout}${stderr}`);
  return { stdout, stderr, seconds };
}

function ours(file: string): Reading {
  const args = ['--import', meter, runtime, 'validate', file, '--method', 'sft', '--json'];
  const { stdout, stderr, seconds } = run(process.execPath, args);
  // Threads say it, too, of the whole process; the last word has all of it.
  const used = [...stderr.matchAll(/used (\S+) (\S+)/g)].map(
    ([, memory, cpu]) => [Number(memory), Number(cpu)] as const,
  );
  return {
    rows: JSON.parse(stdout).rows_seen,
    seconds,
    cpu_seconds: Math.max(...used.map(([, cpu]) => cpu)),
    megabytes: Math.max(...used.map(([memory]) => memory)),
  };
}

const theirs = (task: string, file: string): Reading => JSON.parse(run(python, [peers, task, file]).stdout);

const READERS: Record<string, (file: string) => Reading> = {
  'hf-llm-trainer validate': ours,
  'datasets, rows checked': (file) => theirs('checked', file),
  'pyarrow, columns read': (file) => theirs('columns', file),
};
const LAYOUTS = { 'many row groups': 'many.parquet', 'one row group': 'one.parquet', jsonl: 'lines.jsonl' };
const median = (values: number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

console.log(`Node ${process.version}, ${availableParallelism()} cores, ${RUNS} runs each, in turns`);
try {
  for (const rows of [ROWS / 10, ROWS]) {
    const data = join(folder, String(rows));
    mkdirSync(data);
    run(python, [peers, 'make', data, String(rows)]);
    for (const [layout, name] of Object.entries(LAYOUTS)) {
      const file = join(data, name);
      const readings = new Map(Object.keys(READERS).map((reader) => [reader, [] as Reading[]]));
      for (let turn = 0; turn < RUNS; turn += 1) {
        for (const [reader, read] of Object.entries(READERS)) {
          const reading = read(file);
          if (reading.rows !== rows) throw new Error(`${reader} saw ${reading.rows} of ${rows} rows`);
          readings.get(reader)?.push(reading);
        }
      }
      console.log(`\n${rows.toLocaleString('en')} rows, ${layout}, ${(statSync(file).size / 1e6).toFixed(0)} MB`);
      const own = median((readings.get('hf-llm-trainer validate') ?? []).map(({ seconds }) => seconds));
      for (const [reader, list] of readings) {
        const seconds = median(list.map((reading) => reading.seconds));
        const cpu = median(list.map((reading) => reading.cpu_seconds));
        const peak = median(list.map(({ megabytes }) => megabytes));
        console.log(
          `${reader.padEnd(24)} ${seconds.toFixed(2).padStart(7)} s  ${Math.round(rows / seconds)
            .toLocaleString('en')
            .padStart(
              10,
            )} rows/s  ${(seconds / own).toFixed(2).padStart(5)} x  ${cpu.toFixed(1).padStart(6)} s of CPU  peak ${peak.toFixed(0).padStart(5)} MB`,
        );
      }
    }
  }
} finally {
  rmSync(folder, { recursive: true });
}

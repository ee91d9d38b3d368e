import { existsSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { dirname } from 'node:path';
import { type Run, run } from './run.ts';

/** This machine as something to train on. */
export interface Machine {
  kind: 'cpu' | 'cuda' | 'mps';
  /** For people: `NVIDIA L4`, `Apple M3 Pro`, the processor's name. */
  label: string;
  /** Of the smallest accelerator, GiB; null without one. */
  gpu_memory_gib: number | null;
  gpus: number;
  /** The least of its GPUs, as NVIDIA counts it (7.5 is Turing, 8 Ampere); null where the driver doesn't tell. */
  compute_capability: number | null;
  /** What this process may use: a container's limit where there is one. */
  ram_gib: number;
  /** Free on the disk of the state folder; null where the system doesn't tell. */
  disk_gib: number | null;
  cpus: number;
}

const GIB = 2 ** 30;

/**
 * The share of Apple silicon's unified memory that Metal lets one process have: Metal's own
 * `recommendedMaxWorkingSetSize` is about two thirds on machines up to 36 GB, three quarters above.
 */
const METAL_SHARE = 2 / 3;

export async function thisMachine(params: { home: string; env: NodeJS.ProcessEnv; run?: Run }): Promise<Machine> {
  const ram = Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY);
  const common = { ram_gib: round(ram / GIB), disk_gib: await freeDisk(params.home), cpus: availableParallelism() };
  const processor = cpus()[0]?.model.trim() || process.arch;
  const gpus = await nvidiaGpus(params.env, params.run ?? run);
  const [first] = gpus;
  if (first) {
    const memory = Math.min(...gpus.map((gpu) => gpu.memory_gib));
    const compute_capability = await computeCapability(gpus, params.env, params.run ?? run);
    return {
      ...{ kind: 'cuda', label: first.name, gpu_memory_gib: memory, gpus: gpus.length, compute_capability },
      ...common,
    };
  }
  if (process.platform === 'darwin' && process.arch === 'arm64') {
    return {
      kind: 'mps',
      label: processor,
      gpu_memory_gib: round((ram / GIB) * METAL_SHARE),
      gpus: 1,
      compute_capability: null,
      ...common,
    };
  }
  return { kind: 'cpu', label: processor, gpu_memory_gib: null, gpus: 0, compute_capability: null, ...common };
}

interface NvidiaGpu {
  uuid: string;
  name: string;
  memory_gib: number;
}

/** Asked for by itself: drivers before 510 refuse a query that names it. */
async function computeCapability(
  gpus: readonly NvidiaGpu[],
  env: NodeJS.ProcessEnv,
  spawn: Run,
): Promise<number | null> {
  const query = ['--query-gpu=uuid,compute_cap', '--format=csv,noheader,nounits'];
  const asked = await spawn('nvidia-smi', query, { env });
  if (asked.code !== 0) return null;
  const rows = asked.stdout.split(/\r?\n/).map((line) => line.split(',').map((part) => part.trim()));
  const found = gpus.map(({ uuid }) => Number(rows.find(([id]) => id === uuid)?.[1] ?? Number.NaN));
  const least = Math.min(...found);
  return least > 0 ? least : null;
}

/** What `nvidia-smi` lists, less what CUDA_VISIBLE_DEVICES hides. None where the driver doesn't answer. */
async function nvidiaGpus(env: NodeJS.ProcessEnv, spawn: Run): Promise<NvidiaGpu[]> {
  const query = ['--query-gpu=index,uuid,name,memory.total', '--format=csv,noheader,nounits'];
  const asked = await spawn('nvidia-smi', query, { env });
  return asked.code === 0 ? parseNvidiaSmi(asked.stdout, env.CUDA_VISIBLE_DEVICES) : [];
}

/** Lines `index, uuid, name, MiB`. As in CUDA, a device that doesn't exist hides itself and all after it. */
export function parseNvidiaSmi(listing: string, visible: string | undefined): NvidiaGpu[] {
  const gpus = listing.split(/\r?\n/).flatMap((line) => {
    const [index = '', uuid = '', name = '', memory = ''] = line.split(',').map((part) => part.trim());
    const mib = Number(memory);
    return name && mib > 0 ? [{ index, uuid, name, memory_gib: round(mib / 1024) }] : [];
  });
  if (visible === undefined) return gpus;
  const chosen: typeof gpus = [];
  for (const wanted of visible.split(',').map((part) => part.trim())) {
    const gpu = gpus.find((one) => one.index === wanted || (wanted.startsWith('GPU-') && one.uuid.startsWith(wanted)));
    if (!gpu) break;
    chosen.push(gpu);
  }
  return chosen;
}

/** GiB free for a folder; where it doesn't exist yet, for its nearest parent that does. Null if it can't be told. */
export async function freeDisk(folder: string): Promise<number | null> {
  let there = folder;
  while (!existsSync(there) && dirname(there) !== there) there = dirname(there);
  try {
    const { bavail, bsize } = await statfs(there);
    return round((bavail * bsize) / GIB);
  } catch {
    return null;
  }
}

const round = (gib: number): number => Math.round(gib * 10) / 10;

import * as z from 'zod';
import { TrainerError } from '../../errors.ts';
import { hubCall } from '../../hub/api-error.ts';
import type { Hub } from '../../hub/client.ts';
import type { Flavor } from '../../plan/flavor.ts';
import { preview } from '../../printable.ts';
import { type LeftOut, leftOutNotes } from './left-out.ts';

export interface Catalogue {
  flavors: Flavor[];
  leftOut: LeftOut[];
}

/**
 * The hardware that Hugging Face Jobs offers now, with its prices. A flavor whose figures can't be read for
 * certain, or on which the scripts can't train, is left out: better no offer than a wrong one. `limit_ms`: for the
 * whole answer, all tries together. Throws TrainerError `network`, whatever is wrong with the answer.
 */
export async function readCatalogue(hub: Hub, limit_ms?: number): Promise<Catalogue> {
  const answer = await ask(hub, limit_ms);
  const flavors: Flavor[] = [];
  const leftOut: LeftOut[] = [];
  for (const item of Array.isArray(answer) ? answer : []) {
    const flavor = readFlavor(item);
    if ('why' in flavor) leftOut.push(flavor);
    else flavors.push(flavor);
  }
  if (flavors.length > 0) return { flavors, leftOut };
  const why = leftOutNotes(leftOut)[0] ?? 'the answer is no list of flavors';
  throw new TrainerError(
    'network',
    'bad_catalogue',
    `the hardware catalogue of ${hub.endpoint} is not understood: ${why}`,
    'Try again in a minute, and check HF_ENDPOINT; a proxy may have answered.',
  );
}

/** The answer as it came; null where it is not JSON. */
async function ask(hub: Hub, limit_ms: number | undefined): Promise<unknown> {
  const late = new AbortController();
  const timer = limit_ms === undefined ? undefined : setTimeout(() => late.abort(), limit_ms);
  const fetch: Hub['fetch'] = (input, init) => hub.fetch(input, { ...init, signal: late.signal });
  try {
    // Public: an invalid token must not be in the way.
    return await hubCall(hub, 'the hardware catalogue', async () =>
      (await import('@huggingface/hub')).listJobHardware({ hubUrl: hub.endpoint, fetch }),
    );
  } catch (error) {
    if (late.signal.aborted)
      throw unread(`${hub.endpoint} gave no hardware catalogue within ${(limit_ms ?? 0) / 1000} s`, error);
    if (error instanceof SyntaxError) return null;
    // Nothing that was asked for is wrong where this endpoint has no catalogue, or wants a token for it.
    if (error instanceof TrainerError) throw error.kind === 'network' ? error : unread(error.message, error);
    // An answer that breaks off, as undici tells it.
    if (error instanceof TypeError && error.cause)
      throw unread(`the hardware catalogue of ${hub.endpoint} broke off`, error);
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

const unread = (message: string, cause: unknown): TrainerError =>
  new TrainerError('network', 'no_catalogue', message, 'Try again in a minute, and check HF_ENDPOINT.', { cause });

const Item = z.object({
  name: z.string().regex(/^[\w.-]{1,64}$/),
  prettyName: z.string().nullish(),
  cpu: z.string(),
  ram: z.string(),
  ephemeralStorage: z.string().nullish(),
  accelerator: z
    .object({
      type: z.string(),
      model: z.string(),
      quantity: z.coerce.number().int().positive(),
      /** Of all of them together. */
      vram: z.string(),
      manufacturer: z.string().nullish(),
    })
    .nullish(),
  unitCostMicroUSD: z.number().nullish(),
  unitCostUSD: z.number().nullish(),
  unitLabel: z.string(),
});

/** The flavor, or why it is left out. Exported for its table of cases. */
export function readFlavor(item: unknown): Flavor | LeftOut {
  const parsed = Item.safeParse(item);
  if (!parsed.success) return unreadable(item, parsed.error);
  const { name, prettyName, cpu, ram, ephemeralStorage, accelerator, unitLabel } = parsed.data;
  const leftOut = (why: string): LeftOut => ({ name, why: preview(why, 120) });

  if (unitLabel !== 'minute') return leftOut(`its price is for a "${unitLabel}", not for a minute`);
  const usd_per_hour = hourlyPrice(parsed.data);
  if (usd_per_hour === null) return leftOut('its price is missing, zero, or says two things');
  const cpus = /^(\d+)\s*vCPU/i.exec(cpu)?.[1];
  const ram_gib = gigabytes(ram);
  if (!cpus || ram_gib === null) return leftOut(`its size "${cpu}, ${ram}" is not understood`);
  const label = prettyName ? preview(prettyName) : name;
  const disk_gib = ephemeralStorage ? gigabytes(ephemeralStorage) : null;
  const machine = { name, label, cpus: Number(cpus), ram_gib, disk_gib, usd_per_hour };

  if (!accelerator) return { ...machine, accelerator: null, accelerators: 0, gpu_memory_gib: null };
  const { type, quantity, model, vram, manufacturer } = accelerator;
  if (type !== 'gpu') return leftOut(`its accelerator is a ${type}, not a GPU`);
  // The packages that a job installs are built for CUDA.
  if (!/nvidia/i.test(manufacturer || `${prettyName} ${model}`)) {
    return leftOut(`its ${model} is of ${manufacturer || 'an unknown maker'}, and the scripts train on GPUs of NVIDIA`);
  }
  const memory = gigabytes(vram);
  if (memory === null) return leftOut(`its GPU memory "${vram}" is not understood`);
  return { ...machine, accelerator: preview(model), accelerators: quantity, gpu_memory_gib: memory / quantity };
}

/** By the first field that is not as it should be. */
function unreadable(item: unknown, { issues: [issue] }: z.ZodError): LeftOut {
  const named = Item.pick({ name: true }).safeParse(item);
  const field = issue?.path.join('.') ?? '';
  const why = field === '' ? 'it is no object' : `its "${field}" is missing or not as this version knows it`;
  return { name: named.success ? named.data.name : null, why };
}

/** `16 GB`, `3 TB`. The catalogue says GB for what the vendors call 16 GB and 16 GiB alike. */
function gigabytes(text: string): number | null {
  const match = /^([\d.]+)\s*(GB|GiB|TB|TiB)$/i.exec(text.trim());
  const value = Number(match?.[1]) * (/^T/i.test(match?.[2] ?? '') ? 1024 : 1);
  return Number.isFinite(value) && value > 0 ? value : null;
}

/**
 * USD an hour, to a tenth of a cent: the price of a minute is rounded to millionths (0.40 an hour is 6667
 * millionths a minute), and an hour would show that as 0.40002.
 */
function hourlyPrice(item: z.infer<typeof Item>): number | null {
  const micro = item.unitCostMicroUSD ?? (item.unitCostUSD ?? 0) * 1e6;
  const usd = (item.unitCostUSD ?? micro / 1e6) * 1e6;
  if (!(micro > 0) || Math.abs(micro - usd) > Math.max(1, micro * 0.01)) return null;
  return Math.round((micro * 60) / 1e3) / 1e3;
}

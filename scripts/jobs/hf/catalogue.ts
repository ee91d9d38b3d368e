import * as z from 'zod';
import { TrainerError } from '../../errors.ts';
import { hubCall } from '../../hub/api-error.ts';
import type { Hub } from '../../hub/client.ts';
import type { Flavor } from '../../plan/flavor.ts';
import { preview } from '../../printable.ts';

/**
 * The hardware that Hugging Face Jobs offers now, with its prices. A flavor whose figures can't be read for
 * certain is left out and named in `notes`: better no offer than a wrong price.
 * Throws TrainerError `network`.
 */
export async function readCatalogue(hub: Hub): Promise<{ flavors: Flavor[]; notes: string[] }> {
  // Public: an invalid token must not be in the way.
  const answer: unknown = await hubCall(hub, 'the hardware catalogue', async () =>
    (await import('@huggingface/hub')).listJobHardware({ hubUrl: hub.endpoint, fetch: hub.fetch }),
  ).catch((error: unknown) => {
    if (error instanceof SyntaxError) return null; // not JSON
    throw error;
  });
  const flavors: Flavor[] = [];
  const notes: string[] = [];
  for (const item of Array.isArray(answer) ? answer : []) {
    const flavor = readFlavor(item);
    if (typeof flavor === 'string') notes.push(flavor);
    else flavors.push(flavor);
  }
  if (flavors.length > 0) return { flavors, notes };
  throw new TrainerError(
    'network',
    'bad_catalogue',
    `the hardware catalogue of ${hub.endpoint} can't be read${notes[0] ? `: ${notes[0]}` : ''}`,
    'Try again in a minute.',
  );
}

const Item = z.object({
  name: z.string().regex(/^[\w.-]+$/),
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
export function readFlavor(item: unknown): Flavor | string {
  const parsed = Item.safeParse(item);
  if (!parsed.success) return `A flavor of the catalogue is left out: ${z.prettifyError(parsed.error).split('\n')[0]}`;
  const { name, prettyName, cpu, ram, ephemeralStorage, accelerator, unitLabel } = parsed.data;
  const leftOut = (why: string): string => `Flavor ${name} is left out: ${preview(why, 120)}`;

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
  if (accelerator.type !== 'gpu') return leftOut(`its accelerator is a ${accelerator.type}, not a GPU`);
  const memory = gigabytes(accelerator.vram);
  if (memory === null) return leftOut(`its GPU memory "${accelerator.vram}" is not understood`);
  const { quantity, model } = accelerator;
  return { ...machine, accelerator: preview(model), accelerators: quantity, gpu_memory_gib: memory / quantity };
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

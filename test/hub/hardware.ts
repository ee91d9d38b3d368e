import * as z from 'zod';
import catalogue from './hardware.json' with { type: 'json' };

const HardwareSchema = z.object({
  name: z.string(),
  prettyName: z.string(),
  cpu: z.string(),
  ram: z.string(),
  ephemeralStorage: z.string(),
  accelerator: z
    .object({
      type: z.enum(['gpu', 'neuron']),
      model: z.string(),
      quantity: z.string(),
      /** Of all accelerators together. */
      vram: z.string(),
      manufacturer: z.string(),
    })
    .nullable(),
  unitCostMicroUSD: z.number(),
  unitCostUSD: z.number(),
  unitLabel: z.string(),
});

/** One entry of GET /api/jobs/hardware. Its price is for one `unitLabel`: a minute. */
export type Hardware = z.infer<typeof HardwareSchema>;

/** A fresh copy of the catalogue: hardware.json holds its prices of 2026-08. */
export function hardwareCatalogue(): Hardware[] {
  return z.array(HardwareSchema).parse(structuredClone(catalogue));
}

export function setPrice(hardware: Hardware[], flavor: string, usdPerHour: number): void {
  const entry = hardware.find(({ name }) => name === flavor);
  if (!entry) throw new Error(`the catalogue has no ${flavor}`);
  entry.unitCostMicroUSD = Math.round((usdPerHour / 60) * 1e6);
  entry.unitCostUSD = entry.unitCostMicroUSD / 1e6;
}

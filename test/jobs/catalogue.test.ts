import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hubFromEnvironment } from '../../scripts/hub/client.ts';
import { readCatalogue, readFlavor } from '../../scripts/jobs/hf/catalogue.ts';
import { SNAPSHOT } from '../../scripts/planner/snapshot.ts';
import { startHub, type TestHub } from '../hub/server.ts';

const T4 = {
  name: 't4-small',
  prettyName: 'Nvidia T4 - small',
  cpu: '4 vCPU',
  ram: '15 GB',
  ephemeralStorage: '50 GB',
  accelerator: { type: 'gpu', model: 'T4', quantity: '1', vram: '16 GB', manufacturer: 'Nvidia' },
  unitCostMicroUSD: 6667,
  unitCostUSD: 0.006667,
  unitLabel: 'minute',
};
const FLAVOR = {
  name: 't4-small',
  label: 'Nvidia T4 - small',
  accelerator: 'T4',
  accelerators: 1,
  gpu_memory_gib: 16,
  cpus: 4,
  ram_gib: 15,
  disk_gib: 50,
  usd_per_hour: 0.4,
};

describe('a flavor', () => {
  const read: [string, object, object][] = [
    ['as it is', {}, {}],
    ['a CPU', { accelerator: null }, { accelerator: null, accelerators: 0, gpu_memory_gib: null }],
    [
      'four GPUs: memory of one',
      { accelerator: { ...T4.accelerator, quantity: '4', vram: '64 GB' } },
      { accelerators: 4, gpu_memory_gib: 16 },
    ],
    [
      'a quantity as number',
      { accelerator: { ...T4.accelerator, quantity: 2, vram: '32 GB' } },
      { accelerators: 2, gpu_memory_gib: 16 },
    ],
    ['new fields', { color: 'green' }, {}],
    ['a terabyte', { ram: '1.5 TB' }, { ram_gib: 1536 }],
    ['no disk told', { ephemeralStorage: null }, { disk_gib: null }],
    ['a disk not understood', { ephemeralStorage: 'plenty' }, { disk_gib: null }],
    ['no label', { prettyName: undefined }, { label: 't4-small' }],
    ['a price in dollars alone', { unitCostMicroUSD: undefined }, { usd_per_hour: 0.4 }],
    ['a price in millionths alone', { unitCostUSD: undefined }, { usd_per_hour: 0.4 }],
    ['a cent an hour', { unitCostMicroUSD: 167, unitCostUSD: 0.000167 }, { usd_per_hour: 0.01 }],
  ];
  it.each(read)('%s', (_, change, expected) => {
    expect(readFlavor({ ...T4, ...change })).toEqual({ ...FLAVOR, ...expected });
  });

  const leftOut: [string, unknown, string][] = [
    ['an hourly price', { ...T4, unitLabel: 'hour' }, '"hour"'],
    ['no unit', { ...T4, unitLabel: undefined }, 'left out'],
    ['a price of zero', { ...T4, unitCostMicroUSD: 0, unitCostUSD: 0 }, 'price'],
    ['no price', { ...T4, unitCostMicroUSD: undefined, unitCostUSD: undefined }, 'price'],
    ['a negative price', { ...T4, unitCostMicroUSD: -1, unitCostUSD: -0.000001 }, 'price'],
    ['two prices', { ...T4, unitCostUSD: 0.4 }, 'two things'],
    ['GPU memory not understood', { ...T4, accelerator: { ...T4.accelerator, vram: 'lots' } }, 'lots'],
    ['no GPU memory', { ...T4, accelerator: { ...T4.accelerator, vram: '0 GB' } }, '0 GB'],
    ['RAM not understood', { ...T4, ram: '15' }, '"4 vCPU, 15"'],
    ['no GPU but a neuron', { ...T4, accelerator: { ...T4.accelerator, type: 'neuron' } }, 'neuron'],
    ['no quantity', { ...T4, accelerator: { ...T4.accelerator, quantity: '0' } }, 'left out'],
    ['a name that is none', { ...T4, name: 'x; rm -rf /' }, 'left out'],
    ['nothing', null, 'left out'],
  ];
  it.each(leftOut)('with %s is left out, and said', (_, item, why) => {
    const note = readFlavor(item);
    expect(note).toEqual(expect.stringContaining(why));
  });
});

describe('the catalogue', () => {
  let server: TestHub;
  beforeAll(async () => {
    server = await startHub();
  });
  afterAll(() => server.close());
  const hub = () => hubFromEnvironment({ ...server.environment(), HF_TOKEN_PATH: '/nowhere' });

  it('is read whole, without a token, and agrees with the snapshot', async () => {
    const { flavors, notes } = await readCatalogue(hub());
    expect(notes).toEqual([]);
    expect(flavors).toEqual(SNAPSHOT.flavors);
    expect(server.requests.at(-1)).toMatchObject({ path: '/api/jobs/hardware' });
  });

  it('leaves out what it can not read', async () => {
    const odd = {
      ...hub(),
      fetch: (async () => Response.json([T4, { ...T4, name: 'odd', unitLabel: 'second' }])) as typeof fetch,
    };
    expect(await readCatalogue(odd)).toEqual({ flavors: [FLAVOR], notes: [expect.stringContaining('odd')] });
  });

  it.each([
    ['no list', Response.json({})],
    ['an empty list', Response.json([])],
    ['a page', new Response('<html>')],
    ['an error', new Response('no', { status: 500 })],
  ])('%s is an error of the network', async (_, response) => {
    const odd = { ...hub(), fetch: (async () => response) as typeof fetch };
    await expect(readCatalogue(odd)).rejects.toMatchObject({ exitCode: 6 });
  });
});

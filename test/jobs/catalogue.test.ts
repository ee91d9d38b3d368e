import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hubFromEnvironment } from '../../scripts/hub/client.ts';
import { readCatalogue, readFlavor } from '../../scripts/jobs/hf/catalogue.ts';
import { leftOutNotes } from '../../scripts/jobs/hf/left-out.ts';
import { SNAPSHOT } from '../../scripts/planner/hardware/snapshot.ts';
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
const AMD = { type: 'gpu', model: 'MI300X', quantity: '1', vram: '192 GB' };
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
    ['a maker in other letters', { accelerator: { ...T4.accelerator, manufacturer: 'NVIDIA Corporation' } }, {}],
    ['a maker that the label tells', { accelerator: { ...T4.accelerator, manufacturer: null } }, {}],
    [
      'a card of NVIDIA that nobody knows',
      { accelerator: { ...T4.accelerator, model: 'B300', vram: '288 GB' } },
      { accelerator: 'B300', gpu_memory_gib: 288 },
    ],
    ['a cent an hour', { unitCostMicroUSD: 167, unitCostUSD: 0.000167 }, { usd_per_hour: 0.01 }],
  ];
  it.each(read)('%s', (_, change, expected) => {
    expect(readFlavor({ ...T4, ...change })).toEqual({ ...FLAVOR, ...expected });
  });

  const leftOut: [string, unknown, string][] = [
    ['an hourly price', { ...T4, unitLabel: 'hour' }, '"hour"'],
    ['no unit', { ...T4, unitLabel: undefined }, 'its "unitLabel" is missing'],
    ['a price of zero', { ...T4, unitCostMicroUSD: 0, unitCostUSD: 0 }, 'price'],
    ['no price', { ...T4, unitCostMicroUSD: undefined, unitCostUSD: undefined }, 'price'],
    ['a negative price', { ...T4, unitCostMicroUSD: -1, unitCostUSD: -0.000001 }, 'price'],
    ['two prices', { ...T4, unitCostUSD: 0.4 }, 'two things'],
    ['GPU memory not understood', { ...T4, accelerator: { ...T4.accelerator, vram: 'lots' } }, 'lots'],
    ['no GPU memory', { ...T4, accelerator: { ...T4.accelerator, vram: '0 GB' } }, '0 GB'],
    ['RAM not understood', { ...T4, ram: '15' }, '"4 vCPU, 15"'],
    ['no GPU but a neuron', { ...T4, accelerator: { ...T4.accelerator, type: 'neuron' } }, 'neuron'],
    [
      'no quantity',
      { ...T4, accelerator: { ...T4.accelerator, quantity: '0' } },
      '"accelerator.quantity" is missing or not as',
    ],
    ['a GPU of AMD', { ...T4, accelerator: { ...AMD, manufacturer: 'AMD' } }, 'its MI300X is of AMD'],
    ['a GPU of nobody', { ...T4, prettyName: null, accelerator: { ...AMD } }, 'its MI300X is of an unknown maker'],
    ['a GPU of an empty maker', { ...T4, prettyName: 'x', accelerator: { ...AMD, manufacturer: '' } }, 'unknown maker'],
    ['a name that is none', { ...T4, name: 'x; rm -rf /' }, 'its "name" is'],
    ['nothing', null, 'it is no object'],
  ];
  it.each(leftOut)('with %s is left out, and said', (_, item, why) => {
    expect(readFlavor(item)).toMatchObject({ why: expect.stringContaining(why) });
  });

  it('is named where it has a name that can be shown', () => {
    expect(readFlavor({ ...T4, cpu: 4 })).toEqual({
      name: 't4-small',
      why: 'its "cpu" is missing or not as this version knows it',
    });
    expect(readFlavor({ ...T4, name: '<b>' })).toMatchObject({ name: null });
  });

  it('is told with the others of the same reason', () => {
    const why = 'its price is missing';
    const nine = Array.from({ length: 9 }, (_, n) => ({ name: `f${n}`, why }));
    expect(leftOutNotes([{ name: 'a', why: 'odd' }, ...nine, { name: null, why: 'nameless' }])).toEqual([
      'Flavor a is left out: odd',
      'Flavors f0, f1, f2, f3, f4, f5 and 3 more are left out: its price is missing',
      'A flavor without a name is left out: nameless',
    ]);
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
    const { flavors, leftOut } = await readCatalogue(hub());
    expect(leftOut).toEqual([]);
    expect(flavors).toEqual(SNAPSHOT.flavors);
    expect(server.requests.at(-1)).toMatchObject({ path: '/api/jobs/hardware' });
  });

  it('leaves out what it can not read', async () => {
    const odd = {
      ...hub(),
      fetch: (async () => Response.json([T4, { ...T4, name: 'odd', unitLabel: 'second' }])) as typeof fetch,
    };
    expect(await readCatalogue(odd)).toEqual({
      flavors: [FLAVOR],
      leftOut: [{ name: 'odd', why: 'its price is for a "second", not for a minute' }],
    });
  });

  it.each<[string, () => Response, string, RegExp]>([
    ['no list', () => Response.json({}), 'bad_catalogue', /is not understood: the answer is no list/],
    ['an empty list', () => Response.json([]), 'bad_catalogue', /no list of flavors/],
    ['a page', () => new Response('<html>'), 'bad_catalogue', /no list of flavors/],
    [
      'nothing that can be used',
      () =>
        Response.json([
          { ...T4, unitLabel: undefined },
          { ...T4, name: 'other', unitLabel: undefined },
        ]),
      'bad_catalogue',
      /not understood: Flavors t4-small, other are left out: its "unitLabel" is missing/,
    ],
    ['an error', () => new Response('no', { status: 500 }), 'hub_error', /HTTP 500/],
    ['no such address', () => new Response('no', { status: 404 }), 'no_catalogue', /does not exist on http/],
    ['a question for a token', () => new Response('no', { status: 401 }), 'no_catalogue', /HTTP 401/],
  ])('%s is an error of the network', async (_, response, code, message) => {
    const odd = { ...hub(), fetch: (async () => response()) as typeof fetch };
    await expect(readCatalogue(odd)).rejects.toMatchObject({
      ...{ exitCode: 6, code },
      message: expect.stringMatching(message),
      hint: expect.not.stringContaining('name'),
    });
  });

  it('is one where the answer breaks off', async () => {
    server.faults.add({ path: /hardware/, mishap: { truncate: 100 } });
    await expect(readCatalogue(hub())).rejects.toMatchObject({
      exitCode: 6,
      message: expect.stringMatching(/broke off/),
    });
    server.faults.clear();
  });

  it('is not waited for longer than one may, in all tries together', async () => {
    server.faults.add({ path: /hardware/, times: 9, mishap: 'hang' });
    const began = performance.now();
    await expect(readCatalogue(hub(), 200)).rejects.toMatchObject({
      ...{ exitCode: 6, code: 'no_catalogue' },
      message: expect.stringMatching(/gave no hardware catalogue within 0\.2 s/),
    });
    expect(performance.now() - began).toBeLessThan(5000);
    server.faults.clear();
  });

  it('gives no answer of its own where somebody else ends the wait', async () => {
    const end = new AbortController();
    const stopping = {
      ...hub(),
      fetch: ((input, init) =>
        hub().fetch(input, {
          ...init,
          signal: AbortSignal.any([end.signal, ...(init?.signal ? [init.signal] : [])]),
        })) as typeof fetch,
    };
    server.faults.add({ path: /hardware/, times: 9, mishap: 'hang' });
    const asked = readCatalogue(stopping, 10_000);
    end.abort(new Error('Ctrl-C'));
    await expect(asked).rejects.toThrow('Ctrl-C');
    server.faults.clear();
  });
});

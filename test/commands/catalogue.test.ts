import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { noGpuLeft, unknownFlavor, withLeftOut } from '../../scripts/commands/flavor-errors.ts';
import { catalogue } from '../../scripts/commands/prices.ts';
import { TrainerError } from '../../scripts/errors.ts';
import { SNAPSHOT } from '../../scripts/planner/hardware/snapshot.ts';
import { type Hardware, hardwareCatalogue } from '../hub/hardware.ts';
import { DEMO_FLAGS, startWorld, unwrapped, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterEach(() => world.hub.faults.clear());
afterAll(() => world.close());

const answers = (status: number, body: string): void =>
  world.hub.faults.add({ path: /jobs\/hardware/, times: 9, mishap: { status, body } });
/** Plans for the demo's model and data, or for what the flags say, where the catalogue is this one. */
const planned = (hardware: object[], ...flags: string[]) => {
  answers(200, JSON.stringify(hardware));
  return world.here.json(['plan', ...DEMO_FLAGS, ...flags]);
};
const H200 = hardwareCatalogue().find(({ name }) => name === 'h200') as Hardware;
type Gpu = NonNullable<Hardware['accelerator']>;
/** A card, cheaper than all others. */
const card = (name: string, about: Partial<Gpu>): Hardware => ({
  ...H200,
  ...{ name, prettyName: name, unitCostMicroUSD: 167, unitCostUSD: 0.000167 },
  accelerator: { ...(H200.accelerator as Gpu), ...about },
});

describe('a card that the scripts can not train on', () => {
  const amd = card('mi300x', { model: 'MI300X', vram: '192 GB', manufacturer: 'AMD' });

  it('is not planned with, however cheap, and the card says so', async () => {
    const { value } = await planned([...hardwareCatalogue(), amd]);
    expect(value.plan.hardware.flavor).toBe('t4-small');
    expect(JSON.stringify(value.plan.alternatives)).not.toContain('mi300x');
    expect(unwrapped(value.card)).toMatch(
      /Flavor mi300x is left out: its MI300X is of AMD, and the scripts train on GPUs of NVIDIA/,
    );
  });

  it('is refused where it is asked for', async () => {
    const { code, value } = await planned([...hardwareCatalogue(), amd], '--flavor', 'mi300x', '--lora', 'qlora');
    expect(code).toBe(2);
    expect(value.error).toMatchObject({
      code: 'flavor_left_out',
      message: expect.stringMatching(/mi300x can't be planned with: its MI300X is of AMD/),
    });
  });
});

it('a card of NVIDIA that nobody knows is planned with, and what is guessed is said', async () => {
  const all = [...hardwareCatalogue(), card('b300', { model: 'B300', vram: '288 GB' })];
  const { value } = await planned(all, '--flavor', 'b300');
  expect(value.plan.hardware).toMatchObject({ flavor: 'b300', gpu_memory_gib: 288 });
  expect(unwrapped(value.card)).toMatch(
    /doesn't know the card B300: its speed, and so the time and the cost, is a guess; that it/,
  );
  world.hub.faults.clear();
  expect((await planned(all, '--flavor', 'h200')).value.card).not.toMatch(/doesn't know the card/);
});

describe('the reason for the hardware', () => {
  it.each([[], ['--max-cost', '500']])('names no budget that changed nothing: %s %s', async (...flags) => {
    const { value } = await planned(hardwareCatalogue(), '--model', 'Qwen/Qwen3-8B', ...flags);
    expect(value).not.toHaveProperty('error');
    expect(JSON.stringify(value.plan.why)).not.toMatch(/max-cost|budget/);
  });
});

describe('what is left out', () => {
  it('is no flavor that does not exist', async () => {
    const [first, ...rest] = hardwareCatalogue().map((one) =>
      one.name === 'l40sx1' ? { ...one, unitLabel: 'hour' } : one,
    );
    const { code, value } = await planned([...rest, first as object], '--flavor', 'l40sx1');
    expect({ code, error: value.error.message }).toEqual({
      code: 2,
      error: 'flavor l40sx1 can\'t be planned with: its price is for a "hour", not for a minute',
    });
  });

  it('is told where nothing else fits', async () => {
    const small = hardwareCatalogue().map((one) =>
      /^(t4|cpu)/.test(one.name) || !one.accelerator
        ? one
        : { ...one, accelerator: { ...one.accelerator, vram: 'lots' } },
    );
    const { code, value } = await planned(small, '--model', 'Qwen/Qwen3-8B', '--lora', 'off');
    expect({ code, error: value.error.code }).toEqual({ code: 2, error: 'nothing_fits' });
    expect(value.error.hint).toMatch(
      /^Flavors l4x1, .* and \d+ more are left out: its GPU memory "lots" is not understood\. /,
    );
  });

  it.each<[string, string[], RegExp]>([
    [
      'does not fit, beside those that would do',
      ['--model', 'Qwen/Qwen3-8B', '--lora', 'off', '--flavor', 'a10g-small'],
      /^Flavor mi300x is left out: its MI300X is of AMD.*NVIDIA\. What would fit: .*--flavor /,
    ],
    [
      'costs more than the cap',
      ['--flavor', 'h200x8', '--max-cost', '0.5'],
      /^Flavor mi300x is left out: .*\. On --flavor t4-small it could bill/,
    ],
    ['is left out itself', ['--flavor', 'b300'], /^Flavor mi300x is left out: [^:]*\. There are: cpu-basic, /],
  ])('is told where the flavor that was asked for %s', async (_, flags, hint) => {
    const others = [card('mi300x', { model: 'MI300X', manufacturer: 'AMD' }), card('b300', { vram: 'lots' })];
    const some = flags.includes('b300') ? others : others.slice(0, 1);
    const { value } = await planned([...hardwareCatalogue(), ...some], ...flags);
    expect(value.error.hint).toMatch(hint);
  });

  it('is no reason for a smaller model where it is every GPU', async () => {
    const none = hardwareCatalogue().map((one) =>
      one.accelerator ? { ...one, accelerator: { ...one.accelerator, vram: 'lots' } } : one,
    );
    const { code, value } = await planned(none);
    expect(code).toBe(6);
    expect(value.error).toMatchObject({
      code: 'no_gpu_readable',
      message: expect.stringMatching(/Flavors t4-small, .* left out: its GPU memory "lots"/),
      hint: expect.not.stringMatching(/smaller/),
    });
  });
});

describe('the errors', () => {
  const flavors = SNAPSHOT.flavors;
  const leftOut = [{ name: 'b300', why: 'its price is missing' }];
  it.each<[string, string]>([
    ['H200', '; near: h200, h200x2, h200x4, h200x8'],
    ['T4-small', '; near: t4-small'],
    ['a100', '; near: a100-large, a100x4, a100x8'],
    ['l4x', '; near: l4x1, l4x4'],
    ['B300x', '; near: b300'],
    ['a', '; near: a10g-small, a10g-large, a10g-largex2, a10g-largex4, a100-large'],
    ['warp-drive', ''],
    ['', ''],
  ])('of flavor "%s" names what is near', (name, near) => {
    const error = unknownFlavor(name, { flavors, leftOut });
    expect(error).toMatchObject({ kind: 'usage', code: 'unknown_flavor' });
    expect(error.message).toBe(`there is no flavor "${name}"${near}`);
    expect(error.hint).toMatch(/^Flavor b300 is left out: its price is missing\. There are: cpu-basic, .*h200x8/);
  });

  it('are as they were where nothing is left out', () => {
    const error = new TrainerError('usage', 'any', 'wrong', 'Mend it.');
    expect(withLeftOut(error, [])).toBe(error);
    expect(withLeftOut(error, leftOut)).toMatchObject({
      ...{ kind: 'usage', code: 'any', message: 'wrong' },
      hint: 'Flavor b300 is left out: its price is missing. Mend it.',
    });
    expect(noGpuLeft(leftOut).message).toMatch(/b300 is left out: its price is missing$/);
  });
});

describe('a catalogue that is of no use', () => {
  it.each<[string, number, string, RegExp]>([
    ['does not exist', 404, 'not here', /those of [0-9-]+: the hardware catalogue does not exist on http/],
    ['wants a token', 401, 'no', /those of [0-9-]+: no access to the hardware catalogue/],
    ['is no catalogue', 200, '<html>', /is not understood: the answer is no list of flavors/],
    [
      'is another catalogue',
      200,
      '[{"name": "t4-small", "price": 3}]',
      /Flavor t4-small is left out: its "cpu" is miss/,
    ],
  ])('that %s: planned by the dated snapshot, and the card says why', async (_, status, body, why) => {
    answers(status, body);
    const { code, value } = await world.here.json(['plan', ...DEMO_FLAGS]);
    expect({ code, error: value.error }).toEqual({ code: 0, error: undefined });
    expect(value.estimate).toMatchObject({ price_source: 'snapshot', price_as_of: SNAPSHOT.as_of });
    expect(value.card).toMatch(/price of \d{4}-\d\d, without the live catalogue/);
    expect(unwrapped(value.card)).toMatch(why);
    expect(value.card).not.toMatch(/✖|Invalid input|could not be reached|Check the name/);
    // Nothing is bought at such a price.
    const { code: refused, value: submitted } = await world.here.json([
      'submit',
      value.path,
      '--approve',
      value.digest,
    ]);
    expect({ code: refused, error: submitted.error.code }).toEqual({ code: 4, error: 'price_unknown' });
  });

  it('that never comes is waited for some seconds', async () => {
    vi.useFakeTimers();
    try {
      const never: typeof fetch = (_, init) =>
        new Promise((_resolve, reject) => {
          init?.signal?.addEventListener('abort', () => reject(init.signal?.reason));
        });
      const hub = { endpoint: 'https://hub.example', datasetsServer: '', token: null, fetch: never };
      const priced = catalogue({ hub, now: () => new Date() });
      await vi.dynamicImportSettled();
      await vi.advanceTimersByTimeAsync(15_000);
      expect(await priced).toMatchObject({
        ...{ flavors: SNAPSHOT.flavors, leftOut: [] },
        price: { source: 'snapshot', as_of: SNAPSHOT.as_of },
        notes: [
          expect.stringMatching(/: https:\/\/hub\.example gave no hardware catalogue within 12 s\. submit reads/),
        ],
      });
    } finally {
      vi.useRealTimers();
    }
  });
});

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fakeModel } from '../hub/fake-model.ts';
import { CHAT_LINES, CHAT_TEMPLATE, DEMO_FLAGS, fileIn, SMALL_MODEL, startWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
}, 60_000);
afterAll(() => world.close());

const planned = (...flags: string[]) => world.here.json(['plan', ...DEMO_FLAGS, ...flags]);

describe('a recipe that is asked for', () => {
  it('has the rank that --set gives, as an adapter', async () => {
    const { value } = await planned('--set', 'lora_r=8');
    expect(value.plan.recipe).toMatchObject({ mode: 'lora', lora: { r: 8, lora_alpha: 32 } });
    expect(value.plan.recipe.training_args).not.toHaveProperty('lora_r');
    expect(value.card).toMatch(/LoRA: its rank or the like was asked for\n/);
    expect(value.card).toMatch(/rank 8: asked for\n/);
  });

  it('keeps what an old name of transformers says', async () => {
    const { value } = await planned('--set', 'gradient_checkpointing=true');
    expect(value.plan.recipe.training_args).toMatchObject({ activation_checkpointing: true });
    expect(value.plan.recipe.training_args).not.toHaveProperty('gradient_checkpointing');
  });

  it('is the full run, where --examples asks for all rows', async () => {
    const [{ value: all }, { value: full }] = [await planned('--examples', '999'), await planned()];
    expect(all.card).toMatch(/--examples 999: that is all of the data \(rows: 60\), so it is the full run/);
    expect(all.plan.dataset).toEqual(full.plan.dataset);
    expect(all.plan.recipe).toEqual(full.plan.recipe);
    const { value: demo } = await planned('--examples', '59');
    expect(demo.plan.dataset.examples).toBe(59);
  });

  it('trains all weights for a template whose end of an answer the model does not know', async () => {
    fileIn(world.runtime, 'plain/config.json', JSON.stringify(SMALL_MODEL));
    fileIn(
      world.runtime,
      'plain/tokenizer.json',
      JSON.stringify({ model: { type: 'BPE', vocab: { a: 0 }, merges: [] } }),
    );
    const data = fileIn(world.runtime, 'chat.jsonl', CHAT_LINES);
    const lent = ['--model', './plain', '--dataset', data, '--set', 'chat_template_path=tester/foreign'];
    const there = (...flags: string[]) => world.here.json(['plan', ...lent, '--backend', 'local', ...flags]);
    await fakeModel(world.hub, 'tester/foreign', {
      config: {},
      parameters: 1,
      files: {
        'tokenizer_config.json': JSON.stringify({ eos_token: '<|other_end|>', chat_template: CHAT_TEMPLATE }),
      },
    });
    const { code, value: without } = await world.here.json(['plan', ...lent.slice(0, 4), '--backend', 'local']);
    expect({ code, hint: without.error?.hint }).toEqual({
      code: 3,
      hint: expect.stringMatching(/chat_template_path=/),
    });
    const { value } = await there();
    expect(value.plan?.recipe.mode).toBe('full');
    const { value: adapter } = await there('--lora', 'on');
    expect(adapter.error).toMatchObject({ code: 'foreign_template', hint: expect.stringMatching(/--lora off/) });
  });

  it('says that a model which thinks may be cut before it answers', async () => {
    const prompts = Array.from({ length: 60 }, (_, n) =>
      JSON.stringify({ prompt: [{ role: 'user', content: `What is ${n} plus ${n}?` }] }),
    );
    const data = fileIn(world.runtime, 'prompts.jsonl', prompts.join('\n'));
    fileIn(world.runtime, 'thinker/config.json', JSON.stringify(SMALL_MODEL));
    fileIn(world.runtime, 'thinker/tokenizer_config.json', '{}');
    fileIn(world.runtime, 'thinker/chat_template.jinja', `${CHAT_TEMPLATE}{{ '<think>' }}`);
    const grpo = ['--method', 'grpo', '--reward', 'length:maximum=100', '--backend', 'local'];
    const { value } = await world.here.json(['plan', '--model', './thinker', '--dataset', data, ...grpo], { PATH: '' });
    expect(value.card).toMatch(/this model may think before it answers, and is cut after 512 tokens/);
  });

  it('is doubted on the card where it is likely a slip', async () => {
    const { value } = await planned('--learning-rate', '0.5', '--set', 'per_device_train_batch_size=128');
    expect(value.card).toMatch(/learning rate 0\.5 is for .* times the usual/);
    expect(value.card).toMatch(/a step takes \d+ rows, and there are 60/);
  });

  it.each<[string, string[], number, string, RegExp?]>([
    ['a learning rate of nothing', ['--learning-rate', '0'], 2, 'bad_value'],
    ['a learning rate that is no number', ['--learning-rate', 'nan'], 2, 'bad_value'],
    ['a learning rate below zero', ['--learning-rate', '-1e-5'], 2, 'bad_value'],
    ['a learning rate beyond reason', ['--learning-rate', '1e3'], 2, 'bad_value', /1 at the most/],
    ['no epochs', ['--epochs', '0'], 2, 'bad_value'],
    ['part of a step', ['--max-steps', '1.5'], 2, 'bad_value'],
    ['a rank of nothing', ['--set', 'lora_r=0'], 2, 'bad_argument', /a whole number, 1 to 1024/],
    ['a rank without an adapter', ['--lora', 'off', '--set', 'lora_r=8'], 2, 'bad_argument', /for an adapter/],
    ['a batch of nothing', ['--set', 'per_device_train_batch_size=0'], 2, 'bad_argument'],
  ])('refuses %s', async (_, flags, exit, error, message = /./) => {
    const { code, value } = await planned(...flags);
    expect({ code, error: value.error?.code }).toEqual({ code: exit, error });
    expect(value.error.message).toMatch(message);
  });
});

describe('where nothing fits, it says what would', () => {
  const large = ['--model', 'Qwen/Qwen3-8B'];
  it.each<[string, string[], RegExp]>([
    [
      'an adapter, or another flavor',
      [...large, '--lora', 'off', '--flavor', 'a10g-large'],
      /the same command with --lora on, or with --flavor \S+ \(full, about \$\d/,
    ],
    [
      'a smaller batch',
      ['--set', 'per_device_train_batch_size=1024', '--flavor', 'a10g-small', '--lora', 'on'],
      /the same command with --set per_device_train_batch_size=\d+/,
    ],
    ['another flavor', [...large, '--flavor', 't4-small'], /the same command with --flavor \S+ \(lora, about \$\d/],
  ])('%s', async (_, flags, hint) => {
    const { code, value } = await planned(...flags);
    expect({ code, error: value.error?.code }).toEqual({ code: 2, error: 'nothing_fits' });
    expect(value.error.hint).toMatch(hint);
    // What it names is true.
    const [, flag = '', other = ''] = /--flavor (\S+)|(--lora on|--set \w+=\d+)/.exec(value.error.hint) ?? [];
    const again = flag ? [...flags, '--flavor', flag] : [...flags, ...other.split(' ')];
    expect((await planned(...again)).code).toBe(0);
  });

  it('a flavor within --max-cost, where the one asked for is too dear', async () => {
    const { value: dear } = await planned('--flavor', 'h200');
    const { value: cheap } = await planned('--flavor', 't4-small');
    const between = ((dear.estimate.max_usd + cheap.estimate.max_usd) / 2).toFixed(2);
    const { code, value } = await planned('--flavor', 'h200', '--max-cost', between);
    expect({ code, error: value.error?.code }).toEqual({ code: 4, error: 'over_budget' });
    expect(value.error.hint).toMatch(/^On --flavor t4-small it could bill \$\d+\.\d\d at the most/);
    const { value: within } = await planned('--max-cost', between);
    expect(within.estimate.max_usd).toBeLessThanOrEqual(Number(between));
  });

  it('nothing, but the cheapest of all ways, where all are too dear', async () => {
    const { code, value } = await planned('--max-cost', '0.01');
    expect(code).toBe(4);
    const [, mode, flavor = '', usd] =
      /cheapest job, (.*) on (\S+), could bill \$(\S+) \(/.exec(value.error.message) ?? [];
    const lora = { lora: 'on', 'all weights': 'off' }[mode ?? ''] ?? '';
    const { value: cheapest } = await planned('--flavor', flavor, '--lora', lora);
    expect(cheapest.estimate.max_usd.toFixed(2)).toBe(usd);
  });
});

describe('a demo of a run that costs dollars', () => {
  const rows = Array.from({ length: 600 }, (_, n) =>
    JSON.stringify({ prompt: `Say ${n} things. ${'Say more. '.repeat(50)}`, answer: String(n) }),
  );
  // Then the reward is not tried: that takes its time, and is tested in test/train.
  const NO_PYTHON = { PATH: '' };
  const big = async (...flags: string[]) => {
    const data = fileIn(world.runtime, 'big.jsonl', rows.join('\n'));
    const large = ['--model', 'Qwen/Qwen3-8B', '--dataset', data, '--map', 'prompt=prompt'];
    const { value } = await world.here.json(['plan', ...large, ...grpo, ...flags], NO_PYTHON);
    expect(value).not.toHaveProperty('error');
    return value;
  };
  const grpo = ['--method', 'grpo', '--reward', 'length:maximum=100'];

  it('costs what the card says', async () => {
    const value = await big('--out', 'big.plan.json');
    expect(value.card).not.toMatch(/cents/);
    const [, command = ''] = /hf-llm-trainer (plan --from .* --epochs 1)$/m.exec(value.card) ?? [];
    const { value: demo } = await world.here.json([...command.split(' '), '--out', 'demo.json'], NO_PYTHON);
    expect(demo.demo).toBeUndefined();
    expect(demo.plan.hardware.flavor).toBe(value.plan.hardware.flavor);
    expect(demo.plan.recipe.mode).toBe(value.plan.recipe.mode);
    expect(demo.estimate.gpu_memory_gib).toBe(value.estimate.gpu_memory_gib);
    expect(demo.card).toMatch(/as the whole run: batched, packed and kept in memory like its [\d,]+ rows/);
    expect(value.demo).toEqual({ examples: 100, seconds: demo.estimate.seconds, usd: demo.estimate.usd });
    expect(value.card).toContain(
      `about ${/^Time +about (.*?)[,;]/m.exec(demo.card)?.[1]} and $${demo.estimate.usd.toFixed(2)}`,
    );
  });

  it('is not recommended where the run costs little, or where it can not be made', async () => {
    const few = await big('--max-steps', '40');
    const evaluating = await big('--set', 'eval_on_start=true');
    expect([few.demo, evaluating.demo]).toEqual([undefined, undefined]);
    expect(few.card).not.toMatch(/^Demo /m);
    expect(evaluating.card).toMatch(/^Demo +none: 100 examples are too few here: --set eval_on_start=true/m);
    expect([few.digest, evaluating.digest]).toEqual([expect.any(String), expect.any(String)]);
  });
});

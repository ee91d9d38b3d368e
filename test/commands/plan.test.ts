import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CHAT_LINES, CHAT_TEMPLATE, DEMO_FLAGS, fileIn, SMALL_MODEL, startWorld, type World } from './world.ts';

/** Made by make-pictures.py. */
const PICTURES = readFileSync(new URL('fixtures/pictures.parquet', import.meta.url));

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

describe('plan', () => {
  it('says what mapping the data needs, and the command that gives it', async () => {
    const { code, value } = await world.here.json([
      'plan',
      '--model',
      'Qwen3-0.6B',
      '--dataset',
      'open-r1/codeforces-cots',
    ]);
    expect(code).toBe(3);
    expect(value.error).toMatchObject({
      code: 'needs_mapping',
      hint: expect.stringContaining('--map messages=messages'),
    });
  });

  it('shows everything that the person says yes to', async () => {
    const { code, stdout } = await world.here.run(['plan', ...DEMO_FLAGS]);
    expect(code).toBe(0);
    for (const said of [
      /Model +Qwen\/Qwen3-0\.6B @[0-9a-f]{8}, 596M parameters/,
      /Data +open-r1\/codeforces-cots @[0-9a-f]{8}, config solutions, split train/,
      /60 of 60 rows/,
      /columns: messages; all others are left out/,
      /Method +SFT, all weights, fp16, learning rate 2e-5, batch 8, 24 steps/,
      /Hardware +t4-small \(.*\), \$0\.40 an hour \(live price\)/,
      /Memory +about [\d.]+ of 16 GiB of GPU memory, \d+% full \(estimate\)/,
      /Time +about .*, likely .* to .*; stopped after .* \(its timeout\)/,
      /Cost +about \$0\.\d\d; at the most \$0\.\d\d \(the whole timeout\)/,
      /Model goes +tester\/qwen3-0\.6b-codeforces-cots-sft-[0-9a-f]{6}, private/,
      /Curves +go to Trackio, Space tester\/trackio \(private\)/,
      /Uploaded +to its repository: the trained model, card and train\.py; a checkpoint only where it is stopped\n/,
      /Watch out +.*"Qwen3-0\.6B" was taken for Qwen\/Qwen3-0\.6B/,
      /Digest +[0-9a-f]{64}/,
      /submit .*plan\.json --approve [0-9a-f]{64}/,
    ]) {
      expect(stdout).toMatch(said);
    }
    expect(stdout.trim().split('\n').at(-1)).toMatch(/^Submit it\? It can bill \$0\.\d\d at the most\.$/);
    expect(stdout.trim().split('\n').length).toBeLessThan(30);
    // Most of these minutes are spent on starting, on any machine.
    expect(stdout).not.toMatch(/Choices/);
  });

  it('has no colours where an agent reads it, in a CI either', async () => {
    const { stdout } = await world.run(['plan', ...DEMO_FLAGS], { env: { CI: 'true', FORCE_COLOR: '1' } });
    expect(stdout).not.toContain('\u001b');
  });

  it('makes the same plan of the same words', async () => {
    expect(await world.plan()).toEqual(await world.plan());
  });

  it('holds nothing of this machine that changes by the minute', async () => {
    const data = fileIn(world.runtime, 'here.jsonl', CHAT_LINES);
    fileIn(world.runtime, 'small/config.json', JSON.stringify(SMALL_MODEL));
    fileIn(world.runtime, 'small/chat_template.jinja', CHAT_TEMPLATE);
    const { value } = await world.here.json(['plan', '--model', './small', '--dataset', data, '--backend', 'local']);
    expect(value.plan.hardware).toMatchObject({ backend: 'local', disk_gib: null });
  });

  it.each([
    ['--epochs', '2'],
    ['--max-steps', '7'],
    ['--learning-rate', '0.001'],
    ['--lora', 'on'],
    ['--lora', 'qlora'],
    ['--max-length', '1024'],
    ['--flavor', 'a10g-small'],
    ['--timeout', '2h'],
    ['--output-repo', 'tester/mine'],
    ['--examples', '10'],
    ['--set', 'weight_decay=0.1'],
    ['--public'],
  ])('another digest with %s %s', async (...flags) => {
    const [before, after] = [await world.plan(), await world.plan(...flags)];
    expect(after.digest).not.toBe(before.digest);
  });

  it('changes with --from what the flags say, and nothing else', async () => {
    const first = await world.plan('--flavor', 'a10g-large', '--epochs', '2');
    const { value } = await world.here.json([
      'plan',
      '--from',
      first.path,
      '--learning-rate',
      '0.0001',
      '--out',
      'second.json',
    ]);
    const before = JSON.parse(readFileSync(first.path, 'utf8')).plan;
    expect(value.plan.recipe.training_args).toEqual({ ...before.recipe.training_args, learning_rate: 0.0001 });
    expect(value.plan).toMatchObject({ model: before.model, dataset: before.dataset, hardware: before.hardware });
    expect(value.digest).not.toBe(first.digest);
  });

  it('is the same plan with --from and nothing else', async () => {
    const first = await world.plan('--epochs', '4', '--set', 'seed=7');
    const { value } = await world.here.json(['plan', '--from', first.path, '--out', 'same.json']);
    expect(value.digest).toBe(first.digest);
    const { value: other } = await world.here.json([
      'plan',
      '--from',
      first.path,
      '--epochs',
      '5',
      '--out',
      'other.json',
    ]);
    expect(other.plan.output.repo_id).not.toBe(value.plan.output.repo_id);
  });

  it('keeps with --from what the address of the data said', async () => {
    const page = `${world.hub.url}/datasets/open-r1/codeforces-cots/viewer/solutions_py/train`;
    const { value: first } = await world.here.json(['plan', ...DEMO_FLAGS, '--dataset', page, '--out', 'page.json']);
    expect(first.plan.dataset).toMatchObject({ id: 'open-r1/codeforces-cots', config: 'solutions_py' });
    const { value } = await world.here.json(['plan', '--from', 'page.json', '--epochs', '2', '--out', 'page-2.json']);
    expect(value.plan.dataset).toEqual(first.plan.dataset);
  });

  it('never writes over data', async () => {
    const path = fileIn(world.runtime, 'mine.jsonl', CHAT_LINES);
    const { code } = await world.here.run(['plan', '--model', 'Qwen3-0.6B', '--dataset', path, '--out', path]);
    expect({ code, text: readFileSync(path, 'utf8') }).toEqual({ code: 2, text: CHAT_LINES });
  });

  it('warns of a timeout before the end, and of a public model', async () => {
    const { stdout } = await world.here.run([
      'plan',
      ...DEMO_FLAGS,
      '--epochs',
      '40',
      '--lora',
      'off',
      '--timeout',
      '6m',
      '--public',
      '--out',
      'warned.json',
    ]);
    expect(stdout).toMatch(/stopped before it is expected to end/);
    expect(stdout).toMatch(/The model will be public/);
  });

  it('gives a command that a shell reads as one path', async () => {
    const { stdout } = await world.here.run(['plan', ...DEMO_FLAGS, '--out', "my plans/it's.json"]);
    expect(stdout).toContain(`submit '${world.runtime.cwd}/my plans/it'\\''s.json' --approve`);
  });

  it('keeps with --from the commits of an adapter and its base, and tells of data that changed', async () => {
    const data = fileIn(world.runtime, 'growing.jsonl', CHAT_LINES);
    const first = (await world.here.json(['plan', '--model', 'tuner-lab/qwen3-0.6b-sft-lora', '--dataset', data]))
      .value;
    expect(first.plan.model.adapter.id).toBe('tuner-lab/qwen3-0.6b-sft-lora');
    fileIn(world.runtime, 'growing.jsonl', `${CHAT_LINES}\n${CHAT_LINES}`);
    const { value } = await world.here.json(['plan', '--from', first.path, '--epochs', '2', '--out', 'grown.json']);
    expect(value.plan.model).toEqual(first.plan.model);
    expect(value.plan.notes).toContain(`${data} has changed since the plan that this one starts from`);
  });

  describe('without --method', () => {
    const turn = (role: string, content: string) => [{ role, content }];
    const lines = (row: (n: number) => object): string =>
      Array.from({ length: 12 }, (_, n) => JSON.stringify(row(n))).join('\n');
    const prompt = (n: number) => turn('user', `What is ${n} plus one?`);
    const good = (n: number) => turn('assistant', `It is ${n + 1}.`);
    const bad = (n: number) => turn('assistant', `It is ${n}.`);
    const SHAPES: Record<string, string> = {
      'chat.jsonl': CHAT_LINES,
      'pairs.jsonl': lines((n) => ({ prompt: prompt(n), chosen: good(n), rejected: bad(n) })),
      'labelled.jsonl': lines((n) => ({ prompt: prompt(n), completion: n % 2 ? good(n) : bad(n), label: n % 2 === 1 })),
    };

    it.each([
      ['chat.jsonl', 'sft', /^it has texts or conversations/],
      ['pairs.jsonl', 'dpo', /^it has pairs/],
      ['labelled.jsonl', 'kto', /^each answer is labelled/],
    ])('%s is trained on by %s, and the card says why', async (name, method, because) => {
      const data = fileIn(world.runtime, name, SHAPES[name] ?? '');
      const { value } = await world.here.json(['plan', '--model', 'Qwen3-0.6B', '--dataset', data]);
      expect(value.plan).toMatchObject({ method, request: expect.not.objectContaining({ method: expect.anything() }) });
      expect(value.plan.why[0]).toEqual({ what: method.toUpperCase(), because: expect.stringMatching(because) });
      expect(value.card).toContain(`${method.toUpperCase()}: ${value.plan.why[0].because}`);
      const { value: next } = await world.here.json([
        'plan',
        '--from',
        value.path,
        '--epochs',
        '2',
        '--out',
        'next.json',
      ]);
      expect(next.plan).toMatchObject({ method, request: { method } });
    });

    it('refuses an argument that the method of these data does not have', async () => {
      const data = fileIn(world.runtime, 'chat.jsonl', CHAT_LINES);
      const { code, value } = await world.here.json([
        'plan',
        '--model',
        'Qwen3-0.6B',
        '--dataset',
        data,
        '--set',
        'beta=0.2',
      ]);
      expect({ code, error: value.error.message }).toEqual({
        code: 2,
        error: expect.stringMatching(/for SFT; it is one of/),
      });
    });

    it('the card of DPO counts the model that it compares with', async () => {
      const data = fileIn(world.runtime, 'pairs.jsonl', SHAPES['pairs.jsonl'] ?? '');
      const flags = ['plan', '--model', 'Qwen3-0.6B', '--dataset', data, '--flavor', 'a100-large', '--lora', 'off'];
      const { value: dpo } = await world.here.json(flags);
      const { value: reward } = await world.here.json([...flags, '--method', 'reward']);
      expect(dpo.card).toMatch(/a second copy of the model: DPO compares with how it was/);
      expect(dpo.estimate.gpu_memory_gib).toBeGreaterThan(reward.estimate.gpu_memory_gib + 2);
    });
  });

  describe('of rows with pictures', () => {
    const SEEING = {
      model_type: 'llava',
      architectures: ['LlavaForConditionalGeneration'],
      text_config: { ...SMALL_MODEL, architectures: undefined },
      vision_config: { model_type: 'clip_vision_model', hidden_size: 16, num_hidden_layers: 2 },
    };
    const planned = async (config: object, ...flags: string[]) => {
      const data = fileIn(world.runtime, 'pictures.parquet', PICTURES);
      fileIn(world.runtime, 'eyes/config.json', JSON.stringify(config));
      fileIn(world.runtime, 'eyes/chat_template.jinja', CHAT_TEMPLATE);
      return world.here.json(['plan', '--model', './eyes', '--dataset', data, '--backend', 'local', ...flags]);
    };

    it('a model that sees learns, nothing is cut, and the card says what is guessed', async () => {
      const { code, value } = await planned(SEEING);
      expect({ code, error: value.error }).toEqual({ code: 0, error: undefined });
      expect(value.plan).toMatchObject({
        method: 'sft',
        dataset: { vision: true },
        recipe: { training_args: { max_length: null } },
      });
      expect(value.plan.script.dependencies).toContainEqual(expect.stringMatching(/^torchvision==/));
      expect(value.card).toMatch(/sequences are not cut: pictures can't be; the longest has about 7\d\d tokens/);
      expect(value.card).toContain('pictures: 1 a row, up to 8x8 = 729 tokens');
      expect(value.estimate.tokens).toBeGreaterThan(3 * 12 * 729);
    });

    it.each<[string, object, string[], string]>([
      ['a model that reads text only', SMALL_MODEL, [], 'model_sees_nothing'],
      [
        'a method for text',
        SEEING,
        [
          '--method',
          'rloo',
          '--map',
          'prompt=slice(messages, 0, -1)',
          '--map',
          'image=image',
          '--reward',
          'length:target=5',
        ],
        'pictures_not_supported',
      ],
      ['what would cut them', SEEING, ['--max-length', '100'], 'no_max_length'],
      ['what TRL does to text alone', SEEING, ['--set', 'packing=true'], 'bad_argument'],
    ])('refuses %s', async (_, config, flags, error) => {
      const { code, value } = await planned(config, ...flags);
      expect({ code, error: value.error?.code }).toEqual({ code: 2, error });
    });
  });

  it('uploads local data to a private repository that the card names', async () => {
    fileIn(world.runtime, 'chat.jsonl', CHAT_LINES);
    const { stdout } = await world.here.run(['plan', '--model', 'Qwen3-0.6B', '--dataset', 'chat.jsonl']);
    expect(stdout).toMatch(/Uploaded +1 data file to tester\/qwen3-0\.6b-chat-sft-[0-9a-f]{6}-data \(a private/);
  });

  it('asks for the data, the prices and the account while it waits for the model', async () => {
    const model = /api\/models\?search/;
    world.hub.faults.add({ path: model, times: 1, mishap: { delayMs: 300 } });
    const before = world.hub.requests.length;
    expect((await world.here.run(['plan', ...DEMO_FLAGS, '--out', 'ahead.json'])).code).toBe(0);
    const asked = world.hub.requests.slice(before).map(({ path }) => path);
    const first = asked.slice(
      0,
      asked.findIndex((path) => path.startsWith('/api/models/Qwen')),
    );
    for (const each of [model, /api\/datasets/, /rows/, /hardware/, /whoami/]) {
      expect(first).toContainEqual(expect.stringMatching(each));
    }
  });

  it('keeps nobody waiting for what it asked ahead, where the model is refused', async () => {
    world.hub.faults.add({ path: /hardware/, times: 9, mishap: { delayMs: 15_000 } });
    const began = performance.now();
    const { code } = await world.run(['plan', ...DEMO_FLAGS, '--model', 'no-such-model-here']);
    expect(code).toBe(2);
    expect(performance.now() - began).toBeLessThan(14_000);
    world.hub.faults.clear();
  });

  it('says so, dated, where the live catalogue is out of reach', async () => {
    world.hub.faults.add({ path: /api\/jobs\/hardware/, times: 4, mishap: { status: 503 } });
    const { value, stdout } = await world.here.json(['plan', ...DEMO_FLAGS]);
    expect(value.estimate).toMatchObject({ price_source: 'snapshot', price_as_of: '2026-08' });
    expect(stdout).toMatch(/price of 2026-08, without the live catalogue/);
    world.hub.faults.clear();
  });

  it.each<[string, string, number, string, string, ...string[]]>([
    ['l4x4', 'Qwen/Qwen3-0.6B', 4, 'MULTI_GPU', 'each with a whole copy of the model (DDP)'],
    ['a10g-largex4', 'Qwen/Qwen3-0.6B', 4, 'MULTI_GPU', 'each with a whole copy of the model (DDP)'],
    ['h200x8', 'Qwen/Qwen3-8B', 8, 'MULTI_GPU', 'each with a whole copy of the model (DDP)'],
    ['a100x4', 'Qwen/Qwen3-8B', 4, 'FSDP', 'FSDP2 shards weights, gradients and optimizer', '--lora', 'off'],
  ])('plans %s for %s', async (flavor, model, processes, distributed_type, words, ...flags) => {
    const asked = ['plan', ...DEMO_FLAGS, '--model', model, '--flavor', flavor, ...flags];
    const { code, value } = await world.here.json(asked);
    expect(code).toBe(0);
    const { launch, recipe, estimate, hardware } = value.plan;
    expect(launch).toMatchObject({ processes, accelerate: { distributed_type, num_processes: processes } });
    expect(hardware).toMatchObject({ flavor, accelerators: processes });
    const args = recipe.training_args;
    expect(processes * args.per_device_train_batch_size * args.gradient_accumulation_steps).toBe(8);
    expect(estimate.gpu_memory_gib).toBeLessThan(hardware.gpu_memory_gib);
    expect(estimate.gpu_memory_parts_gib.communication).toBeGreaterThan(0);
    expect(value.card).toContain(`\n            ${processes} processes, ${words}\n`);
    expect(value.card).toMatch(/batch 8, 24 steps/);
  });

  it.each<[string, string[], number, string]>([
    ['a model that does not exist', ['--model', 'nobody/none'], 2, 'not_found'],
    ['a name that means several models', ['--model', 'tiny-chat'], 2, 'model_ambiguous'],
    ['a name that means no model', ['--model', 'no-such-model-here'], 2, 'model_not_found'],
    ['a model that wants its own code run', ['--model', 'custom-lab/own-code-1b'], 2, 'remote_code'],
    ['a repository of GGUF files', ['--model', 'quant-lab/Qwen3-0.6B-GGUF'], 2, 'gguf_only'],
    ['a local model on Jobs', ['--model', './some-folder'], 2, 'model_unreadable'],
    ['no last model', ['--model', 'last'], 2, 'no_last_model'],
    ['an unknown flavor', ['--flavor', 't5-huge'], 2, 'unknown_flavor'],
    ['too little money', ['--max-cost', '0.01'], 4, 'over_budget'],
    ['longer than the model reads', ['--max-length', '99999999'], 2, 'too_long'],
    ['an argument that TRL dropped', ['--set', 'max_seq_length=9'], 2, 'bad_argument'],
    ['negative epochs', ['--epochs', '-1'], 2, 'bad_value'],
    ['a bad time', ['--timeout', 'soon'], 2, 'bad_value'],
    ['a time in which no job starts', ['--timeout', '1s'], 2, 'too_short'],
    ['a time in which no step is made', ['--timeout', '3m'], 2, 'too_short'],
    ['epochs and steps', ['--epochs', '2', '--max-steps', '4'], 2, 'epochs_and_steps'],
    ['no evaluation to go by', ['--examples', '20', '--set', 'load_best_model_at_end=true'], 2, 'bad_argument'],
    ['a chat template of this machine', ['--set', 'chat_template_path=/etc/passwd'], 2, 'bad_argument'],
    ['a time beyond all calendars', ['--timeout', '99999999999d'], 2, 'bad_value'],
    ['more epochs than a number holds', ['--epochs', '1e308'], 2, 'bad_value'],
    ['more steps than a number holds', ['--max-steps', '99999999999999999999'], 2, 'bad_value'],
    ['a run without checkpoints', ['--set', 'save_strategy=no'], 2, 'bad_argument'],
    ['a folder as its file', ['--out', '.'], 2, 'not_a_plan_file'],
    ['a repository of somebody else', ['--output-repo', 'google/mine'], 5, 'not_your_namespace'],
    ['a bad repository name', ['--output-repo', 'tester/a b'], 2, 'bad_repo'],
    ['a repository name that the Hub refuses', ['--output-repo', 'tester/a--b'], 2, 'bad_repo'],
    ['too long a repository name', ['--output-repo', `tester/${'a'.repeat(97)}`], 2, 'bad_repo'],
    ['what does not fit', ['--model', 'Qwen/Qwen3-8B', '--lora', 'off', '--flavor', 'a10g-large'], 2, 'nothing_fits'],
    ['4 bits without a GPU that computes with them', ['--lora', 'qlora', '--flavor', 't4-small'], 2, 'nothing_fits'],
    ['a column that does not exist', ['--map', 'text=nothing'], 2, 'unknown_column'],
    ['an unknown flag', ['--gpu', '8'], 2, 'usage'],
  ])('refuses %s', async (_, flags, code, error) => {
    const ran = await world.here.json(['plan', ...DEMO_FLAGS, ...flags]);
    expect({ code: ran.code, error: ran.value.error?.code }).toEqual({ code, error });
    expect(ran.value.error.message.length).toBeGreaterThan(10);
    expect(ran.value.error.hint.length).toBeGreaterThan(10);
  });

  it.each<[string, Record<string, string>, number, string]>([
    ['without a token', { HF_TOKEN: '' }, 5, 'no_token'],
    ['with a token that can only read', { HF_TOKEN: 'read' }, 5, 'token_rights'],
  ])('refuses to plan for Jobs %s', async (_, env, code, error) => {
    const token = env.HF_TOKEN === 'read' ? { HF_TOKEN: world.hub.tokens.read } : env;
    const ran = await world.here.json(['plan', ...DEMO_FLAGS], token);
    expect({ code: ran.code, error: ran.value.error?.code }).toEqual({ code, error });
  });

  it('refuses to publish an adapter whose base is a folder on this machine', async () => {
    fileIn(world.runtime, 'base/config.json', JSON.stringify(SMALL_MODEL));
    fileIn(world.runtime, 'base/chat_template.jinja', CHAT_TEMPLATE);
    const data = fileIn(world.runtime, 'chat.jsonl', CHAT_LINES);
    const flags = ['--model', './base', '--dataset', data, '--backend', 'local', '--output-repo', 'tester/mine-too'];
    const { code, value } = await world.here.json(['plan', ...flags, '--lora', 'on']);
    expect({ code, error: value.error?.code }).toEqual({ code: 2, error: 'adapter_of_local_model' });
    expect((await world.here.json(['plan', ...flags, '--lora', 'off'])).code).toBe(0);
  });

  it('refuses a token that may not start jobs', async () => {
    const token = world.hub.addToken(world.hub.addUser('writer'), 'fineGrained', { writer: ['repo.write'] });
    const { code, value } = await world.here.json(['plan', ...DEMO_FLAGS], { HF_TOKEN: token });
    expect({ code, error: value.error.code }).toEqual({ code: 5, error: 'token_rights' });
  });

  it.each(['../../../etc', '/etc', './somewhere', 'no-owner'])(
    'an adapter on the Hub cannot name %s as its base',
    async (base) => {
      const files = { 'adapter_config.json': JSON.stringify({ base_model_name_or_path: base }) };
      await world.hub.addRepo({ type: 'model', id: 'somebody/adapter', files });
      const { code, value } = await world.here.json(['plan', ...DEMO_FLAGS, '--model', 'somebody/adapter']);
      expect({ code, error: value.error.code }).toEqual({ code: 2, error: 'bad_base_model' });
    },
  );

  it('needs a model and data', async () => {
    const { code, value } = await world.here.json(['plan']);
    expect(code).toBe(2);
    expect(value.error.message).toBe('plan needs --model and --dataset');
  });
});

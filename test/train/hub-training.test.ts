import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sha256 } from '../../scripts/plan/digest.ts';
import type { Plan } from '../../scripts/plan/schema.ts';
import { startHub, type TestHub } from '../hub/server.ts';
import type { PlanOverrides } from '../support/plan.ts';
import {
  LORA,
  localPlan,
  only,
  QUICKSTART_DATA,
  type RunOptions,
  runPython,
  runTorch,
  temporaryFolder,
  tinyModel,
  train,
} from '../support/training.ts';

let hub: TestHub;
let model: Plan['model'];
let dataset: Partial<Plan['dataset']>;

beforeAll(async () => {
  hub = await startHub();
  const folder = await tinyModel();
  const files = Object.fromEntries((await readdir(folder)).map((name) => [name, { path: join(folder, name) }]));
  const seeded = await hub.addRepo({ type: 'model', id: 'tester/tiny', private: true, files });
  const data = await hub.addRepo({
    type: 'dataset',
    id: 'tester/pellmere',
    private: true,
    files: { 'data/train.jsonl': await readFile(QUICKSTART_DATA) },
  });
  const head = (repo: typeof seeded): string => repo.resolve('main')?.sha ?? '';
  model = { id: 'tester/tiny', source: 'hub', revision: head(seeded), parameters: 0, architecture: '', adapter: null };
  dataset = { id: 'tester/pellmere', source: 'hub', revision: head(data), fingerprint: null, files: [], config: null };
});
afterAll(() => hub.close());

/** A plan that pushes to a repository of this name, as one for Hugging Face Jobs does. */
const hubPlan = (name: string, overrides: PlanOverrides = {}, space: string | null = null): Promise<Plan> =>
  localPlan(QUICKSTART_DATA, {
    model,
    ...overrides,
    dataset: { ...dataset, ...overrides.dataset },
    output: {
      repo_id: `tester/${name}`,
      folder: null,
      private: true,
      trackio: { project: name, run_name: name, space_id: space, private: true },
    },
  });

/** As on a machine of Jobs: a cache of its own, gone afterwards. */
async function onHub(plan: Plan, options: RunOptions = {}) {
  const home = await temporaryFolder();
  const ran = await train(plan, {
    ...options,
    env: {
      ...hub.environment(hub.tokens.write),
      HF_HUB_OFFLINE: '0',
      HF_HOME: home,
      TMPDIR: home,
      HF_LLM_TRAINER_DIGEST: 'd'.repeat(64),
      ...options.env,
    },
  });
  expect(ran.log).not.toContain(hub.tokens.write);
  return ran;
}

const filesOf = (id: string): string[] => [...(hub.repo('model', id)?.resolve('main')?.files.keys() ?? [])].sort();

const head = (id: string): string | undefined => hub.repo('model', id)?.resolve('main')?.sha;

/** Runs the Python of a model's card: it generates, and the adapter becomes one model with its base. */
async function usedAsItsCardSays(id: string): Promise<void> {
  const card = String(await hub.readFile('model', id, 'README.md'));
  expect(card).toContain(`--lora-modules trained=${id}`);
  const code = [...card.matchAll(/```python\n([\s\S]*?)```/g)].map(([, block]) => block);
  expect(code).toHaveLength(2);
  const cwd = await temporaryFolder();
  const env = { ...hub.environment(hub.tokens.write), HF_HUB_OFFLINE: '0', HF_HOME: cwd };
  const ran = await runTorch(['-c', `import os, sys; os.chdir(sys.argv[1])\n${code.join('\n')}`, cwd], { env });
  expect(ran.code, ran.log).toBe(0);
  expect(await readdir(join(cwd, 'merged'))).toEqual(expect.arrayContaining(['model.safetensors', 'tokenizer.json']));
}

describe('a run on the Hub', () => {
  it('reads model and data at their commits and leaves the model in a private repository', async () => {
    const ran = await onHub(await hubPlan('finished', { recipe: { mode: 'lora', lora: LORA } }));
    expect(ran.log).not.toContain('Traceback');
    expect(ran.code).toBe(0);
    const repo = hub.repo('model', 'tester/finished');
    expect(repo?.private).toBe(true);
    expect(filesOf('tester/finished')).toEqual(
      expect.arrayContaining([
        'README.md',
        'adapter_config.json',
        'adapter_model.safetensors',
        'hf-llm-trainer.json',
        'plan.json',
        'tokenizer.json',
        'train.py',
      ]),
    );
    expect(filesOf('tester/finished').filter((file) => file.startsWith('last-checkpoint'))).toEqual([]);
    expect(only(ran, 'pushed')).toMatchObject([
      { repo_id: 'tester/finished', revision: repo?.resolve('main')?.sha, url: `${hub.url}/tester/finished` },
    ]);
    expect(JSON.parse(String(await hub.readFile('model', 'tester/finished', 'plan.json')))).toMatchObject({
      method: 'sft',
      model: { id: 'tester/tiny', revision: model.revision },
    });
    const adapter = JSON.parse(String(await hub.readFile('model', 'tester/finished', 'adapter_config.json')));
    expect(adapter).toMatchObject({ base_model_name_or_path: 'tester/tiny', revision: model.revision });

    await usedAsItsCardSays('tester/finished');

    const again = await onHub(await hubPlan('finished', { recipe: { mode: 'lora', lora: LORA } }));
    expect(again.events.map(({ event }) => event)).toEqual(['done']);
  });

  it('stopped on one machine, it goes on from the last checkpoint on another, to the same weights', async () => {
    const recipe = { total_steps: 12, training_args: { max_steps: 12, save_steps: 4 } };
    const whole = await onHub(await hubPlan('whole', { recipe }));
    expect(whole.code).toBe(0);

    const stopped = await onHub(await hubPlan('interrupted', { recipe }), {
      onEvent: (event, kill) => event.event === 'step' && event.step === 6 && kill('SIGTERM'),
    });
    expect(stopped.code).toBe(75);
    const [end] = only(stopped, 'stopped');
    expect(filesOf('tester/interrupted')).toContain('last-checkpoint/optimizer.pt');
    expect(filesOf('tester/interrupted')).not.toContain('model.safetensors');
    const card = String(await hub.readFile('model', 'tester/interrupted', 'README.md'));
    expect(card).toContain(`Not finished: training stopped at step ${end?.step} of 12`);

    const resumed = await onHub(await hubPlan('interrupted', { recipe }));
    expect(resumed.code).toBe(0);
    expect(only(resumed, 'start')).toMatchObject([{ from_step: end?.step }]);
    expect(filesOf('tester/interrupted').filter((file) => file.startsWith('last-checkpoint'))).toEqual([]);
    const [one, other] = await Promise.all(
      ['tester/whole', 'tester/interrupted'].map((id) => hub.readFile('model', id, 'model.safetensors')),
    );
    expect(sha256(other ?? '')).toBe(sha256(one ?? ''));
  });

  it('an outage while it looks for its checkpoint does not make it begin anew', async () => {
    const recipe = { total_steps: 12, training_args: { max_steps: 12, save_steps: 4 } };
    await onHub(await hubPlan('outage', { recipe }), {
      onEvent: (event, kill) => event.event === 'step' && event.step === 6 && kill('SIGTERM'),
    });
    const path = /tester\/outage\/resolve\/.*(hf-llm-trainer|trainer_state)\.json/;
    hub.faults.add({ path, times: 8, mishap: { status: 503 } });
    const resumed = await onHub(await hubPlan('outage', { recipe }));
    hub.faults.clear();
    expect(resumed.code).toBe(0);
    expect(only(resumed, 'alarm').map(({ code }) => code)).toContain('hub_retry');
    expect(only(resumed, 'start')[0]?.from_step).toBeGreaterThan(0);
  });

  it('trained here and pushed, it tells nobody where on this machine', async () => {
    const plan = await localPlan(QUICKSTART_DATA, { output: { repo_id: 'tester/from-here' } });
    expect((await onHub(plan)).code).toBe(0);
    for (const file of ['README.md', 'train.py', 'plan.json', 'config.json', 'hf-llm-trainer.json']) {
      const text = String(await hub.readFile('model', 'tester/from-here', file));
      expect(text).not.toContain(plan.output.folder);
      expect(text).not.toContain(plan.model.id);
      expect(text).not.toContain(plan.dataset.id);
    }
    const script = String(await hub.readFile('model', 'tester/from-here', 'train.py'));
    expect(script).toContain(basename(plan.dataset.id));
    const parse = await runPython(['-c', 'import ast, sys; ast.parse(sys.argv[1]); print("parsed")', script]);
    expect(parse.log).toBe('parsed\n');
  });

  it('lives through an outage of the Hub while it pushes, and one of the checkpoints', async () => {
    hub.faults.add({ method: 'POST', path: /models\/tester\/unlucky\/commit/, times: 2, mishap: { status: 503 } });
    hub.faults.add({ path: /models\/tester\/unlucky\/preupload/, times: 1, mishap: 'drop-before' });
    const ran = await onHub(await hubPlan('unlucky'));
    hub.faults.clear();
    expect(ran.code).toBe(0);
    expect(filesOf('tester/unlucky')).toContain('model.safetensors');
    expect(only(ran, 'alarm').length).toBeGreaterThan(0);
  });

  it('lives through conflicts with other commits, and a history that cannot be shortened', async () => {
    const commit = /models\/tester\/contested\/commit/;
    hub.faults.add({ method: 'POST', path: commit, mishap: { status: 412 } });
    hub.faults.add({ method: 'POST', path: commit, mishap: { status: 409 } });
    hub.faults.add({ path: /super-squash/, mishap: { status: 500 } });
    const recipe = { total_steps: 12, training_args: { max_steps: 12, save_steps: 4 } };
    const ran = await onHub(await hubPlan('contested', { recipe }));
    hub.faults.clear();
    expect(ran.code, ran.log).toBe(0);
    expect(only(ran, 'alarm').map(({ code }) => code)).toEqual(expect.arrayContaining(['hub_retry', 'history_kept']));
    expect(only(ran, 'pushed')).toMatchObject([{ revision: head('tester/contested') }]);
    expect(filesOf('tester/contested').filter((file) => file.startsWith('last-checkpoint'))).toEqual([]);
  });

  it('its checkpoints leave the history with it, even where the answer to that is lost', async () => {
    hub.faults.add({ path: /super-squash/, mishap: 'drop-after' });
    const recipe = { total_steps: 12, training_args: { max_steps: 12, save_steps: 4 } };
    const ran = await onHub(await hubPlan('brief', { recipe }));
    hub.faults.clear();
    expect(ran.code, ran.log).toBe(0);
    const { path } = hub.requests.find((one) => one.path.includes('tester/brief/super-squash')) ?? {};
    expect(path).toBe('/api/models/tester/brief/super-squash/main');
    const repo = hub.repo('model', 'tester/brief');
    expect(repo?.resolve('main')).toMatchObject({ parent: null, title: 'Trained model' });
    expect(only(ran, 'pushed')).toMatchObject([{ revision: head('tester/brief') }]);
    expect(filesOf('tester/brief')).toContain('model.safetensors');
  });

  it('refuses a public repository where the plan says private', async () => {
    await hub.addRepo({ type: 'model', id: 'tester/public', private: false });
    const ran = await onHub(await hubPlan('public'));
    expect(ran.code).toBe(1);
    expect(only(ran, 'alarm')).toMatchObject([{ code: 'repo_public' }]);
    expect(only(ran, 'start')).toEqual([]);
  });

  it('stops where the dataset’s history was rewritten since it was validated', async () => {
    const plan = await hubPlan('rewritten', { dataset: { revision: '0'.repeat(40) } });
    const ran = await onHub(plan);
    expect(ran.code).toBe(1);
    expect(only(ran, 'alarm')).toMatchObject([
      { code: 'data_changed', message: expect.stringContaining('Plan again') },
    ]);
    expect(only(ran, 'start')).toEqual([]);
  });

  it('finds local data in the repository that it was uploaded to', async () => {
    await hub.addRepo({
      type: 'dataset',
      id: 'tester/my-data',
      private: true,
      files: { 'mine.jsonl': await readFile(QUICKSTART_DATA) },
    });
    const local: Partial<Plan['dataset']> = {
      id: '/home/alice/mine.jsonl',
      source: 'local',
      revision: null,
      files: ['/home/alice/mine.jsonl'],
      fingerprint: sha256(await readFile(QUICKSTART_DATA)),
      upload: { repo_id: 'tester/my-data', private: true },
    };
    const ran = await onHub(await hubPlan('from-upload', { dataset: local }));
    expect(ran.code).toBe(0);
    expect(only(ran, 'start')).toMatchObject([{ rows: 180 }]);
    expect(String(await hub.readFile('model', 'tester/from-upload', 'train.py'))).not.toContain('/home/alice');
  });
});

describe('curves', () => {
  it.each([
    ['a Space that is not reachable', 'tester/trackio', undefined, true],
    ['a public Space', 'tester/open-curves', 'space_public', false],
  ])('%s does not stop the training', async (_, space, code, asked) => {
    if (!asked) await hub.addRepo({ type: 'space', id: space, private: false, sdk: 'gradio' });
    const ran = await onHub(await hubPlan(`curves-${space.length}`, {}, space));
    expect(ran.log).not.toContain('Traceback');
    expect(ran.code).toBe(0);
    expect(only(ran, 'pushed')).toHaveLength(1);
    if (code) expect(only(ran, 'alarm')).toMatchObject([{ code }]);
    if (asked) expect(hub.repo('space', space)?.private ?? true).toBe(true);
  });

  it('an outage of the Hub while the Space is made does not, either', async () => {
    hub.faults.add({ path: /spaces/, times: 1000, mishap: { status: 503 } });
    const ran = await onHub(await hubPlan('curves-outage', {}, 'tester/other-curves'));
    hub.faults.clear();
    expect(ran.code).toBe(0);
    expect(only(ran, 'alarm').map(({ code }) => code)).toContain('curves_local');
  });
});

import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Plan } from '../../scripts/plan/schema.ts';
import type { FileSource } from '../hub/blobs.ts';
import { startHub, type TestHub } from '../hub/server.ts';
import { asLines, FORMATS } from '../support/method-rows.ts';
import type { PlanOverrides } from '../support/plan.ts';
import { copies } from '../support/processes.ts';
import {
  LORA,
  localPlan,
  only,
  QUICKSTART_DATA,
  runTorch,
  temporaryFolder,
  tinyModel,
  train,
} from '../support/training.ts';

/** A run reads the commits that its plan names: here nothing is left of any repository at its newest. */
let hub: TestHub;
beforeAll(async () => {
  hub = await startHub();
});
afterAll(() => hub.close());

const filesIn = async (folder: string): Promise<Record<string, FileSource>> =>
  Object.fromEntries((await readdir(folder)).map((name) => [name, { path: join(folder, name) }]));

/** The commit that has the files; the next one has none. */
async function emptiedRepo(id: string, files: Record<string, FileSource>): Promise<string> {
  const repo = await hub.addRepo({ type: 'model', id, private: true, files });
  const commit = repo.resolve('main')?.sha ?? '';
  const date = '2026-01-01T00:00:00.000Z';
  repo.commit('main', { title: 'Start over', author: 'tester', date, add: new Map(), remove: Object.keys(files) });
  return commit;
}

async function onHub(plan: Plan) {
  const home = await temporaryFolder();
  const env = { ...hub.environment(hub.tokens.write), HF_HUB_OFFLINE: '0', HF_HOME: home };
  const before = hub.requests.length;
  const ran = await train(plan, { env });
  return { ran, home, asked: hub.requests.slice(before).map(({ path }) => path) };
}

async function baseModel(id: string, files?: Record<string, FileSource>): Promise<Partial<Plan['model']>> {
  return { id, source: 'hub', revision: await emptiedRepo(id, files ?? (await filesIn(await tinyModel()))) };
}

describe('a model that changed since the plan', () => {
  it('is trained as it was, and the adapter names its commit', async () => {
    const model = await baseModel('tester/changed');
    const plan = await localPlan(QUICKSTART_DATA, { model, recipe: { mode: 'lora', lora: LORA } });
    const { ran, asked } = await onHub(plan);
    expect({ code: ran.code, alarms: only(ran, 'alarm') }, ran.log.slice(-3000)).toEqual({ code: 0, alarms: [] });
    const adapter = JSON.parse(await readFile(join(plan.output.folder ?? '', 'adapter_config.json'), 'utf8'));
    expect(adapter).toMatchObject({ base_model_name_or_path: 'tester/changed', revision: model.revision });
    // Nothing was asked of the newest commit, not even whether something is there.
    expect(asked.filter((path) => path.includes('main'))).toEqual([]);
  });

  it.each(['full', 'lora'] as const)('%s: so is the template that another lends', async (mode) => {
    const tiny = await filesIn(await tinyModel());
    const template = `{#- lent -#}\n${await readFile(join(await tinyModel(), 'chat_template.jinja'), 'utf8')}`;
    const lender = await emptiedRepo(`tester/lender-${mode}`, { ...tiny, 'chat_template.jinja': template });
    const training_args = { chat_template_path: `tester/lender-${mode}@${lender}` };
    const plan = await localPlan(QUICKSTART_DATA, { recipe: { mode, lora: LORA, training_args } });
    const { ran, asked } = await onHub(plan);
    expect({ code: ran.code, alarms: only(ran, 'alarm') }, ran.log.slice(-3000)).toEqual({ code: 0, alarms: [] });
    expect(await readFile(join(plan.output.folder ?? '', 'chat_template.jinja'), 'utf8')).toContain('lent');
    expect(asked.filter((path) => path.includes('safetensors'))).toEqual([]);
  });

  it('dpo: so is the reference that it is compared with', async () => {
    const file = join(await temporaryFolder(), 'rows.jsonl');
    await writeFile(file, asLines('pairs'));
    const [format, conversational] = FORMATS.pairs;
    const plan = await localPlan(file, {
      method: 'dpo',
      model: await baseModel('tester/compared'),
      dataset: { format, conversational },
    });
    const { ran } = await onHub(plan);
    expect({ code: ran.code, alarms: only(ran, 'alarm') }, ran.log.slice(-3000)).toEqual({ code: 0, alarms: [] });
  });

  const short: PlanOverrides['recipe'] = { total_steps: 2, training_args: { max_steps: 2 } };
  it('two processes: the second finds what the first downloaded', async () => {
    const plan = await localPlan(QUICKSTART_DATA, {
      model: await baseModel('tester/shared'),
      launch: copies,
      recipe: short,
    });
    const { ran, asked } = await onHub(plan);
    expect({ code: ran.code, alarms: only(ran, 'alarm') }, ran.log.slice(-3000)).toEqual({ code: 0, alarms: [] });
    expect(asked.filter((path) => path.includes('/tree/'))).toHaveLength(1);
  });

  it('so is an adapter, and its base', async () => {
    const recipe: PlanOverrides['recipe'] = { mode: 'lora', lora: LORA };
    const first = await localPlan(QUICKSTART_DATA, { recipe });
    expect((await train(first)).code).toBe(0);
    const files = await filesIn(first.output.folder ?? '');
    const saved = Object.fromEntries(Object.entries(files).filter(([name]) => /adapter|token|jinja/.test(name)));
    const adapter = {
      id: 'tester/adapter',
      source: 'hub' as const,
      revision: await emptiedRepo('tester/adapter', saved),
    };
    const plan = await localPlan(QUICKSTART_DATA, { model: { ...(await baseModel('tester/base')), adapter }, recipe });
    const { ran } = await onHub(plan);
    expect({ code: ran.code, alarms: only(ran, 'alarm') }, ran.log.slice(-3000)).toEqual({ code: 0, alarms: [] });
    expect(await readdir(plan.output.folder ?? '')).toContain('model.safetensors');
  });
});

const SPLIT = `
import sys
from transformers import AutoModelForCausalLM
AutoModelForCausalLM.from_pretrained(sys.argv[1]).save_pretrained(sys.argv[2], max_shard_size="1MB")
`;

describe('the Hub away when a run begins', () => {
  it('is waited for; of a model in shards and other formats its shards are downloaded, once', async () => {
    const [folder, tiny] = [await temporaryFolder(), await tinyModel()];
    await runTorch(['-c', SPLIT, tiny, folder]);
    const { 'model.safetensors': whole = '', ...texts } = await filesIn(tiny);
    const shards = await filesIn(folder);
    expect(Object.keys(shards).filter((name) => name.startsWith('model-')).length).toBeGreaterThan(2);
    const others = {
      'pytorch_model.bin': whole,
      'consolidated.safetensors': whole,
      'onnx/config.json': '{}',
      'm.gguf': whole,
    };
    const model = await baseModel('tester/sharded', { ...texts, ...shards, ...others });
    hub.faults.add({ path: /tester\/sharded\/tree/, times: 8, mishap: { status: 503 } });
    hub.faults.add({ path: /tester\/sharded\/resolve/, after: 3, times: 12, mishap: 'drop-before' });
    const plan = await localPlan(QUICKSTART_DATA, { model });
    const { ran, asked } = await onHub(plan);
    hub.faults.clear();
    expect(ran.code, ran.log.slice(-3000)).toBe(0);
    expect(new Set(only(ran, 'alarm').map(({ code }) => code))).toEqual(new Set(['hub_retry']));
    expect(asked.filter((path) => /\.bin|consolidated|onnx|gguf/.test(path))).toEqual([]);
  });
});

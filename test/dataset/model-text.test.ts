import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { CommandContext } from '../../scripts/commands/context.ts';
import { resolveModelText } from '../../scripts/commands/model.ts';
import type { DatasetReport } from '../../scripts/dataset/report.ts';
import { readModelText } from '../../scripts/dataset/tokenizer/model-text.ts';
import { validateDataset } from '../../scripts/dataset/validate.ts';
import { type Hub, hubFromEnvironment } from '../../scripts/hub/client.ts';
import { MAX_TEXT_BYTES } from '../../scripts/hub/model-files.ts';
import { openHubModel } from '../../scripts/hub/models.ts';
import { renderDatasetReport } from '../../scripts/output/dataset-report.ts';
import { seedModel } from '../hub/seed-models.ts';
import { startHub, type TestHub } from '../hub/server.ts';
import { modelFolder } from './tiny-tokenizer.ts';

/** A model's tokenizer and chat template from the Hub and from a folder; whatever fails says nothing about the data. */

const folder = mkdtempSync(join(tmpdir(), 'model-text-'));
const data = join(folder, 'data.jsonl');
const local = modelFolder(join(folder, 'model'));
let hub: TestHub;
let world: Hub;

beforeAll(async () => {
  const turns = [
    { role: 'user', content: 'q' },
    { role: 'assistant', content: 'a' },
  ];
  writeFileSync(data, `${JSON.stringify({ messages: turns })}\n`);
  hub = await startHub();
  world = hubFromEnvironment(hub.environment(hub.tokens.read));
  await seedModel(hub, 'lab/model', local);
  await seedModel(hub, 'lab/gated', local, { gated: 'manual' });
  await seedModel(hub, 'lab/plain', modelFolder(join(folder, 'plain'), { 'tokenizer.json': null }));
  await seedModel(hub, 'lab/broken', modelFolder(join(folder, 'broken'), { 'tokenizer.json': '{"model":' }));
  await hub.addRepo({
    type: 'model',
    id: 'lab/huge',
    files: {
      'tokenizer.json': { head: Buffer.from('{'), size: MAX_TEXT_BYTES + 1 },
      'tokenizer_config.json': '{"eos_token": "<eos>"}',
      'chat_template.jinja': { path: join(local, 'chat_template.jinja') },
    },
  });
});
beforeEach(() => hub.faults.clear());
afterAll(async () => {
  await hub.close();
  rmSync(folder, { recursive: true });
});

async function validate(model: string): Promise<{ report: DatasetReport; shown: string }> {
  const context = {
    hub: world,
    cwd: folder,
    home: folder,
    env: {},
    now: () => new Date(0),
  } as unknown as CommandContext;
  const { text } = await resolveModelText(model, context);
  const options = { method: 'sft' } as const;
  const report = await validateDataset({ reference: data, options, hub: world, cwd: folder, env: {}, model: text });
  return { report, shown: renderDatasetReport(report, data, options) };
}

describe('a model of the Hub', () => {
  it('counts as the same model in a folder', async () => {
    const [there, here] = [await validate('lab/model'), await validate(local)];
    expect(there.report.tokens).toMatchObject({ total: 23, estimated: false, tokenizer: 'lab/model' });
    expect({ ...there.report.tokens, tokenizer: local }).toEqual(here.report.tokens);
    expect(there.report.rendered_example).toEqual(here.report.rendered_example);
    expect(there.shown).toMatch(/tokens: 23 in all.*\(counted by lab\/model\)/);
    expect(there.shown).toContain('<turn>user: q<end><turn>assistant: a<end>');
  });

  it.each<[string, string, RegExp]>([
    ['is gated', 'lab/gated', /not checked: lab\/gated is gated.* \(Accept them at http/],
    ['has no tokenizer.json', 'lab/plain', /Tokens are estimated, not counted with .*has no tokenizer\.json/],
    [
      'has a broken one',
      'lab/broken',
      /Tokens are estimated, not counted with .*tokenizer\.json can't be read.*not valid JSON/,
    ],
    [
      'has one that is too large',
      'lab/huge',
      /Tokens are estimated, not counted with .*tokenizer\.json can't be read.*100 MB/,
    ],
  ])('that %s says nothing about the data', async (_, model, why) => {
    const { report, shown } = await validate(model);
    expect(report.methods.sft?.verdict).toBe('READY');
    expect(report.tokens).toMatchObject({ estimated: true });
    expect(report.notes.join('\n')).toMatch(why);
    expect(shown).toMatch(why);
    expect(shown).toContain('(estimated from characters)');
  });

  it('has its template tried although its tokenizer can not be read', async () => {
    for (const model of ['lab/plain', 'lab/broken', 'lab/huge']) {
      expect((await validate(model)).report.rendered_example?.text).toContain('<turn>user: q<end>');
    }
  });

  it('that answers too late, or breaks off, can not be read', async () => {
    const slow = { path: /resolve\/.*chat_template/, mishap: { delayMs: 400 } };
    hub.faults.add(slow);
    const files = await openHubModel(world, 'lab/model', null, 100);
    await expect(readModelText([files], 0)).rejects.toMatchObject({ kind: 'network', code: 'download_failed' });
    hub.faults.clear();
    hub.faults.add({ path: /resolve\/.*chat_template/, times: 9, mishap: { truncate: 5 } });
    const { report } = await validate('lab/model');
    expect(report.methods.sft?.verdict).toBe('READY');
    expect(report.notes.join('\n')).toMatch(/not checked: chat_template\.jinja of .* could not be downloaded/);
  });
});

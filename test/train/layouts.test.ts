import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import cases from '../dataset/fixtures/layouts.json' with { type: 'json' };
import { testPython } from '../support/python.ts';

/** The recorded layouts (test/dataset/layout.test.ts) against `load_dataset` itself, on real files with rows. */
it('are what load_dataset makes of them', async () => {
  const python = await testPython(['huggingface_hub==2.4.0', 'datasets==5.2.0']);
  const script = fileURLToPath(new URL('python/layouts.py', import.meta.url));
  const home = mkdtempSync(join(tmpdir(), 'layouts-'));
  const { status, stdout, stderr } = spawnSync(python, [script], {
    input: readFileSync(new URL('../dataset/fixtures/layouts.json', import.meta.url)),
    encoding: 'utf8',
    env: { PATH: process.env.PATH, HOME: home, HF_HOME: home, HF_HUB_OFFLINE: '1' },
  });
  rmSync(home, { recursive: true, force: true });
  expect(status, stderr.slice(-2000)).toBe(0);
  expect(JSON.parse(stdout)).toEqual(Object.fromEntries(cases.map(({ name, outcome }) => [name, outcome])));
});

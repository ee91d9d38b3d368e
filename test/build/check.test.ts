import { spawnSync } from 'node:child_process';
import { appendFileSync, cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { commandLines } from '../../build/checks/commands.ts';
import { checkPackageJson, checkProse, readPack } from '../../build/pack.ts';
import { treeOf } from '../../build/tree.ts';

const root = resolve(import.meta.dirname, '../..');

describe('npm run build -- --check', () => {
  const copy = mkdtempSync(join(tmpdir(), 'hf-llm-trainer-build-'));
  const check = () =>
    spawnSync(process.execPath, ['--import', 'tsx', 'build/main.ts', '--check'], { cwd: copy, encoding: 'utf8' });

  beforeAll(() => {
    cpSync(root, copy, { recursive: true, filter: (path) => !/[\\/](node_modules|\.git|\.cache)$/.test(path) });
    symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'), 'junction');
  });
  afterAll(() => rmSync(copy, { recursive: true, force: true }));

  it('names what is stale, missing and superfluous, with the command that mends it', () => {
    appendFileSync(join(copy, 'AGENTS.md'), 'by hand\n');
    rmSync(join(copy, 'gemini-extension.json'));
    writeFileSync(join(copy, 'policies/old.toml'), '');
    const { status, stderr } = check();
    expect(status).toBe(1);
    // Another file may be stale too while someone works on the sources; `npm test` then fails before this.
    expect(stderr.trim().split('\n')).toEqual(
      expect.arrayContaining([
        'AGENTS.md: stale; mend it with: npm run build',
        'gemini-extension.json: missing; mend it with: npm run build',
        'policies/old.toml: superfluous; mend it with: npm run build',
      ]),
    );
  });
});

describe('checkPackageJson', () => {
  it('names the line of what differs from build/pack.json', () => {
    const pack = { ...readPack(root), version: '9.9.9' };
    expect(checkPackageJson(root, pack)).toEqual([
      {
        file: 'package.json',
        line: 3,
        message: `version is "${readPack(root).version}", build/pack.json says "9.9.9"`,
      },
    ]);
  });
});

describe('checkProse', () => {
  const tree = treeOf(root);
  it.each([
    ['as it is', {}, []],
    ['another licence', { license: 'MIT' }, ['skills/hf-llm-trainer/SKILL.md']],
    ['another marketplace', { marketplace: 'other' }, ['README.md', 'README.md']],
  ])('%s', (_, change, files) => {
    expect(checkProse(tree, { ...readPack(root), ...change }).map(({ file }) => file)).toEqual(files);
  });
});

describe('the commands in the documents', () => {
  // The build parses each with the CLI; this notices when it stops finding them.
  it.each([
    ['README.md', 10],
    ['CONTRIBUTING.md', 2],
    ['skills/hf-llm-trainer/SKILL.md', 5],
    ['skills/hf-llm-trainer/references/training_methods.md', 1],
    ['skills/hf-llm-trainer/references/dataset_formats.md', 2],
    ['skills/hf-llm-trainer/references/hardware_guide.md', 2],
  ])('%s has at least %i', (file, least) => {
    const commands = commandLines(treeOf(root).read(file)).filter(({ command }) =>
      /hf-llm-trainer(\.mjs)? |npm /.test(command),
    );
    expect(commands.length).toBeGreaterThanOrEqual(least);
  });
});

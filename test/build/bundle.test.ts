import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { build, type Metafile } from 'esbuild';
import { afterAll, describe, expect, it } from 'vitest';
import { bundleRuntime, MAX_BUNDLE_BYTES } from '../../build/bundle.ts';
import { readPack } from '../../build/pack.ts';
import { createProgram } from '../../scripts/cli.ts';

const root = resolve(import.meta.dirname, '../..');
const pack = readPack(root);

describe('the bundled runtime', () => {
  const empty = mkdtempSync(join(tmpdir(), 'hf-llm-trainer-bundle-'));
  afterAll(() => rmSync(empty, { recursive: true, force: true }));

  it('has the same bytes each time, and few enough', async () => {
    const [first, second] = await Promise.all([bundleRuntime(root, pack), bundleRuntime(root, pack)]);
    expect(first.code === second.code).toBe(true);
    expect(Buffer.byteLength(first.code)).toBeLessThan(MAX_BUNDLE_BYTES);
    expect(first.code).not.toContain(root);
  });

  it('runs from a copy of the skill alone, in an empty folder', () => {
    cpSync(join(root, 'skills', pack.name), join(empty, 'skill'), { recursive: true });
    const script = join(empty, 'skill/scripts', `${pack.name}.mjs`);
    const run = (...args: string[]) => spawnSync(process.execPath, [script, ...args], { cwd: empty, encoding: 'utf8' });
    expect(run('--version')).toMatchObject({ status: 0, stdout: `${pack.version}\n`, stderr: '' });
    const help = run('--help').stdout;
    const visible = createProgram().createHelp().visibleCommands(createProgram());
    for (const command of visible) expect(help).toContain(`  ${command.name()} `);
    expect(run('no-such-command').status).toBe(2);
  });

  it('imports nothing but Node', () => {
    const code = readFileSync(join(root, 'skills', pack.name, 'scripts', `${pack.name}.mjs`), 'utf8');
    const imported = [...code.matchAll(/(?:^|[;}\n])import(?:[\w$*{},\s]+from)?\s*["']([^"']+)["']/g)].map(
      (match) => match[1],
    );
    expect(imported.length).toBeGreaterThan(0);
    expect(imported.filter((name) => !name?.startsWith('node:') && !builtinModules.includes(name ?? ''))).toEqual([]);
  });

  it('loads at start-up only the libraries that every command needs', async () => {
    const { metafile } = await build({
      absWorkingDir: root,
      entryPoints: ['scripts/main.ts'],
      bundle: true,
      platform: 'node',
      format: 'esm',
      loader: { '.py': 'text' },
      metafile: true,
      write: false,
    });
    expect(packagesAtStart(metafile, 'scripts/main.ts')).toEqual(['commander', 'is-network-error', 'p-retry']);
  });
});

/** Packages reached from the entry by imports that aren't dynamic. */
function packagesAtStart({ inputs }: Metafile, entry: string): string[] {
  const seen = new Set<string>();
  const queue = [entry];
  for (let file = queue.pop(); file; file = queue.pop()) {
    if (seen.has(file)) continue;
    seen.add(file);
    for (const { path, kind, external } of inputs[file]?.imports ?? []) {
      if (kind !== 'dynamic-import' && !external) queue.push(path);
    }
  }
  const names = [...seen].map((file) => /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1]);
  return [...new Set(names.filter((name) => name !== undefined))].sort();
}

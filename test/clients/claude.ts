import { join } from 'node:path';
import * as z from 'zod';
import type { Pack } from '../../build/pack.ts';
import { type Bench, includes, type Row, rowsOf, run, succeeded } from './client.ts';

const Installed = z.array(
  z.object({ id: z.string(), version: z.string(), enabled: z.boolean(), installPath: z.string() }),
);
const Init = z.object({
  type: z.literal('system'),
  skills: z.array(z.string()),
  plugins: z.array(z.object({ name: z.string() })),
});

/** Claude Code: validation, a real install, what a session starts with, and the hook as it was installed. */
export function checkClaude(bench: Bench, pack: Pack): Row[] {
  const { rows, expect } = rowsOf('claude');
  const { empty } = bench;
  const id = `${pack.name}@${pack.marketplace}`;
  const claude = (cwd: string, ...args: string[]) => run(bench, cwd, 'claude', args);

  expect('validate --strict (marketplace)', () => succeeded(claude(bench.pack, 'plugin', 'validate', '--strict', '.')));
  expect('validate --strict (plugin)', () =>
    succeeded(claude(bench.pack, 'plugin', 'validate', '--strict', '.claude-plugin/plugin.json')),
  );
  expect('marketplace add', () => succeeded(claude(empty, 'plugin', 'marketplace', 'add', bench.pack)));
  expect('install', () => succeeded(claude(empty, 'plugin', 'install', id)));
  let installPath = '';
  expect('installed, enabled, this version', () => {
    const found = Installed.parse(JSON.parse(claude(empty, 'plugin', 'list', '--json').stdout)).find(
      (plugin) => plugin.id === id,
    );
    installPath = found?.installPath ?? '';
    return (found?.enabled === true && found.version === pack.version) || JSON.stringify(found ?? 'not installed');
  });
  const details = claude(empty, 'plugin', 'details', pack.name).all;
  expect('one skill, by name', () => includes(details, `Skills (1)  ${pack.name}`));
  expect('one hook, PreToolUse', () => includes(details, 'Hooks (1)  PreToolUse'));
  expect('a session starts with skill and plugin', () => {
    const first = claude(empty, '-p', 'hi', '--output-format', 'stream-json', '--verbose').stdout.split('\n')[0] ?? '';
    const { skills, plugins } = Init.parse(JSON.parse(first));
    if (!plugins.some(({ name }) => name === pack.name)) return `plugins: ${JSON.stringify(plugins)}`;
    return skills.includes(`${pack.name}:${pack.name}`) || `skills: ${skills.join(', ')}`;
  });
  const hook = (command: string) =>
    run(
      bench,
      empty,
      process.execPath,
      [join(installPath, '.claude-plugin/ask-first.mjs')],
      JSON.stringify({ tool_name: 'Bash', tool_input: { command } }),
    );
  expect('the installed hook asks before submit', () =>
    includes(hook(`node ${installPath}/skills/${pack.name}/scripts/${pack.name}.mjs submit plan.json`).stdout, '"ask"'),
  );
  expect('and is silent on status', () => hook(`${pack.name} status`).all === '' || hook(`${pack.name} status`).all);
  return rows;
}

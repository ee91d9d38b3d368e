import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import type { Pack } from '../../build/pack.ts';
import { type Bench, includes, type Row, rowsOf, run, succeeded } from './client.ts';

const Added = z.object({ pluginId: z.string(), version: z.string(), installedPath: z.string() });
const Decision = z.object({ decision: z.string().optional() });

/** Codex: a real install, the prompt that the model would see, AGENTS.md in a clone, the rules as it reads them. */
export function checkCodex(bench: Bench, pack: Pack): Row[] {
  const { rows, expect } = rowsOf('codex');
  const id = `${pack.name}@${pack.marketplace}`;
  const codex = (cwd: string, ...args: string[]) => run(bench, cwd, 'codex', args);

  expect('marketplace add', () => succeeded(codex(bench.empty, 'plugin', 'marketplace', 'add', bench.pack, '--json')));
  let installedPath = '';
  expect('plugin add, this version', () => {
    const added = Added.parse(JSON.parse(codex(bench.empty, 'plugin', 'add', id, '--json').stdout));
    installedPath = added.installedPath;
    return (added.pluginId === id && added.version === pack.version) || JSON.stringify(added);
  });
  expect('the prompt lists the skill', () =>
    includes(codex(bench.empty, 'debug', 'prompt-input', 'hi').stdout, `- ${pack.name}:${pack.name}: Use when`),
  );
  expect('it takes no hook meant for another client', () => {
    const answers = appServer(bench, 'hooks/list').split('\n');
    const answer = answers.find((line) => line.startsWith('{"id":2')) ?? '';
    return includes(answer, '"hooks":[]');
  });
  // AGENTS.md counts from the root of a git repository.
  run(bench, bench.pack, 'git', ['init', '--quiet']);
  expect('the prompt in a clone holds AGENTS.md to its end', () => {
    const last = readFileSync(join(bench.pack, 'AGENTS.md'), 'utf8').trim().split('\n').at(-1) ?? '';
    return includes(codex(bench.pack, 'debug', 'prompt-input', 'hi').stdout, JSON.stringify(last).slice(1, -1));
  });
  const home = bench.env.HOME ?? '';
  const rules = join(bench.empty, 'trainer.rules');
  expect('the rules, with the home folder put in', () => {
    const text = readFileSync(join(bench.pack, `.codex/rules/${pack.name}.rules`), 'utf8');
    writeFileSync(rules, text.replaceAll('@HOME@', home));
    return true;
  });
  const decision = (...command: string[]): string => {
    const { stdout, all } = codex(bench.empty, 'execpolicy', 'check', '--rules', rules, ...command);
    return stdout === '' ? all : (Decision.parse(JSON.parse(stdout)).decision ?? 'none');
  };
  const script = `skills/${pack.name}/scripts/${pack.name}.mjs`;
  for (const [expected, ...command] of [
    ['prompt', 'node', script, 'submit', 'plan.json'],
    ['prompt', 'node', join(installedPath, script), 'cancel', 'job'],
    ['prompt', pack.name, 'submit', 'plan.json'],
    ['none', 'node', join(installedPath, script), 'status'],
  ]) {
    const shown = command.map((word) => word.replace(home, '~')).join(' ');
    expect(`rule: ${expected} for ${shown}`, () => decision(...command) === expected || decision(...command));
  }
  return rows;
}

/** One request to the app server, which an editor would send. */
function appServer(bench: Bench, method: string): string {
  const messages = [
    { id: 1, method: 'initialize', params: { clientInfo: { name: 'check', version: '1' } } },
    { method: 'initialized' },
    { id: 2, method, params: { cwds: [bench.empty] } },
  ].map((message) => `printf '%s\\n' '${JSON.stringify({ jsonrpc: '2.0', ...message })}'`);
  // The server ends with its input, so that stays open until it has answered.
  return run(bench, bench.empty, 'sh', ['-c', `{ ${messages.join('; ')}; sleep 5; } | codex app-server`]).stdout;
}

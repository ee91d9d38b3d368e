import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Pack } from '../../build/pack.ts';
import { type Bench, includes, type Row, rowsOf, run, succeeded } from './client.ts';

/** Gemini CLI: validation, a real install, its skill and context file, and its own policy engine on our policy. */
export function checkGemini(bench: Bench, pack: Pack): Row[] {
  const { rows, expect } = rowsOf('gemini');
  const gemini = (...args: string[]) => run(bench, bench.empty, 'gemini', args);

  expect('extensions validate', () => succeeded(gemini('extensions', 'validate', bench.pack)));
  expect('extensions install', () => succeeded(gemini('extensions', 'install', bench.pack, '--consent')));
  const list = gemini('extensions', 'list', '-o', 'json').all;
  expect('installed, this version', () => {
    const named = includes(list, `"name": "${pack.name}"`);
    return named === true ? includes(list, `"version": "${pack.version}"`) : named;
  });
  expect('the context file is loaded', () => includes(list, `${pack.name}/GEMINI.md"`));
  expect('the skill is loaded', () => {
    const skills = gemini('skills', 'list', '--all').all;
    const named = includes(skills, `${pack.name} [Enabled]`);
    return named === true ? includes(skills, `extensions/${pack.name}/skills/${pack.name}/SKILL.md`) : named;
  });
  // With every shell command allowed otherwise, as in its YOLO mode.
  const policies = join(bench.env.HOME ?? '', '.gemini/extensions', pack.name, 'policies');
  for (const [expected, command] of [
    [
      'ask_user',
      `node ~/.gemini/extensions/${pack.name}/skills/${pack.name}/scripts/${pack.name}.mjs submit plan.json`,
    ],
    ['ask_user', `cd a && node "b c/${pack.name}.mjs" cancel job`],
    ['ask_user', `bash -c "${pack.name} --json submit plan.json"`],
    ['ask_user', `T=a/${pack.name}.mjs; node $T submit plan.json`],
    ['allow', `${pack.name} plan --output-repo me/submit`],
    ['allow', `${pack.name} status --watch`],
  ] as const) {
    expect(`policy: ${expected} for ${command}`, () => {
      const { stdout, all } = run(bench, bench.empty, process.execPath, [
        '-e',
        decide(bench.modules, policies, command),
      ]);
      return stdout.split('\n').includes(`decision=${expected}`) || all;
    });
  }
  return rows;
}

/** The client's own engine, from its bundle, with the policies as it would load them from an extension. */
function decide(modules: string, policies: string, command: string): string {
  const bundle = join(modules, '@google/gemini-cli/bundle');
  const cores = readdirSync(bundle).filter((file) => /^core-.*\.js$/.test(file));
  const urls = cores.map((file) => pathToFileURL(join(bundle, file)).href);
  return `(async () => {
    for (const url of ${JSON.stringify(urls)}) {
      const core = await import(url);
      if (!core.PolicyEngine || !core.loadExtensionPolicies) continue;
      const { rules, errors } = await core.loadExtensionPolicies('x', ${JSON.stringify(policies)});
      if (errors.length > 0) throw new Error(JSON.stringify(errors));
      const allowed = { toolName: 'run_shell_command', decision: 'allow', priority: 1.998 };
      const engine = new core.PolicyEngine({ rules: [...rules, allowed], defaultDecision: 'allow', approvalMode: 'yolo' });
      const call = { name: 'run_shell_command', args: { command: ${JSON.stringify(command)} } };
      console.log('decision=' + (await engine.check(call)).decision);
      return;
    }
    throw new Error('no policy engine in this version');
  })()`;
}

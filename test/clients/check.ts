import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { readPack } from '../../build/pack.ts';
import { checkClaude } from './claude.ts';
import { benchIn, type Row } from './client.ts';
import { checkCodex } from './codex.ts';
import { checkGemini } from './gemini.ts';

/** The versions that this was last seen to pass with. */
const CLIENTS = {
  '@anthropic-ai/claude-code': '2.1.329',
  '@google/gemini-cli': '0.61.0',
  '@openai/codex': '0.169.0',
};

/**
 * Loads the pack into the real clients, in a fresh home and without a login: `npm run test:clients`.
 * By default as git has it (HEAD); `--working-tree` takes what lies here, committed or not.
 */
function main(argv: string[]): number {
  const root = resolve(import.meta.dirname, '../..');
  const { values } = parseArgs({
    args: argv,
    options: {
      'working-tree': { type: 'boolean', default: false },
      /** Where the clients are installed, about 1 GB; kept for the next time. */
      cache: { type: 'string', default: join(root, '.cache/clients') },
    },
  });
  const modules = installClients(resolve(values.cache));
  const folder = mkdtempSync(join(tmpdir(), 'hf-llm-trainer-clients-'));
  try {
    const pack = join(folder, 'pack');
    mkdirSync(pack);
    const source = values['working-tree']
      ? 'git ls-files -zco --exclude-standard | tar -c --null -T -'
      : 'git archive HEAD';
    sh(`set -o pipefail; ${source} | tar -x -C "$0"`, root, pack);
    const bench = benchIn(folder, pack, modules, process.env.PATH ?? '');
    const facts = readPack(pack);
    const rows = [checkClaude, checkCodex, checkGemini].flatMap((check) => check(bench, facts));
    for (const row of rows) console.log(render(row));
    const failed = rows.filter((row) => !row.ok).length;
    console.log(`${rows.length - failed} passed, ${failed} failed`);
    return rows.length === 0 || failed > 0 ? 1 : 0;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const render = ({ client, what, ok, seen }: Row): string =>
  `${ok ? 'ok  ' : 'FAIL'}  ${client.padEnd(6)}  ${what}${ok ? '' : `\n      ${seen}`}`;

/** npm skips what is there already. Returns the folder with the packages. */
function installClients(cache: string): string {
  mkdirSync(cache, { recursive: true });
  if (!existsSync(join(cache, 'package.json'))) writeFileSync(join(cache, 'package.json'), '{"private":true}\n');
  const packages = Object.entries(CLIENTS).map(([name, version]) => `${name}@${version}`);
  sh(`npm install --no-audit --no-fund --loglevel=error ${packages.join(' ')}`, cache);
  return join(cache, 'node_modules');
}

function sh(command: string, cwd: string, argument = ''): void {
  const { status } = spawnSync('bash', ['-c', command, argument], { cwd, stdio: ['ignore', 'inherit', 'inherit'] });
  if (status !== 0) throw new Error(`${command}: exit code ${status}`);
}

process.exitCode = main(process.argv.slice(2));

import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** One thing that a client has to do with the pack, and whether it did. */
export interface Row {
  client: string;
  what: string;
  ok: boolean;
  /** What was seen instead, on one line. */
  seen: string;
}

/** Where a client is tried: nothing of the person's own settings is near. */
export interface Bench {
  /** The pack as it would be cloned. */
  pack: string;
  /** A folder with nothing in it, to start the client in. */
  empty: string;
  /** node_modules of the installed clients. */
  modules: string;
  env: NodeJS.ProcessEnv;
}

export interface Ran {
  status: number | null;
  stdout: string;
  /** stdout and stderr: clients differ in where they write. */
  all: string;
}

export function benchIn(folder: string, pack: string, modules: string, path: string): Bench {
  const home = join(folder, 'home');
  const empty = join(folder, 'empty');
  for (const made of [home, empty]) mkdirSync(made, { recursive: true });
  return {
    pack,
    empty,
    modules,
    env: {
      HOME: home,
      USERPROFILE: home,
      PATH: [join(modules, '.bin'), path].join(delimiter),
      DISABLE_TELEMETRY: '1',
      DO_NOT_TRACK: '1',
      // gemini asks whether the folder is trusted, and waits for an answer that nobody gives.
      GEMINI_CLI_TRUST_WORKSPACE: 'true',
      NO_COLOR: '1',
    },
  };
}

export function run(bench: Bench, cwd: string, command: string, args: readonly string[], input = ''): Ran {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd,
    env: bench.env,
    input,
    encoding: 'utf8',
    timeout: 120_000,
    maxBuffer: 64e6,
  });
  return { status, stdout: stdout ?? '', all: `${stdout ?? ''}${stderr ?? ''}${error ? `\n${error.message}` : ''}` };
}

/** Rows of one client. A check that throws is a row that failed. */
export function rowsOf(client: string): { rows: Row[]; expect: (what: string, check: () => true | string) => void } {
  const rows: Row[] = [];
  return {
    rows,
    expect: (what, check) => {
      let seen: true | string;
      try {
        seen = check();
      } catch (error) {
        seen = error instanceof Error ? error.message : String(error);
      }
      rows.push({ client, what, ok: seen === true, seen: seen === true ? '' : oneLine(seen) });
    },
  };
}

/** True, or the end of what the client said. */
export const succeeded = ({ status, all }: Ran): true | string =>
  status === 0 || `exit code ${status}: ${all.trim().slice(-400)}`;

export const includes = (text: string, part: string): true | string =>
  text.includes(part) || `no ${JSON.stringify(part)} in: ${text.trim().slice(-400)}`;

const oneLine = (text: string): string => text.replace(/\s+/g, ' ').slice(0, 500);

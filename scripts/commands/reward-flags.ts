import { readFile } from 'node:fs/promises';
import { basename, isAbsolute, resolve } from 'node:path';
import * as z from 'zod';
import { errorMessage, TrainerError } from '../errors.ts';
import { sha256 } from '../plan/digest.ts';
import { Json, type JsonValue } from '../plan/json.ts';
import { BUILT_IN_REWARDS, type BuiltInReward, type Reward } from '../plan/reward.ts';
import { preview } from '../printable.ts';
import { answerColumn, testColumn } from './reward-columns.ts';

/**
 * `--reward`, repeated: `name` or `file.py:function`, then options: `math:column=answer`,
 * `length:maximum=300,weight=0.2`, `regex:pattern=^\d+$`, `mine.py:score:column=none`.
 * `columns` are those that the trainer sees. Throws TrainerError `usage`.
 */
export async function readRewards(
  flags: readonly string[],
  { cwd, columns }: { cwd: string; columns: readonly string[] },
): Promise<Reward[]> {
  return Promise.all(flags.map((flag) => readReward(flag, cwd, columns)));
}

/** With the paths of files made absolute: a plan that starts from this one may be made in another folder. */
export const absoluteRewards = (flags: readonly string[], cwd: string): string[] =>
  flags.map((flag) => {
    const file = OWN.exec(flag)?.[1];
    return file === undefined || isAbsolute(file) ? flag : resolve(cwd, file) + flag.slice(file.length);
  });

const OWN = /^(.+\.py):([^:,=]*)(?::(.*))?$/s;
const BUILT_IN = /^([^:]+)(?::(.*))?$/s;

async function readReward(flag: string, cwd: string, columns: readonly string[]): Promise<Reward> {
  const own = OWN.exec(flag);
  if (own) {
    const [, path = '', name = '', options] = own;
    const source = await readSource(resolve(cwd, path), flag);
    if (!/^[A-Za-z_]\w*$/.test(name)) throw bad(flag, `"${preview(name)}" is no name of a function`);
    if (!new RegExp(`^\\s*(async\\s+)?def\\s+${name}\\b|^${name}\\s*=`, 'm').test(source)) {
      throw bad(flag, `${preview(path, 200)} has no function ${name}`);
    }
    const { column, weight, parameters } = readOptions(flag, options, columns, { example: z.string() });
    return {
      kind: 'file',
      file: basename(path),
      function: name,
      source,
      sha256: sha256(source),
      column: column ?? null, // what it reads, and what is right, is its own business
      parameters,
      weight,
    };
  }
  const [, name = '', options] = BUILT_IN.exec(flag) ?? [];
  const known = BUILT_IN_REWARDS.find((one) => one === name);
  if (!known) {
    if (name.endsWith('.py')) throw bad(flag, 'which function of the file?', `--reward ${name}:<function>`);
    throw bad(flag, `there is no reward "${preview(name)}"`);
  }
  const read = readOptions(flag, options, columns, PARAMETERS[known]);
  const column = read.column ?? columnFor(known, columns, read.parameters);
  if (column === undefined) throw noColumn(flag, known, columns);
  checkTogether(flag, known, read.parameters);
  return { kind: 'builtin', name: known, column, parameters: read.parameters, weight: read.weight };
}

const count = z.number().int().positive();
const PARAMETERS: Record<BuiltInReward, Record<string, z.ZodType>> = {
  exact: {},
  math: {},
  code: {
    entry_point: z.string(),
    seconds: count.max(60),
    megabytes: count.min(64),
    cases: count,
    partial: z.boolean(),
  },
  format: { tags: z.array(z.string().regex(/^\w+$/)).min(1) },
  regex: { pattern: z.string(), full: z.boolean(), example: z.string() },
  length: { target: count, maximum: count, unit: z.enum(['tokens', 'characters']) },
  json_schema: { schema: z.record(z.string(), Json), example: z.string() },
};

function columnFor(name: BuiltInReward, columns: readonly string[], parameters: object): string | null | undefined {
  if (name === 'exact' || name === 'math') return answerColumn(columns) ?? undefined;
  if (name === 'code') return testColumn(columns) ?? undefined;
  if (name === 'json_schema' && !('schema' in parameters)) return undefined;
  return null;
}

function checkTogether(flag: string, name: BuiltInReward, parameters: object): void {
  if (name === 'regex' && !('pattern' in parameters))
    throw bad(flag, 'it needs a pattern', '--reward regex:pattern=...');
  if (name === 'length' && 'target' in parameters === 'maximum' in parameters) {
    throw bad(flag, 'it needs a target or a maximum', '--reward length:maximum=300');
  }
}

interface Options {
  column: string | null | undefined;
  weight: number;
  parameters: Record<string, JsonValue>;
}

/** `a=1,b=x`: values are JSON where they can be read as such, else text. A comma splits only before `name=`. */
function readOptions(
  flag: string,
  text: string | undefined,
  columns: readonly string[],
  known: Record<string, z.ZodType>,
): Options {
  const options: Options = { column: undefined, weight: 1, parameters: {} };
  for (const option of text ? text.split(/,(?=\w+=)/) : []) {
    const [, key = '', value = ''] = /^(\w+)=(.*)$/s.exec(option) ?? [];
    const kind = known[key];
    if (key === 'column') {
      options.column = value === 'none' ? null : value;
      if (options.column !== null && !columns.includes(value)) throw noSuchColumn(flag, value, columns);
    } else if (key === 'weight') {
      options.weight = Number(value);
      if (value.trim() === '' || !Number.isFinite(options.weight)) throw bad(flag, `its weight ${value} is no number`);
    } else if (kind) {
      options.parameters[key] = [jsonOf(value), value].find((one) => kind.safeParse(one).success) ?? null;
      if (options.parameters[key] === null) throw bad(flag, `${key}=${preview(value)} is not what it takes`);
    } else {
      const names = ['column', 'weight', ...Object.keys(known)].join(', ');
      throw bad(flag, `"${preview(option)}" is no option of it`, `Options: ${names}.`);
    }
  }
  return options;
}

function jsonOf(text: string): JsonValue | undefined {
  try {
    return Json.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

async function readSource(path: string, flag: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw bad(flag, `it can't be read: ${errorMessage(cause)}`);
  }
}

function bad(flag: string, why: string, hint?: string): TrainerError {
  return new TrainerError(
    'usage',
    'bad_reward',
    `--reward ${preview(flag, 200)}: ${why}`,
    hint ?? `Rewards: ${BUILT_IN_REWARDS.join(', ')}, or a function of your own: --reward file.py:function`,
  );
}

const listed = (columns: readonly string[]): string => columns.map((name) => preview(name, 40)).join(', ');

const noSuchColumn = (flag: string, name: string, columns: readonly string[]): TrainerError =>
  bad(
    flag,
    `the rows that the trainer sees have no column "${preview(name)}"`,
    `Their columns: ${listed(columns)}. With --map, map that one, too: --map ${preview(name)}=...`,
  );

const noColumn = (flag: string, name: BuiltInReward, columns: readonly string[]): TrainerError =>
  bad(
    flag,
    `which column says what is right? It has: ${listed(columns)}`,
    `--reward ${name}:column=<one of them>. With --map, that column has to be mapped, too.`,
  );

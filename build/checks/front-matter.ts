import matter from 'gray-matter';
import * as z from 'zod';
import { errorMessage } from '../../scripts/errors.ts';
import type { Problem } from '../problem.ts';

/**
 * A skill's front matter, by the Agent Skills specification (agentskills.io) and by what clients really read:
 * some take YAML apart by hand, so a value stands on its key's line.
 */
const NAME = /^[a-z0-9]+(-[a-z0-9]+)*$/;
const FIELDS = ['name', 'description', 'license', 'compatibility', 'metadata', 'allowed-tools'];
const LIMITS = { name: 64, description: 1024, compatibility: 500 } as const;

export interface FrontMatter {
  description: string;
  /** The text after the front matter. */
  body: string;
  problems: Problem[];
}

export function readFrontMatter(text: string, file: string, folder: string): FrontMatter {
  const problems: Problem[] = [];
  const lines = text.split('\n');
  const close = lines.indexOf('---', 1);
  const report = (line: number, message: string): void => void problems.push({ file, line, message });
  // `---js` would make gray-matter run the front matter as code.
  if (lines[0] !== '---' || close < 0) {
    report(1, lines[0] === '---' ? 'front matter is not closed by `---`' : 'the first line must be `---`');
    return { description: '', body: text, problems };
  }
  const yaml = lines.slice(1, close);
  for (const [index, line] of yaml.entries()) {
    const key = /^([\w-]+):\s*(.*)$/.exec(line);
    if (key && /^[>|]/.test(key[2] ?? '')) report(index + 2, `${key[1]}: folded or block text; put it on one line`);
    else if (!key && /^\s+\S/.test(line) && ownerOf(yaml, index) !== 'metadata') {
      report(index + 2, 'a value goes on over several lines; put it on one line');
    }
  }
  let data: unknown;
  try {
    data = matter(text, { language: 'yaml', engines: { javascript: refuseCode } }).data;
  } catch (error) {
    const yamlError = YamlError.catch({ reason: errorMessage(error), mark: { line: 0 } }).parse(error);
    report(yamlError.mark.line + 1, `not YAML: ${yamlError.reason}; does a value with ": " in it lack quotes?`);
    return { description: '', body: lines.slice(close + 1).join('\n'), problems };
  }
  const fields = z.record(z.string(), z.unknown()).catch({}).parse(data);
  const lineOf = (key: string): number => Math.max(yaml.findIndex((line) => line.startsWith(`${key}:`)) + 2, 1);
  const string = (key: string, value: unknown, max?: number): string => {
    if (typeof value !== 'string' || value.trim() === '') report(lineOf(key), `${key} is missing or not text`);
    else if (max && value.length > max) report(lineOf(key), `${key} has ${value.length} characters, at most ${max}`);
    return typeof value === 'string' ? value : '';
  };

  for (const key of Object.keys(fields)) {
    if (!FIELDS.includes(key)) report(lineOf(key), `unknown field ${key}; known: ${FIELDS.join(', ')}`);
  }
  const name = string('name', fields.name, LIMITS.name);
  if (name && !NAME.test(name)) report(lineOf('name'), `name ${name} is not lower-case words joined by hyphens`);
  if (name && name !== folder) report(lineOf('name'), `name ${name} is not the folder's name, ${folder}`);
  const description = string('description', fields.description, LIMITS.description);
  if ('license' in fields) string('license', fields.license);
  if ('compatibility' in fields) string('compatibility', fields.compatibility, LIMITS.compatibility);
  if ('allowed-tools' in fields) string('allowed-tools', fields['allowed-tools']);
  if ('metadata' in fields && !z.record(z.string(), z.string()).safeParse(fields.metadata).success) {
    report(lineOf('metadata'), 'metadata maps text to text');
  }
  return { description, body: lines.slice(close + 1).join('\n'), problems };
}

/** js-yaml's; `line` counts from 0 at the opening `---`. */
const YamlError = z.object({ reason: z.string(), mark: z.object({ line: z.number() }) });

/** The unindented key that an indented line belongs to. */
function ownerOf(yaml: readonly string[], index: number): string | undefined {
  const owner = yaml.slice(0, index).findLast((line) => /^[\w-]+:/.test(line));
  return owner?.slice(0, owner.indexOf(':'));
}

function refuseCode(): never {
  throw new Error('front matter that is code is refused');
}

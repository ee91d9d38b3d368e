import { type Command, CommanderError } from 'commander';
import { errorMessage } from '../../scripts/errors.ts';
import { EXECUTABLE } from '../guard/guarded.ts';
import { parseMarkdown } from '../markdown.ts';
import type { Problem } from '../problem.ts';

const SHELL = new Set(['sh', 'bash', 'shell', 'console', 'powershell']);

export interface KnownCommands {
  /** A fresh one for each parse: commander keeps what it parsed. */
  createProgram: () => Command;
  npmScripts: readonly string[];
}

/**
 * Every `hf-llm-trainer ...` in a shell block or in inline code is parsed by the CLI itself, which then does
 * nothing; every `npm run x` is a script of package.json. `<placeholders>` and `...` stand for any word.
 */
export function checkCommands(text: string, file: string, known: KnownCommands): Problem[] {
  const problems: Problem[] = [];
  for (const { line, command } of commandLines(text)) {
    const complaint = complaintAbout(command, known);
    if (complaint) problems.push({ file, line, message: `\`${command}\`: ${complaint}` });
  }
  return problems;
}

/** One shell command a line, continuation lines joined, prompts and comments taken off. */
export function commandLines(text: string): { line: number; command: string }[] {
  const { blocks, inlineCode } = parseMarkdown(text);
  const found = inlineCode.map(({ code, line }) => ({ line, command: code }));
  for (const { lang, code, line } of blocks) {
    if (!SHELL.has(lang)) continue;
    let start = line;
    let joined = '';
    for (const [index, row] of code.split('\n').entries()) {
      if (joined === '') start = line + index;
      joined += row;
      if (joined.endsWith('\\')) {
        joined = `${joined.slice(0, -1)} `;
        continue;
      }
      for (const command of joined.split(/\s(?:&&|\|\||\||;)\s/)) found.push({ line: start, command: command.trim() });
      joined = '';
    }
  }
  return found.map(({ line, command }) => ({ line, command: command.replace(/^[$>] /, '').replace(/\s#.*$/, '') }));
}

function complaintAbout(command: string, { createProgram, npmScripts }: KnownCommands): string | null {
  const words = (command.match(/"[^"]*"|'[^']*'|<[^>]*>|\S+/g) ?? []).map((word) =>
    word.replace(/^["'](.*)["']$/, '$1'),
  );
  if (words[0] === 'npm' && words[1] === 'run' && words[2] && !npmScripts.includes(words[2])) {
    return `package.json has no script ${words[2]}`;
  }
  const program = words.findIndex((word) => word.replace(/^.*\//, '').replace(/\.mjs$/, '') === EXECUTABLE);
  // The name alone is a mention, and so is a path to something that isn't run.
  if (program < 0 || program === words.length - 1 || !isCalled(words.slice(0, program), words[program] ?? ''))
    return null;
  return parseComplaint(createProgram(), words.slice(program + 1));
}

function isCalled(before: readonly string[], word: string): boolean {
  return before.length === 0 ? !word.endsWith('/') : before.some((item) => /^(node|npx|exec|run)$|=/.test(item));
}

function parseComplaint(program: Command, words: readonly string[]): string | null {
  const argv = words.filter((word) => word !== '...' && word !== '[...]');
  const quiet = { writeOut: () => {}, writeErr: () => {} };
  for (const command of [program, ...program.commands]) command.exitOverride().configureOutput(quiet);
  const name = argv.find((word) => !word.startsWith('-'));
  // `hf-llm-trainer <command>` speaks of any of them.
  if (name?.startsWith('<')) return null;
  // A command that is only named, as in "`hf-llm-trainer submit` refuses ...", needs no arguments.
  if (argv.length === 1 && program.commands.some((command) => command.name() === name)) return null;
  try {
    program.parse(argv, { from: 'user' });
    return null;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return null; // --help, --version
    return errorMessage(error)
      .replace(/^error: /, '')
      .replace(/\n.*/s, '');
  }
}

/** The asking hooks read the first word that is no flag as the command, so no flag before it may take a value. */
export function checkRootFlags(program: Command): Problem[] {
  return program.options
    .filter((option) => option.required || option.optional)
    .map((option) => ({
      file: 'scripts/cli.ts',
      line: 1,
      message: `${option.flags} before a command takes a value; build/guard/asks.ts could take that value for the command`,
    }));
}

import { EXECUTABLE, GUARDED, type GuardedCommand } from './guarded.ts';
import { type SimpleCommand, simpleCommands, type Word } from './shell.ts';

/** `.../hf-llm-trainer.mjs`, `hf-llm-trainer@0.1.0`, `hf-llm-trainer.cmd`; any path before it. */
const PROGRAM = new RegExp(`${EXECUTABLE}(\\.(mjs|js|cmd|exe|ps1))?(@[\\w.^~-]+)?$`, 'i');
/** They print or search their words, they don't run them. */
const READERS = new Set(
  'echo printf cat head tail less more grep egrep rg ag sed awk wc ls stat file diff git gh cp mv rm mkdir touch which type man test [ true : tee sort jq'.split(
    ' ',
  ),
);
/** They run text given to them as a word or on their input. */
const SHELLS = new Set(
  'sh bash zsh dash ksh ash fish eval ssh su watch parallel tmux screen script cmd powershell pwsh'.split(' '),
);
/** They run code that isn't a shell's. */
const LANGUAGES = new Set('node nodejs bun deno tsx python python3 perl ruby php'.split(' '));
const INLINE_CODE = /^(-[a-z]*[cepE]|--eval|--print|-r)$/;

/**
 * The guarded command that a shell command line would run, or null. However the program is addressed: by path,
 * through npx, node, sudo or env, quoted, in a chain, in a substitution or in `bash -c`.
 */
export function guardedCommandIn(commandLine: string, depth = 0): GuardedCommand | null {
  const commands = simpleCommands(commandLine);
  // `echo "... submit ..." | sh` runs what it prints.
  const piped = commands.some(
    ({ words, input }) => SHELLS.has(programName(words[0])) && words.length === 1 && !input[0],
  );
  for (const command of commands) {
    const found = inSimpleCommand(command, commandLine, piped, depth);
    if (found) return found;
  }
  return null;
}

function inSimpleCommand(
  { words, input }: SimpleCommand,
  commandLine: string,
  piped: boolean,
  depth: number,
): GuardedCommand | null {
  const reads = READERS.has(programName(words.find((word) => !/^\w+=/.test(word.text))));
  if (!reads) {
    for (const [index, word] of words.entries()) {
      const called =
        PROGRAM.test(word.text) ||
        (/^llm-trainer$/i.test(word.text) && programName(words[index - 1]) === 'hf') ||
        (word.dynamic && mayBeTheProgram(word, commandLine));
      const found = called ? subcommand(words.slice(index + 1)) : null;
      if (found) return found;
    }
  }
  if (depth > 4) return null;
  const names = words.map(programName);
  const texts = [...words.map((word) => word.text).filter((text) => /[\s;&|]/.test(text)), ...input];
  if (piped || (!reads && names.some((name) => SHELLS.has(name)))) {
    for (const text of texts) {
      const found = guardedCommandIn(text, depth + 1);
      if (found) return found;
    }
  }
  const inline = words.some((word) => INLINE_CODE.test(word.text)) || input.length > 0;
  if (!reads && inline && names.some((name) => LANGUAGES.has(name))) {
    for (const text of texts) {
      if (!text.includes(EXECUTABLE)) continue;
      const found = GUARDED.find(({ command }) => new RegExp(`\\b${command}\\b`).test(text));
      if (found) return found;
    }
  }
  return null;
}

/** The first word that is no flag decides: flags before a command take no value (the build checks that). */
function subcommand(words: Word[]): GuardedCommand | null {
  const first = words.find((word) => !word.text.startsWith('-'));
  return GUARDED.find(({ command }) => command === first?.text) ?? null;
}

/** `node $TRAINER submit`: the name must then stand elsewhere, or the flag that only `submit` has. */
function mayBeTheProgram(word: Word, commandLine: string): boolean {
  return commandLine.includes(EXECUTABLE) || /\s--approve\b/.test(commandLine) || word.text.endsWith('.mjs');
}

const programName = (word: Word | undefined): string =>
  (word?.text ?? '')
    .replace(/^.*[\\/]/, '')
    .replace(/\.exe$/i, '')
    .toLowerCase();

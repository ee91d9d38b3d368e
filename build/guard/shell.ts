/**
 * Splits a shell command line into simple commands, far enough to see which program is called with which words.
 * Lenient on purpose: it never fails, and reads POSIX shells and PowerShell alike.
 */
export interface Word {
  text: string;
  /** Holds a variable, a substitution or a glob: what it becomes is not known here. */
  dynamic: boolean;
}

export interface SimpleCommand {
  words: Word[];
  /** The bodies of its here-documents. */
  input: string[];
}

const BREAKS = new Set([';', '&', '|', '\n', '(', ')', '{', '}']);

export function simpleCommands(source: string): SimpleCommand[] {
  const commands: SimpleCommand[] = [];
  let current: SimpleCommand = { words: [], input: [] };
  let word: Word | null = null;
  /** The next word is where a redirection goes to, not an argument. */
  let redirected = false;
  let pending: { command: SimpleCommand; delimiter: string }[] = [];
  let heredoc = false;
  let at = 0;

  const grow = (text: string, dynamic = false): void => {
    word = { text: (word?.text ?? '') + text, dynamic: (word?.dynamic ?? false) || dynamic };
  };
  const endWord = (): void => {
    if (!word) return;
    if (heredoc) pending.push({ command: current, delimiter: word.text });
    else if (!redirected) current.words.push(word);
    word = null;
    redirected = false;
    heredoc = false;
  };
  const endCommand = (): void => {
    endWord();
    redirected = false;
    if (current.words.length > 0 || pending.some(({ command }) => command === current)) commands.push(current);
    current = { words: [], input: [] };
  };
  /** A command inside this one: `$(...)`, backticks, `<(...)`. */
  const substitution = (open: number, close: number): void => {
    commands.push(...simpleCommands(source.slice(open, close)));
  };

  while (at < source.length) {
    const char = source.charAt(at);
    const next = source.charAt(at + 1);
    if (char === '\\' && next === '\n') at += 2;
    else if (char === '\\' && /[\s"'$`;&|()<>*?#\\]/.test(next)) {
      grow(next);
      at += 2;
    } else if (char === "'") {
      const close = indexOrEnd(source, "'", at + 1);
      grow(source.slice(at + 1, close));
      at = close + 1;
    } else if (char === '"') {
      grow('');
      at += 1;
      while (at < source.length && source.charAt(at) !== '"') {
        if (source.startsWith('$(', at)) {
          const close = closing(source, at + 2);
          substitution(at + 2, close);
          grow(source.slice(at, close + 1), true);
          at = close + 1;
        } else if (source.charAt(at) === '`') {
          const close = indexOrEnd(source, '`', at + 1);
          substitution(at + 1, close);
          grow(source.slice(at, close + 1), true);
          at = close + 1;
        } else {
          if (source.charAt(at) === '\\' && /["\\$`]/.test(source.charAt(at + 1))) at += 1;
          grow(source.charAt(at), source.charAt(at) === '$');
          at += 1;
        }
      }
      at += 1;
    } else if (source.startsWith('$(', at) || source.startsWith('<(', at) || source.startsWith('>(', at)) {
      const close = closing(source, at + 2);
      substitution(at + 2, close);
      grow(source.slice(at, close + 1), true);
      at = close + 1;
    } else if (char === '`') {
      const close = indexOrEnd(source, '`', at + 1);
      substitution(at + 1, close);
      grow(source.slice(at, close + 1), true);
      at = close + 1;
    } else if (source.startsWith('${', at)) {
      const close = indexOrEnd(source, '}', at);
      grow(source.slice(at, close + 1), true);
      at = close + 1;
    } else if (source.startsWith('<<', at) && !source.startsWith('<<<', at)) {
      endWord();
      heredoc = true;
      at += next === '<' && source.charAt(at + 2) === '-' ? 3 : 2;
    } else if (char === '<' || char === '>') {
      // `2>file`: the digit belongs to the redirection.
      if (word && /^\d$/.test((word as Word).text)) word = null;
      endWord();
      redirected = true;
      at += 1;
      while (/[<>&]/.test(source.charAt(at))) at += 1;
    } else if (char === '&' && next === '>') at += 1;
    else if (char === '#' && !word) at = indexOrEnd(source, '\n', at);
    else if (BREAKS.has(char) && !(char === '{' && word)) {
      endCommand();
      at += 1;
      if (char !== '\n') continue;
      for (const { command, delimiter } of pending) {
        const body = hereDocument(source, at, delimiter);
        command.input.push(source.slice(at, body.end));
        at = body.next;
      }
      pending = [];
    } else if (/\s/.test(char)) {
      endWord();
      at += 1;
    } else {
      grow(char, char === '$' || char === '*' || char === '?');
      at += 1;
    }
  }
  endCommand();
  return commands;
}

function indexOrEnd(source: string, what: string, from: number): number {
  const index = source.indexOf(what, from);
  return index < 0 ? source.length : index;
}

/** Index of the parenthesis that closes the one before `from`. */
function closing(source: string, from: number): number {
  let depth = 1;
  for (let at = from; at < source.length; at += 1) {
    if (source.charAt(at) === '(') depth += 1;
    if (source.charAt(at) === ')') depth -= 1;
    if (depth === 0) return at;
  }
  return source.length;
}

function hereDocument(source: string, from: number, delimiter: string): { end: number; next: number } {
  let at = from;
  while (at < source.length) {
    const end = indexOrEnd(source, '\n', at);
    if (source.slice(at, end).trim() === delimiter) return { end: at, next: Math.min(end + 1, source.length) };
    at = end + 1;
  }
  return { end: source.length, next: source.length };
}

// Generated from build/guard by `npm run build`; do not edit.

// build/guard/claude-hook.ts
import { readFileSync } from "node:fs";

// build/guard/guarded.ts
var EXECUTABLE = "hf-llm-trainer";
var GUARDED = [
  {
    command: "submit",
    question: "Starts a training job, which on Hugging Face Jobs is paid for. Run it only for a review card you agreed to."
  },
  { command: "cancel", question: "Ends a running training job; what was not saved as a checkpoint is lost." }
];

// build/guard/shell.ts
var BREAKS = /* @__PURE__ */ new Set([";", "&", "|", "\n", "(", ")", "{", "}"]);
function simpleCommands(source) {
  const commands = [];
  let current = { words: [], input: [] };
  let word = null;
  let redirected = false;
  let pending = [];
  let heredoc = false;
  let at = 0;
  const grow = (text, dynamic = false) => {
    word = { text: (word?.text ?? "") + text, dynamic: (word?.dynamic ?? false) || dynamic };
  };
  const endWord = () => {
    if (!word) return;
    if (heredoc) pending.push({ command: current, delimiter: word.text });
    else if (!redirected) current.words.push(word);
    word = null;
    redirected = false;
    heredoc = false;
  };
  const endCommand = () => {
    endWord();
    redirected = false;
    if (current.words.length > 0 || pending.some(({ command }) => command === current)) commands.push(current);
    current = { words: [], input: [] };
  };
  const substitution = (open, close) => {
    commands.push(...simpleCommands(source.slice(open, close)));
  };
  while (at < source.length) {
    const char = source.charAt(at);
    const next = source.charAt(at + 1);
    if (char === "\\" && next === "\n") at += 2;
    else if (char === "\\" && /[\s"'$`;&|()<>*?#\\]/.test(next)) {
      grow(next);
      at += 2;
    } else if (char === "'") {
      const close = indexOrEnd(source, "'", at + 1);
      grow(source.slice(at + 1, close));
      at = close + 1;
    } else if (char === '"') {
      grow("");
      at += 1;
      while (at < source.length && source.charAt(at) !== '"') {
        if (source.startsWith("$(", at)) {
          const close = closing(source, at + 2);
          substitution(at + 2, close);
          grow(source.slice(at, close + 1), true);
          at = close + 1;
        } else if (source.charAt(at) === "`") {
          const close = indexOrEnd(source, "`", at + 1);
          substitution(at + 1, close);
          grow(source.slice(at, close + 1), true);
          at = close + 1;
        } else {
          if (source.charAt(at) === "\\" && /["\\$`]/.test(source.charAt(at + 1))) at += 1;
          grow(source.charAt(at), source.charAt(at) === "$");
          at += 1;
        }
      }
      at += 1;
    } else if (source.startsWith("$(", at) || source.startsWith("<(", at) || source.startsWith(">(", at)) {
      const close = closing(source, at + 2);
      substitution(at + 2, close);
      grow(source.slice(at, close + 1), true);
      at = close + 1;
    } else if (char === "`") {
      const close = indexOrEnd(source, "`", at + 1);
      substitution(at + 1, close);
      grow(source.slice(at, close + 1), true);
      at = close + 1;
    } else if (source.startsWith("${", at)) {
      const close = indexOrEnd(source, "}", at);
      grow(source.slice(at, close + 1), true);
      at = close + 1;
    } else if (source.startsWith("<<", at) && !source.startsWith("<<<", at)) {
      endWord();
      heredoc = true;
      at += next === "<" && source.charAt(at + 2) === "-" ? 3 : 2;
    } else if (char === "<" || char === ">") {
      if (word && /^\d$/.test(word.text)) word = null;
      endWord();
      redirected = true;
      at += 1;
      while (/[<>&]/.test(source.charAt(at))) at += 1;
    } else if (char === "&" && next === ">") at += 1;
    else if (char === "#" && !word) at = indexOrEnd(source, "\n", at);
    else if (BREAKS.has(char) && !(char === "{" && word)) {
      endCommand();
      at += 1;
      if (char !== "\n") continue;
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
      grow(char, char === "$" || char === "*" || char === "?");
      at += 1;
    }
  }
  endCommand();
  return commands;
}
function indexOrEnd(source, what, from) {
  const index = source.indexOf(what, from);
  return index < 0 ? source.length : index;
}
function closing(source, from) {
  let depth = 1;
  for (let at = from; at < source.length; at += 1) {
    if (source.charAt(at) === "(") depth += 1;
    if (source.charAt(at) === ")") depth -= 1;
    if (depth === 0) return at;
  }
  return source.length;
}
function hereDocument(source, from, delimiter) {
  let at = from;
  while (at < source.length) {
    const end = indexOrEnd(source, "\n", at);
    if (source.slice(at, end).trim() === delimiter) return { end: at, next: Math.min(end + 1, source.length) };
    at = end + 1;
  }
  return { end: source.length, next: source.length };
}

// build/guard/asks.ts
var PROGRAM = new RegExp(`${EXECUTABLE}(\\.(mjs|js|cmd|exe|ps1))?(@[\\w.^~-]+)?$`, "i");
var READERS = new Set(
  "echo printf cat head tail less more grep egrep rg ag sed awk wc ls stat file diff git gh cp mv rm mkdir touch which type man test [ true : tee sort jq".split(
    " "
  )
);
var SHELLS = new Set(
  "sh bash zsh dash ksh ash fish eval ssh su watch parallel tmux screen script cmd powershell pwsh".split(" ")
);
var LANGUAGES = new Set("node nodejs bun deno tsx python python3 perl ruby php".split(" "));
var INLINE_CODE = /^(-[a-z]*[cepE]|--eval|--print|-r)$/;
function guardedCommandIn(commandLine, depth = 0) {
  const commands = simpleCommands(commandLine);
  const piped = commands.some(
    ({ words, input }) => SHELLS.has(programName(words[0])) && words.length === 1 && !input[0]
  );
  for (const command of commands) {
    const found = inSimpleCommand(command, commandLine, piped, depth);
    if (found) return found;
  }
  return null;
}
function inSimpleCommand({ words, input }, commandLine, piped, depth) {
  const reads = READERS.has(programName(words.find((word) => !/^\w+=/.test(word.text))));
  if (!reads) {
    for (const [index, word] of words.entries()) {
      const called = PROGRAM.test(word.text) || /^llm-trainer$/i.test(word.text) && programName(words[index - 1]) === "hf" || word.dynamic && mayBeTheProgram(word, commandLine);
      const found = called ? subcommand(words.slice(index + 1)) : null;
      if (found) return found;
    }
  }
  if (depth > 4) return null;
  const names = words.map(programName);
  const texts = [...words.map((word) => word.text).filter((text) => /[\s;&|]/.test(text)), ...input];
  if (piped || !reads && names.some((name) => SHELLS.has(name))) {
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
function subcommand(words) {
  const first = words.find((word) => !word.text.startsWith("-"));
  return GUARDED.find(({ command }) => command === first?.text) ?? null;
}
function mayBeTheProgram(word, commandLine) {
  return commandLine.includes(EXECUTABLE) || /\s--approve\b/.test(commandLine) || word.text.endsWith(".mjs");
}
var programName = (word) => (word?.text ?? "").replace(/^.*[\\/]/, "").replace(/\.exe$/i, "").toLowerCase();

// build/guard/claude-hook.ts
function main() {
  const commandLine = commandOf(readFileSync(0, "utf8"));
  const guarded = commandLine === null ? null : guardedCommandIn(commandLine);
  if (!guarded) return;
  process.stdout.write(
    `${JSON.stringify({
      hookSpecificOutput: {
        hookEventName: "PreToolUse",
        permissionDecision: "ask",
        permissionDecisionReason: guarded.question
      }
    })}
`
  );
}
function commandOf(call) {
  const parsed = JSON.parse(call);
  if (!isRecord(parsed) || !isRecord(parsed.tool_input)) return null;
  const { command } = parsed.tool_input;
  return typeof command === "string" ? command : null;
}
var isRecord = (value) => typeof value === "object" && value !== null;
main();

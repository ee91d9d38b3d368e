import { EXECUTABLE, GUARDED } from '../guard/guarded.ts';
import type { Pack } from '../pack.ts';
import { json, render } from '../render.ts';
import type { Files } from '../tree.ts';

/** Gemini CLI: an extension with its context file and a policy. Its skills come from skills/. */
export function gemini(root: string, pack: Pack): Files {
  const { name, version, description } = pack;
  const commands = GUARDED.map(({ command }) => command).join('|');
  return new Map([
    [
      'gemini-extension.json',
      json({
        name,
        version,
        description,
        contextFileName: 'GEMINI.md',
      }),
    ],
    ['GEMINI.md', render(root, 'GEMINI.md.hbs', { pack })],
    [`policies/${name}.toml`, render(root, 'policy.toml.hbs', { patterns: patterns(commands) })],
  ]);
}

/**
 * Matched against the call's arguments as JSON, from the start of the command, so a quote is `\"` and a line
 * break `\n`. The engine refuses a repeated group that holds a repetition.
 */
function patterns(commands: string): string[] {
  const gap = String.raw`[ \\nt'"]+`;
  return [
    `.*${EXECUTABLE}[^ ;&|\\\\]*${gap}(--json )*['"\\\\]*(${commands})\\b`,
    // Through a variable: TRAINER=.../hf-llm-trainer.mjs; node $TRAINER submit
    `.*${EXECUTABLE}.*\\$[^ ;&|]* (${commands})\\b`,
  ];
}

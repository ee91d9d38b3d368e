import { readFileSync } from 'node:fs';
import { guardedCommandIn } from './asks.ts';

/**
 * Claude Code's PreToolUse hook: the tool call comes as JSON on stdin; an answer of "ask" makes the client put
 * its own question to the person, whatever was allowed before. Saying nothing leaves every other call alone.
 */
function main(): void {
  const commandLine = commandOf(readFileSync(0, 'utf8'));
  const guarded = commandLine === null ? null : guardedCommandIn(commandLine);
  if (!guarded) return;
  process.stdout.write(
    `${JSON.stringify({
      hookSpecificOutput: {
        hookEventName: 'PreToolUse',
        permissionDecision: 'ask',
        permissionDecisionReason: guarded.question,
      },
    })}\n`,
  );
}

/** `tool_input.command`, or null for a call that runs no command. */
function commandOf(call: string): string | null {
  const parsed: unknown = JSON.parse(call);
  if (!isRecord(parsed) || !isRecord(parsed.tool_input)) return null;
  const { command } = parsed.tool_input;
  return typeof command === 'string' ? command : null;
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

main();

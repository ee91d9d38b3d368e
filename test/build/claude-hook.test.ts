import { spawnSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

/** The hook as it is shipped, run as Claude Code runs it. */
const HOOK = join(resolve(import.meta.dirname, '../..'), '.claude-plugin/ask-first.mjs');

function answer(call: string): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [HOOK], { input: call, encoding: 'utf8' });
}
const bash = (command: string): string => JSON.stringify({ tool_name: 'Bash', tool_input: { command } });

describe('the hook of the Claude Code plugin', () => {
  it.each([
    ['submit', 'node "/x y/hf-llm-trainer/scripts/hf-llm-trainer.mjs" submit plan.json --approve 12ab', /paid/],
    ['cancel', 'cd a && hf-llm-trainer cancel 4f2a', /^Ends a running/],
  ])('asks before %s', (_, command, reason) => {
    const { status, stdout, stderr } = answer(bash(command));
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(JSON.parse(stdout)).toEqual({
      hookSpecificOutput: {
        hookEventName: 'PreToolUse',
        permissionDecision: 'ask',
        permissionDecisionReason: expect.stringMatching(reason),
      },
    });
  });

  it.each([
    ['another command of ours', bash('hf-llm-trainer status --watch')],
    ['another program', bash('npm test')],
    ['a tool that runs no command', JSON.stringify({ tool_name: 'Read', tool_input: { file_path: 'submit' } })],
    ['a call without input', JSON.stringify({ tool_name: 'Bash' })],
  ])('says nothing to %s', (_, call) => {
    expect(answer(call)).toMatchObject({ status: 0, stdout: '', stderr: '' });
  });
});

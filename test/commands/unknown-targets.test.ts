import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readyReport } from '../../scripts/commands/readiness.ts';
import { unknownTargets } from '../../scripts/commands/unknown-targets.ts';
import { parseMapping } from '../../scripts/dataset/mapping.ts';
import { PLANNED, type Planned } from '../../scripts/plan/methods.ts';
import { validateLocal } from '../dataset/support.ts';
import { fileIn, startWorld, type World } from './world.ts';

const words = (methods: readonly Planned[], ...flags: string[]) => unknownTargets(parseMapping(flags), methods);

describe('a target that no trainer reads', () => {
  it.each<[string, Planned, string[], RegExp]>([
    [
      'the typo, what was meant, and what there is',
      'sft',
      ['mesages=messages'],
      /^--map names mesages \(near: messages\), which SFT does not read; it reads messages, text, prompt, completion, /,
    ],
    [
      'all of several',
      'dpo',
      ['chosn=a', 'rejectd=b'],
      /chosn \(near: chosen\) and rejectd \(near: rejected\), which DPO/,
    ],
    [
      'what another method reads',
      'dpo',
      ['messages=m'],
      /names messages, which DPO does not read; .* chosen, rejected/,
    ],
    ['one that is near to nothing', 'kto', ['zzz=a'], /names zzz, which KTO does not read; it reads .* label/],
    [
      'beside what rewards may read',
      'grpo',
      ['promt=question', 'answer=answer'],
      /names promt \(near: prompt\), which GRPO does not read; it reads prompt, images, image, and what rewards/,
    ],
  ])('%s', (_, method, flags, expected) => expect(words([method], ...flags)).toMatch(expected));

  it.each<[string, readonly Planned[], string[]]>([
    ['what the method reads', ['sft'], ['prompt=a', 'completion=b', 'tools=c']],
    ['what a reward may compare with', ['grpo'], ['prompt=question', 'solution=answer']],
    ['no mapping', ['sft'], []],
    ['a method that has no trainer', [], ['prompts=a']],
  ])('is none in %s', (_, methods, flags) => expect(words(methods, ...flags)).toBeNull());

  it('is told of rows that train, too, where it is a slip', () => {
    expect(unknownTargets(parseMapping(['promt=question']), ['dpo'], true)).toMatch(/names promt \(near: prompt\)/);
    expect(unknownTargets(parseMapping(['notes=a']), ['dpo'], true)).toBeNull();
  });

  it('is of any method where none is asked for', () => {
    expect(words(PLANNED, 'mesages=messages')).toMatch(/mesages \(near: messages\), which a trainer does not read; it/);
    expect(words(PLANNED, 'chosen=a')).toBeNull();
  });
});

describe('--map with a typo', () => {
  const folder = mkdtempSync(join(tmpdir(), 'targets-'));
  const file = join(folder, 'chat.jsonl');
  const chat = Array.from({ length: 12 }, (_, n) =>
    JSON.stringify({
      messages: [
        { role: 'user', content: `${n}?` },
        { role: 'assistant', content: `${n}` },
      ],
      id: n,
    }),
  ).join('\n');
  writeFileSync(file, chat);
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true });
    await world.close();
  });

  it('is named where a plan stops at it', async () => {
    const typo = await validateLocal(file, { map: ['mesages=messages'] });
    expect(() => readyReport(typo, 'sft')).toThrow(
      expect.objectContaining({
        code: 'data_not_ready',
        message: expect.stringMatching(
          /SFT: --map names mesages \(near: messages\), which SFT does not read; .*TRL stops/,
        ),
      }),
    );
  });

  it('is a column of no harm beside those that are read', async () => {
    const beside = await validateLocal(file, { map: ['messages=messages', 'number=id'] });
    expect(readyReport(beside, 'sft').verdict).toBe('READY');
  });

  it.each<[string, string[], RegExp]>([
    ['for a method', ['--method', 'sft'], /Note: --map names mesages \(near: messages\), which SFT does not read; it/],
    ['for none', [], /Note: --map names mesages \(near: messages\), which a trainer does not read; it reads messages,/],
  ])('is named by validate %s', async (_, flags, expected) => {
    const data = fileIn(world.runtime, 'chat.jsonl', chat);
    const typo = await world.here.run(['validate', data, '--map', 'mesages=messages', ...flags]);
    expect(typo.code).toBe(3);
    expect(typo.stdout).toMatch(expected);
    const right = await world.here.run(['validate', data, '--map', 'messages=messages', ...flags]);
    expect(right.code).toBe(0);
    expect(right.stdout).not.toContain('--map names');
  });
});

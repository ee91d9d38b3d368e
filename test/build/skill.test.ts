import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { knownCommands } from '../../build/check.ts';
import { checkSkill } from '../../build/checks/skill.ts';
import { formatProblem } from '../../build/problem.ts';
import { filesUnder, treeOf } from '../../build/tree.ts';

/**
 * Every folder here is a case: a skill, and in expected.txt what the build says about it, one problem a line;
 * empty for a good one.
 */
const FIXTURES = join(import.meta.dirname, 'fixtures');
const cases = readdirSync(FIXTURES);
const known = knownCommands(resolve(import.meta.dirname, '../..'));

describe('checkSkill', () => {
  it('has cases to look at, a good skill among them', () => {
    expect(cases).toContain('good');
    expect(cases.length).toBeGreaterThan(25);
  });

  it.each(cases)('%s', (name) => {
    const root = join(FIXTURES, name);
    const folder = readdirSync(root).find((entry) => entry !== 'expected.txt') ?? '';
    const markdown = filesUnder(root, folder).filter((path) => path.endsWith('.md'));
    const problems = checkSkill(treeOf(root), folder, markdown, known).map(formatProblem);
    expect(problems).toEqual(readFileSync(join(root, 'expected.txt'), 'utf8').split('\n').filter(Boolean));
  });
});

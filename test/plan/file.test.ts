import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { planDigest } from '../../scripts/plan/digest.ts';
import { readPlanFile, writePlanFile } from '../../scripts/plan/file.ts';
import { Plan } from '../../scripts/plan/schema.ts';
import { samplePlan } from '../support/plan.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'plan-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const plan = samplePlan();

describe('a plan file', () => {
  it('comes back as it was, with its digest, and nothing is left beside it', async () => {
    const path = join(folder, 'new', 'p.json');
    await writePlanFile(path, plan);
    expect(await readPlanFile(path)).toEqual({ plan, digest: planDigest(plan) });
    expect(readdirSync(join(folder, 'new'))).toEqual(['p.json']);
  });

  it('that was edited is refused, with exit code 4', async () => {
    const path = join(folder, 'p.json');
    await writePlanFile(path, plan);
    writeFileSync(path, readFileSync(path, 'utf8').replace('"private": true', '"private": false'));
    await expect(readPlanFile(path)).rejects.toMatchObject({ code: 'plan_edited', exitCode: 4 });
  });

  it.each([
    ['{', 'plan_broken', /is not JSON/],
    ['{}', 'plan_broken', /is not a plan/],
    ['[]', 'plan_broken', /is not a plan/],
    ['{"digest": "x", "plan": {"schema_version": 99}}', 'plan_version', /plan version 99/],
    ['{"digest": "x", "plan": {"schema_version": 1}}', 'plan_broken', /plan\.made/],
  ])('%s is refused as %s', async (text, code, message) => {
    const path = join(folder, 'p.json');
    writeFileSync(path, text);
    await expect(readPlanFile(path)).rejects.toMatchObject({
      code,
      exitCode: 2,
      message: expect.stringMatching(message),
    });
  });

  it('plans no method that has no trainer', () => {
    expect(Plan.safeParse(plan).success).toBe(true);
    expect(Plan.safeParse({ ...plan, method: 'prm' }).success).toBe(false);
  });

  it('replaces a plan and an empty file, and nothing else', async () => {
    const path = join(folder, 'p.json');
    writeFileSync(path, '');
    await writePlanFile(path, plan);
    await writePlanFile(path, plan);
    for (const text of ['{"prompt": "a", "completion": "b"}', '{"prompt": "a"}\n{"prompt": "b"}', 'words']) {
      writeFileSync(path, text);
      await expect(writePlanFile(path, plan)).rejects.toMatchObject({ code: 'not_a_plan_file', exitCode: 2 });
      expect(readFileSync(path, 'utf8')).toBe(text);
    }
    await expect(writePlanFile(folder, plan)).rejects.toMatchObject({ code: 'not_a_plan_file' });
  });

  it.each([
    ['below a file', 'file/p.json'],
    ['with too long a name', 'x'.repeat(300)],
  ])('%s can not be written, and nothing is left', async (_, name) => {
    writeFileSync(join(folder, 'file'), '');
    await expect(writePlanFile(join(folder, name), plan)).rejects.toMatchObject({
      code: 'plan_not_writable',
      exitCode: 2,
      message: expect.stringContaining(join(folder, name)),
    });
    expect(readdirSync(folder)).toEqual(['file']);
  });

  it('that does not exist is refused', async () => {
    await expect(readPlanFile(join(folder, 'none.json'))).rejects.toMatchObject({ code: 'plan_missing', exitCode: 2 });
  });
});

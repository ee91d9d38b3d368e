import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createWhole, storeError, writeWhole } from '../../scripts/jobs/files.ts';
import { withLock } from '../../scripts/jobs/lock.ts';
import { lifeOf, processIdentity, thisProcess } from '../../scripts/jobs/process.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ground-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('files', () => {
  it('are created once', async () => {
    const path = join(folder, 'deep', 'er', 'file');
    const won = await Promise.all(Array.from({ length: 8 }, (_, n) => createWhole(path, String(n))));
    expect(won.filter(Boolean)).toHaveLength(1);
    expect(readFileSync(path, 'utf8')).toBe(String(won.indexOf(true)));
    expect(readdirSync(join(folder, 'deep', 'er'))).toEqual(['file']); // nothing is left beside it
    expect(statSync(path).mode & 0o077).toBe(0);
  });

  it('are replaced whole', async () => {
    const path = join(folder, 'file');
    await writeWhole(path, 'one');
    await writeWhole(path, 'two');
    expect(readFileSync(path, 'utf8')).toBe('two');
    expect(readdirSync(folder)).toEqual(['file']);
  });

  it('that can not be written say why', async () => {
    writeFileSync(join(folder, 'file'), '');
    await expect(writeWhole(join(folder, 'file', 'x'), '')).rejects.toMatchObject({ code: 'state_not_writable' });
    await expect(createWhole(join(folder, 'file', 'x'), '')).rejects.toMatchObject({ code: 'state_not_writable' });
  });

  it.each([
    ['ENOSPC', 'disk_full'],
    ['EDQUOT', 'disk_full'],
    ['EACCES', 'state_not_writable'],
    ['EROFS', 'state_not_writable'],
    ['ENOENT', 'state_not_writable'],
    ['EIO', 'EIO'],
  ])('%s means %s', (code, expected) => {
    expect(storeError(Object.assign(new Error(code), { code }), '/state')).toMatchObject({ code: expected });
  });
});

describe('a process', () => {
  it('is itself', () => {
    expect(lifeOf(thisProcess())).toBe('alive');
    expect(thisProcess().started).not.toBeNull();
  });

  it('is dead once it ended, also as a zombie, and not its successor', async () => {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
    const identity = processIdentity(child.pid ?? 0);
    if (!identity) throw new Error('no process');
    expect(lifeOf(identity)).toBe('alive');
    expect(lifeOf({ ...identity, started: 'another time' })).toBe('dead');
    expect(lifeOf({ ...identity, started: null })).toBe('alive');
    child.kill('SIGKILL');
    await new Promise((resolve) => child.once('exit', resolve));
    expect(lifeOf(identity)).toBe('dead');
    expect(processIdentity(identity.pid)).toBeNull();
  });

  it('of another machine is unknown', () => {
    expect(lifeOf({ ...thisProcess(), host: 'elsewhere' })).toBe('elsewhere');
  });
});

describe('a lock', () => {
  const path = () => join(folder, 'lock');

  it('lets one at a time', async () => {
    let inside = 0;
    let most = 0;
    let waits = 0;
    const work = async () => {
      most = Math.max(most, ++inside);
      // The first stays until both others have met its lock.
      await vi.waitUntil(() => waits === 2, { timeout: 10_000, interval: 5 });
      inside--;
    };
    await Promise.all([1, 2, 3].map(() => withLock(path(), { onWait: () => waits++ }, work)));
    expect([most, waits]).toEqual([1, 2]);
    expect(existsSync(path())).toBe(false);
  });

  it('is given back after a failure', async () => {
    await expect(withLock(path(), {}, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await withLock(path(), {}, async () => 'yes')).toBe('yes');
  });

  it.each([
    ['of a dead process', JSON.stringify({ pid: 2 ** 22 + 1, started: 'x', host: thisProcess().host })],
    ['that is damaged', '{'],
  ])('%s is taken over', async (_, text) => {
    mkdirSync(folder, { recursive: true });
    writeFileSync(path(), text);
    expect(await withLock(path(), {}, async () => 'mine')).toBe('mine');
  });

  it('is not waited for after Ctrl-C', async () => {
    writeFileSync(path(), JSON.stringify(thisProcess()));
    const interrupt = new AbortController();
    const waiting = withLock(path(), { signal: interrupt.signal }, async () => 'never');
    setTimeout(() => interrupt.abort(new Error('interrupted')), 20);
    await expect(waiting).rejects.toThrow();
  });
});

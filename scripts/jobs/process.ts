import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import * as z from 'zod';

/**
 * Which process, for good: a pid alone is given to another process sooner or later. Written into files that
 * outlive their writer (ledger entries, locks, jobs on this machine).
 */
export const ProcessIdentity = z.object({
  pid: z.number().int().positive(),
  /** When it started, in whatever words the system has; null where it doesn't tell. Compared, never read. */
  started: z.string().nullable(),
  host: z.string(),
});
export type ProcessIdentity = z.infer<typeof ProcessIdentity>;

/** Null where there is no such process (any more). */
export function processIdentity(pid: number): ProcessIdentity | null {
  const started = startOf(pid);
  return started === 'gone' ? null : { pid, started, host: hostname() };
}

let self: ProcessIdentity | undefined;

export function thisProcess(): ProcessIdentity {
  self ??= processIdentity(process.pid) ?? { pid: process.pid, started: null, host: hostname() };
  return self;
}

/** `elsewhere` for a process of another machine that shares our folders: nothing is known about it. */
export function lifeOf(identity: ProcessIdentity): 'alive' | 'dead' | 'elsewhere' {
  if (identity.host !== hostname()) return 'elsewhere';
  const started = startOf(identity.pid);
  if (started === 'gone') return 'dead';
  return started === null || identity.started === null || started === identity.started ? 'alive' : 'dead';
}

/** Start of a process, `gone` if there is none, null if the system doesn't tell. A zombie counts as gone. */
function startOf(pid: number): string | null {
  if (!exists(pid)) return 'gone';
  if (process.platform === 'linux') return linuxStart(pid);
  const result =
    process.platform === 'win32'
      ? spawnSync('powershell', ['-NoProfile', '-Command', `(Get-Process -Id ${pid}).StartTime.Ticks`], {
          encoding: 'utf8',
        })
      : // The locale decides how `ps` writes a date, so it is fixed.
        spawnSync('/bin/ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8', env: { LC_ALL: 'C' } });
  return result.status === 0 ? result.stdout.trim() || null : null;
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'; // there, but somebody else's
  }
}

/** Field 22 of /proc/PID/stat counts clock ticks since this boot, so the boot belongs to it. */
function linuxStart(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name in parentheses may hold spaces and parentheses: fields are counted from its end.
    const [state, ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (state === 'Z' || state === 'X') return 'gone';
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}/${rest[18] ?? ''}`;
  } catch {
    return exists(pid) ? null : 'gone';
  }
}

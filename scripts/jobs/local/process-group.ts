import { spawnSync } from 'node:child_process';
import { systemErrorCode } from '../../errors.ts';

/**
 * Sends a signal to a process and everything it started. The process must lead a group of its own
 * (`spawn` with `detached`). False where nothing of it is left.
 *
 * Windows has neither groups nor SIGTERM: `taskkill /T` ends the tree at once, without a last checkpoint.
 * That branch could not be tried on Windows.
 */
export function signalGroup(leader: number, signal: 'SIGTERM' | 'SIGKILL'): boolean {
  if (process.platform === 'win32') {
    return spawnSync('taskkill', ['/pid', String(leader), '/T', '/F'], { windowsHide: true }).status === 0;
  }
  try {
    process.kill(-leader, signal);
    return true;
  } catch (error) {
    if (systemErrorCode(error) === 'ESRCH') return false;
    throw error;
  }
}

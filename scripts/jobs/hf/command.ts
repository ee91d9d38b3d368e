import { gzipSync } from 'node:zlib';
import { TrainerError } from '../../errors.ts';

/**
 * Linux takes no argument longer than 128 KiB (MAX_ARG_STRLEN, a limit of 32 pages); some room is left for
 * what a platform puts around it.
 */
const LONGEST_ARGUMENT = 120 * 1024;

/**
 * The job's command: the script travels in it, compressed, so that one request is all, and what runs can't
 * change afterwards. `uv run` installs what the script's own header names. Without `-l`: a login shell of a
 * Debian image would set PATH anew.
 * Throws TrainerError `script_too_long`.
 */
export function jobCommand(script: string): string[] {
  const packed = gzipSync(script, { level: 9 }).toString('base64');
  // base64 has no character that means something to a shell.
  // What is installed before the script runs counts towards its deadline, too.
  const start = 'export HF_LLM_TRAINER_STARTED_AT=$(date +%s)';
  const line = `${start}; echo ${packed} | base64 -d | gunzip > train.py && exec uv run train.py`;
  if (line.length <= LONGEST_ARGUMENT) return ['/bin/sh', '-c', line];
  throw new TrainerError(
    'usage',
    'script_too_long',
    `the training script has ${script.length} characters, ${line.length} bytes packed: more than the ${LONGEST_ARGUMENT} that a job's command may have`,
    'A reward function is part of it: shorten that, or move its data into the dataset. Then make the plan anew.',
  );
}

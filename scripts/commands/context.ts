import type { Threads } from '../dataset/every-row/threads.ts';
import type { Hub } from '../hub/client.ts';
import type { Output } from '../output/output.ts';

/** The edges of the program, handed to every command. Below the commands nothing reads the process itself. */
export interface CommandContext {
  hub: Hub;
  env: NodeJS.ProcessEnv;
  /** Relative paths that a person gives are relative to this. */
  cwd: string;
  /** State directory: the ledger, local jobs, environments, models. Absolute; may not exist yet. */
  home: string;
  now: () => Date;
  out: Output;
  /** Aborted by Ctrl-C. */
  signal: AbortSignal;
  /** Aborted by Ctrl-C and, from this call on, by SIGTERM: for work of which a part is worth having. */
  stopSignal(): AbortSignal;
  /** Threads of this runtime. */
  threads: Threads;
  /** What starts this runtime again in another process: `[node, bundle]`. */
  self: readonly [string, ...string[]];
  /** Folder of the data that ship with the skill. */
  assets: string;
}

import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault } from '../hub/faults.ts';
import type { TestHub } from '../hub/server.ts';
import { at, between, type Moment, oneOf, randomMoment } from './fault-moments.ts';
import type { ForkRun } from './fork-server.ts';

/** What may befall a run. Every kind decides by its random numbers when, and how hard. */

export interface Circumstances {
  random: () => number;
  /** Of an undisturbed run: the events that it tells, the seconds that it takes, the bytes that it writes. */
  events: number;
  seconds: number;
  bytes: number;
  hub: TestHub;
  /** The repository that is pushed to. */
  repo: string;
}

export interface Disturbance {
  /** For people, so that a failure can be told apart. */
  what: string;
  run?: Partial<ForkRun>;
  /** Bytes that are left free on the disk. */
  free?: number;
}

type Kind = (circumstances: Circumstances) => Disturbance;

/** As a job's timeout of an hour, of which so many seconds are left for training. */
const deadlineIn = (seconds: number): Record<string, string> => ({
  HF_LLM_TRAINER_TIMEOUT_SECONDS: '3600',
  HF_LLM_TRAINER_STARTED_AT: String(Date.now() / 1000 - 3600 * 0.9 + seconds),
});

const told = ({ event, ms }: Moment): string => `${ms} ms after event ${event}`;

export const ANYWHERE = {
  SIGKILL({ random, events }) {
    const moment = randomMoment(random, events);
    return { what: `SIGKILL ${told(moment)}`, run: { onEvent: at(moment, (kill) => kill('SIGKILL')) } };
  },
  SIGTERM({ random, events }) {
    const moment = randomMoment(random, events);
    const [again, grace] = [between(random, 0, 400), oneOf(random, [null, null, between(random, 500, 4000)])];
    const onEvent = at(moment, (kill) => {
      kill('SIGTERM');
      void sleep(again).then(() => kill('SIGTERM'));
      if (grace !== null) void sleep(grace).then(() => kill('SIGKILL'));
    });
    const killed = grace === null ? '' : `, SIGKILL after ${grace} ms`;
    return { what: `SIGTERM ${told(moment)}, twice${killed}`, run: { onEvent } };
  },
  deadline({ random, seconds }) {
    const left = between(random, 1, Math.ceil(seconds * 1000)) / 1000;
    return { what: `deadline after ${left} s`, run: { env: deadlineIn(left) } };
  },
  'file limit'({ random }) {
    const fileBytes = oneOf(random, [2_000, 30_000, 200_000, 2_000_000, 5_000_000]) + between(random, 0, 1000);
    return { what: `no file over ${fileBytes} bytes`, run: { fileBytes } };
  },
} satisfies Record<string, Kind>;

const HUB = /./;

export const ON_THE_HUB = {
  'Hub fails'({ random, hub }) {
    const mishap = oneOf<Fault['mishap']>(random, [
      { status: 500 },
      { status: 502, body: '<h1>Bad Gateway</h1>' },
      { status: 503 },
      { status: 429 },
      { status: 504 },
      'drop-before',
      'drop-after',
      { truncate: between(random, 0, 2000) },
    ]);
    const path = oneOf(random, [HUB, /commit/, /preupload/, /lfs/, /resolve/, /create/, /api\/models/]);
    const [after, times] = [between(random, 0, path === HUB ? 60 : 4), between(random, 1, 3)];
    hub.faults.add({ path, after, times, mishap });
    return { what: `Hub: ${JSON.stringify(mishap)} for ${times} of ${path} after ${after}` };
  },
  'push cut'({ random, hub }) {
    const [cutUpload, after] = [oneOf(random, [0, 1000, 100_000, 1_000_000, 3_000_000]), between(random, 0, 3)];
    const path = oneOf(random, [/commit/, /lfs-upload/, /lfs\/objects\/batch/]);
    hub.faults.add({ path, after, times: between(random, 1, 2), mishap: { cutUpload } });
    return { what: `push cut: ${path} after ${after} of them and ${cutUpload} bytes` };
  },
  'Hub silent'({ random, hub }) {
    const [path, after] = [
      oneOf(random, [/commit/, /preupload/, /api\/models\/tester/, /resolve/]),
      between(random, 0, 4),
    ];
    hub.faults.add({ path, after, mishap: 'hang' });
    return { what: `Hub never answers ${path} after ${after} of them` };
  },
  'network gone'({ random, events, seconds, hub }) {
    const moment = randomMoment(random, events);
    const onEvent = at(moment, () => hub.faults.add({ path: HUB, times: 10_000, mishap: 'drop-before' }));
    // Half of it is for training, and then nothing is tried again for long.
    const env = { HF_LLM_TRAINER_TIMEOUT_SECONDS: String(4 * seconds) };
    return { what: `no network from ${told(moment)}`, run: { onEvent, env } };
  },
  'token revoked'({ random, events, hub }) {
    const moment = randomMoment(random, events);
    const mishap = { status: 401, message: 'Invalid credentials in Authorization header' };
    const onEvent = at(moment, () => hub.faults.add({ path: HUB, times: 10_000, mishap }));
    return { what: `token revoked ${told(moment)}`, run: { onEvent } };
  },
  'repository deleted'({ random, events, hub, repo }) {
    const moment = randomMoment(random, events);
    const onEvent = at(moment, () => void deleteRepo(hub, repo));
    return { what: `repository deleted ${told(moment)}`, run: { onEvent } };
  },
} satisfies Record<string, Kind>;

/** For a server that has a disk of its own, of `DISK` bytes. */
export const DISK = 160 * 2 ** 20;
export const ON_A_DISK = {
  'disk full'({ random, bytes }) {
    const free = between(random, Math.round(bytes / 10), bytes);
    return { what: `${free} bytes free`, free };
  },
} satisfies Record<string, Kind>;

async function deleteRepo(hub: TestHub, id: string): Promise<void> {
  const [organization, name] = id.split('/');
  await fetch(`${hub.url}/api/repos/delete`, {
    method: 'DELETE',
    headers: { authorization: `Bearer ${hub.tokens.write}` },
    body: JSON.stringify({ organization, name, type: 'model' }),
  });
}

import { cpus, freemem, loadavg, totalmem } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Call, HubError } from './http.ts';
import { jobOf } from './job-routes.ts';

/** Server-sent events of a job: its log, its stages, the load of its machine. */

const KEEP_ALIVE_MS = 30_000;

/** From the first line (or the last `tail`), then what comes, until the job is over. */
export async function streamLogs(call: Call): Promise<void> {
  const job = jobOf(call);
  const tail = call.url.searchParams.get('tail');
  const from = tail === null ? 0 : Math.max(0, job.log.lines.length - Number(tail));
  await stream(call, async (send, signal) => {
    for await (const line of job.log.follow(from, signal)) send(line);
  });
}

/** One event for each stage that is entered. */
export async function streamEvents(call: Call): Promise<void> {
  const job = jobOf(call);
  await stream(call, async (send, signal) => {
    let last: string | undefined;
    while (!signal.aborted) {
      if (job.stage !== last) send({ stage: job.stage, message: job.message, timestamp: new Date().toISOString() });
      last = job.stage;
      if (job.isOver) return;
      await Promise.race([job.done, sleep(100)]);
    }
  });
}

/** Once a second while the job runs. The figures are those of this machine, the only one that there is. */
export async function streamMetrics(call: Call): Promise<void> {
  const job = jobOf(call);
  if (job.isOver) throw new HubError(406, 'the job is over');
  await stream(call, async (send, signal) => {
    while (!signal.aborted && !job.isOver) {
      send({
        cpu_usage_pct: Math.min(100, Math.round(((loadavg()[0] ?? 0) / cpus().length) * 100)),
        cpu_millicores: cpus().length * 1000,
        memory_used_bytes: totalmem() - freemem(),
        memory_total_bytes: totalmem(),
        rx_bps: 0,
        tx_bps: 0,
        gpus: {},
        replica: job.id.slice(0, 5),
      });
      await Promise.race([job.done, sleep(1000)]);
    }
  });
}

type Send = (event: unknown) => void;

async function stream(call: Call, run: (send: Send, signal: AbortSignal) => Promise<void>): Promise<void> {
  const { res } = call;
  const gone = new AbortController();
  res.on('close', () => gone.abort());
  res.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
  res.flushHeaders();
  const keepAlive = setInterval(() => res.write(': keep-alive\n\n'), KEEP_ALIVE_MS);
  try {
    await run((event) => res.write(`data: ${JSON.stringify(event)}\n\n`), gone.signal);
  } finally {
    clearInterval(keepAlive);
    res.end();
  }
}

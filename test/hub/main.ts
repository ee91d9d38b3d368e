import { DEMO, seedDemo, seedModel } from './seed.ts';
import { startHub } from './server.ts';

/**
 * `npm run hub`: the Hub by hand, with the demo's data, until Ctrl-C.
 * `npm run hub -- --port 8080 --model Qwen/Qwen3-0.6B=./folder` takes a fixed port, and a model from a folder.
 */
const args = process.argv.slice(2);
const port = Number(valuesOf('--port')[0] ?? 0);
// uv finds wheels and its cache as it does in this shell; nothing else of it reaches a job.
const passed = Object.entries(process.env).filter(([name]) => name.startsWith('UV_'));

const hub = await startHub({
  port,
  jobEnvironment: Object.fromEntries(passed.map(([name, value]) => [name, value ?? ''])),
});
await seedDemo(hub);
for (const model of valuesOf('--model')) {
  const [id = '', folder = ''] = model.split('=');
  await seedModel(hub, id, folder);
}

console.log(`A Hub for tests, with ${DEMO.dataset} and ${DEMO.model} (no real weights) among others.

  In another shell:
${Object.entries(hub.environment(hub.tokens.write))
  .map(([name, value]) => `    export ${name}=${value}`)
  .join('\n')}

  Other tokens:
    ${hub.tokens.read}   may read only
    ${hub.tokens.fineGrained}   fine-grained: the user's own repositories and jobs
    ${hub.tokens.noCredit}   a user without credit

  Jobs run as processes of this machine. Ctrl-C ends them and removes everything.`);

let closing = false;
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    if (closing) return;
    closing = true;
    hub.close().then(() => process.exit(0));
  });
}

function valuesOf(flag: string): string[] {
  return args.flatMap((arg, index) => (arg === flag && args[index + 1] ? [args[index + 1] ?? ''] : []));
}

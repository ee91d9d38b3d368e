import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { seedDemo } from '../hub/seed.ts';
import { startHub, type TestHub } from '../hub/server.ts';
import { installRuntime, type Ran, type RunOptions, type Runtime } from '../support/runtime.ts';

/**
 * The runtime as an agent has it, against a Hub on loopback that holds the demo. Jobs are real processes; in
 * place of `uv run` stands a small script that says what a training says, so that no Python is needed here.
 * test/train runs the same path with the real one.
 */
export interface World {
  hub: TestHub;
  runtime: Runtime;
  /** Runs a command against the Hub, as `tester` unless told otherwise. */
  run(args: string[], options?: RunOptions): Promise<Ran>;
  // biome-ignore lint/suspicious/noExplicitAny: what a command prints; each test says what it expects of it
  json(args: string[], options?: RunOptions): Promise<Ran & { value: any }>;
  /** The same two in this process, `Runtime.here`. */
  here: {
    run(args: string[], env?: Record<string, string>): Promise<Ran>;
    // biome-ignore lint/suspicious/noExplicitAny: as above
    json(args: string[], env?: Record<string, string>): Promise<Ran & { value: any }>;
  };
  /** A plan for the demo's model and data, made here; extra flags go with it. */
  plan(...flags: string[]): Promise<{ path: string; digest: string }>;
  close(): Promise<void>;
}

/** `config.json` and template of a model that any machine has room for. */
export const SMALL_MODEL = {
  model_type: 'qwen3',
  architectures: ['Qwen3ForCausalLM'],
  hidden_size: 64,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  vocab_size: 1000,
  intermediate_size: 128,
};
export const CHAT_TEMPLATE =
  "{% for message in messages %}{{ message['role'] }}: {{ message['content'] }}\n{% endfor %}";

/** Says what events.py says, a step every 50 ms; ends early on SIGTERM as the real one does. */
const FAKE_UV = `#!/bin/sh
trap 'exit 75' TERM
now() { date +%s; }
say() { echo "{\\"hf_llm_trainer\\":1,\\"time\\":$(now),$1}"; }
echo "Installed 49 packages in 1s"
say '"event":"start","total_steps":4,"from_step":0,"rows":60,"eval_rows":0,"device":"cpu"'
for step in 1 2 3 4; do
  sleep "\${FAKE_STEP_SECONDS:-0.05}" & wait $!
  say "\\"event\\":\\"step\\",\\"step\\":$step,\\"total_steps\\":4,\\"loss\\":$((5 - step)).5,\\"learning_rate\\":0.00001,\\"grad_norm\\":1,\\"tokens\\":9,\\"gpu_memory_gib\\":null,\\"seconds\\":$step"
done
say '"event":"done","step":4,"seconds":1'
exit "\${FAKE_EXIT:-0}"
`;

export async function startWorld(jobEnvironment: Record<string, string> = {}): Promise<World> {
  const bin = mkdtempSync(join(tmpdir(), 'fake-uv-'));
  writeFileSync(join(bin, 'uv'), FAKE_UV);
  chmodSync(join(bin, 'uv'), 0o755);
  const hub = await startHub({
    graceMs: 1000,
    jobEnvironment: { PATH: `${bin}${delimiter}${process.env.PATH ?? ''}`, ...jobEnvironment },
  });
  await seedDemo(hub);
  const runtime = await installRuntime();
  const asTester = (options: RunOptions = {}): RunOptions => ({
    ...options,
    env: { ...hub.environment(hub.tokens.write), ...options.env },
  });
  const json: World['json'] = (args, options) => runtime.json(args, asTester(options));
  const here: World['here'] = {
    run: (args, env) => runtime.here(args, { ...hub.environment(hub.tokens.write), ...env }),
    json: async (args, env) => {
      const ran = await here.run([...args, '--json'], env);
      return { ...ran, value: JSON.parse(ran.stdout) };
    },
  };
  return {
    hub,
    runtime,
    here,
    run: (args, options) => runtime.run(args, asTester(options)),
    json,
    plan: async (...flags) => {
      const { value, stderr } = await here.json(['plan', ...DEMO_FLAGS, ...flags]);
      if (!value.digest) throw new Error(`no plan: ${JSON.stringify(value)} ${stderr}`);
      return { path: value.path, digest: value.digest };
    },
    close: async () => {
      runtime.remove();
      rmSync(bin, { recursive: true });
      await hub.close();
    },
  };
}

/** What the sentence "Fine-tune Qwen3-0.6B on open-r1/codeforces-cots" becomes. */
export const DEMO_FLAGS = [
  '--model',
  'Qwen3-0.6B',
  '--dataset',
  'open-r1/codeforces-cots',
  '--map',
  'messages=messages',
];

/** The card with its long lines in one piece again. */
export const unwrapped = (card: string): string => card.replace(/\n {14}/g, ' ');

/** Writes a file into the folder that commands run in, and returns its path. */
export function fileIn(runtime: Runtime, name: string, content: string | Uint8Array): string {
  const path = join(runtime.cwd, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, content);
  return path;
}

export const CHAT_LINES = Array.from({ length: 12 }, (_, n) =>
  JSON.stringify({
    messages: [
      { role: 'user', content: `What is ${n} plus one?` },
      { role: 'assistant', content: `It is ${n + 1}.` },
    ],
  }),
).join('\n');

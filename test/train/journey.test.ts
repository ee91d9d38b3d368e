import { copyFileSync, existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seedDemo, seedModel } from '../hub/seed.ts';
import { startHub, type TestHub } from '../hub/server.ts';
import { installRuntime, type Runtime } from '../support/runtime.ts';
import { runPython, temporaryFolder, tinyModel } from '../support/training.ts';
import { uvJobEnvironment } from '../support/uv-jobs.ts';

/**
 * "Fine-tune Qwen3-0.6B on open-r1/codeforces-cots", from a copy of the skill's folder alone, on a Hub on
 * loopback: jobs are real processes that run the real script with uv, TRL trains a tiny model that has the
 * real one's name, and the official Python client takes the result from its repository.
 */
let hub: TestHub;
let runtime: Runtime;
let env: Record<string, string>;
/** Every command line that was seen on this machine while jobs ran, and everything that our commands printed. */
const commandLines = new Set<string>();
const printed: string[] = [];

beforeAll(async () => {
  hub = await startHub({ jobEnvironment: await uvJobEnvironment() });
  await seedDemo(hub);
  await seedModel(hub, 'Qwen/Qwen3-0.6B', await tinyModel(), { downloads: 9_000_000 });
  runtime = await installRuntime();
  env = hub.environment(hub.tokens.write);
});
afterAll(async () => {
  runtime.remove();
  await hub.close();
});

// biome-ignore lint/suspicious/noExplicitAny: what a command prints; each test says what it expects of it
async function json(...args: string[]): Promise<{ code: number | null; value: any }> {
  const ran = await runtime.json(args, { env });
  printed.push(ran.stdout, ran.stderr);
  return ran;
}

/** What a failed expectation on a job has to show. */
const endOfLog = (jobId: string): string =>
  (hub.jobs.get(jobId)?.log.lines ?? [])
    .slice(-40)
    .map(({ data }) => data)
    .join('\n');

async function finished(jobId: string): Promise<void> {
  const watch = setInterval(rememberCommandLines, 200);
  await hub.jobs.get(jobId)?.done;
  clearInterval(watch);
}

function rememberCommandLines(): void {
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      commandLines.add(readFileSync(`/proc/${pid}/cmdline`, 'utf8'));
    } catch {
      // gone in the meantime
    }
  }
}

describe('the sentence that it all began with', () => {
  let plan: { digest: string; path: string; plan: { output: { repo_id: string } } };
  let jobId: string;

  it('the data needs a mapping, and the answer says which', async () => {
    const { value } = await json('validate', 'open-r1/codeforces-cots', '--method', 'sft');
    expect(value.methods.sft).toMatchObject({
      verdict: 'NEEDS_MAPPING',
      mapping: { columns: [{ to: 'messages', from: 'messages' }] },
    });
  });

  it('with the mapping there is a plan and a card', async () => {
    const flags = ['--model', 'Qwen3-0.6B', '--dataset', 'open-r1/codeforces-cots', '--map', 'messages=messages'];
    const { code, value } = await json('plan', ...flags);
    expect(code).toBe(0);
    expect(value.card).toContain(value.digest);
    // A model this small is cheapest on a CPU, which this machine has.
    expect(value.plan.hardware.flavor).toMatch(/^cpu-/);
    plan = value;
  });

  it('after the yes there is one job', async () => {
    const first = await json('submit', plan.path, '--approve', plan.digest);
    const second = await json('submit', plan.path, '--approve', plan.digest);
    expect(first.value).toMatchObject({ reused: false });
    expect(second.value).toMatchObject({ reused: true, job_id: first.value.job_id });
    jobId = first.value.job_id;
  });

  it('that trains, and says so', async () => {
    await finished(jobId);
    const { value } = await json('status');
    expect(value, endOfLog(jobId)).toMatchObject({
      job_id: jobId,
      stage: 'COMPLETED',
      step: value.total_steps,
      links: { model: `${hub.url}/${plan.plan.output.repo_id}` },
    });
    expect(value.loss).toBeLessThan(value.first_loss);
  });

  it('to a private model that transformers loads and that generates', async () => {
    const repo = plan.plan.output.repo_id;
    expect(hub.repo('model', repo)?.private).toBe(true);
    const program = [
      'import sys, torch',
      'from transformers import AutoModelForCausalLM, AutoTokenizer',
      'tokenizer = AutoTokenizer.from_pretrained(sys.argv[1])',
      'model = AutoModelForCausalLM.from_pretrained(sys.argv[1])',
      'messages = [{"role": "user", "content": "How many crates?"}]',
      'inputs = tokenizer.apply_chat_template(messages, add_generation_prompt=True, return_tensors="pt", return_dict=True)',
      'print("TOKENS", model.generate(**inputs, max_new_tokens=5).shape[1] - inputs["input_ids"].shape[1])',
    ].join('\n');
    const cache = await temporaryFolder();
    const ran = await runPython(['-c', program, repo], { env: { ...env, HF_HOME: cache, HF_HUB_OFFLINE: '0' } });
    expect(ran.log).toMatch(/TOKENS [1-5]/);
    const card = (await hub.readFile('model', repo, 'README.md')).toString();
    expect(card).toContain('open-r1/codeforces-cots');
  });

  it('and `--model last` is that model', async () => {
    const flags = ['--dataset', 'open-r1/codeforces-cots', '--map', 'messages=messages', '--examples', '10'];
    const { value } = await json('plan', '--model', 'last', ...flags);
    expect(value.plan.model).toMatchObject({ id: plan.plan.output.repo_id, source: 'hub' });
  });
});

describe('LoRA on local data', () => {
  it('uploads the data privately, trains an adapter, and the next stage merges it', async () => {
    const data = join(runtime.cwd, 'chat.jsonl');
    const source = new URL('../../skills/hf-llm-trainer/assets/quickstart.jsonl', import.meta.url);
    copyFileSync(source, data);
    const flags = ['--dataset', data, '--lora', 'on', '--max-steps', '4', '--max-length', '128'];
    const first = (await json('plan', '--model', 'Qwen/Qwen3-0.6B', ...flags)).value;
    const { job_id } = (await json('submit', first.path, '--approve', first.digest)).value;
    await finished(job_id);
    const status = (await json('status', job_id)).value;
    expect(status, endOfLog(job_id)).toMatchObject({
      stage: 'COMPLETED',
      step: 4,
    });
    expect(hub.repo('dataset', first.plan.dataset.upload.repo_id)?.private).toBe(true);
    const adapter = first.plan.output.repo_id;
    expect((await hub.readFile('model', adapter, 'adapter_config.json')).toString()).toContain('Qwen/Qwen3-0.6B');

    const next = (
      await json(
        'plan',
        '--model',
        'last',
        '--dataset',
        data,
        '--max-steps',
        '2',
        '--lora',
        'off',
        '--max-length',
        '128',
      )
    ).value;
    expect(next.plan.model).toMatchObject({ id: 'Qwen/Qwen3-0.6B', adapter: { id: adapter } });
    const again = (await json('submit', next.path, '--approve', next.digest)).value;
    await finished(again.job_id);
    const ended = (await json('status', again.job_id)).value;
    expect(ended, endOfLog(again.job_id)).toMatchObject({
      stage: 'COMPLETED',
      step: 2,
    });
  });
});

describe('the quickstart', () => {
  it('does everything by itself, without an account and without the Hub', async () => {
    const { code, value } = await runtime.json<Quickstart>(['quickstart', '--yes'], {
      // Nothing answers there: whoever asks a Hub fails.
      env: { HF_ENDPOINT: 'http://127.0.0.1:9', OMP_NUM_THREADS: '1' },
    });
    expect(code).toBe(0);
    expect(value).toMatchObject({ submitted: true, stage: 'COMPLETED' });
    expect(value.loss).toBeLessThan(1);
    expect(statSync(join(value.model, 'model.safetensors')).size).toBeGreaterThan(1e6);
    const [before, after] = ['before', 'after'].map((when) => value.samples.find((sample) => sample.when === when));
    const expected = quickstartAnswers().get(after?.prompt ?? '');
    expect(before?.answer).not.toBe(expected);
    expect(after?.answer).toBe(expected);
  });
});

interface Quickstart {
  submitted: boolean;
  stage: string;
  loss: number;
  model: string;
  samples: { when: string; prompt: string; answer: string }[];
}

/** Question to answer, in the data that ship with the skill. */
function quickstartAnswers(): Map<string, string> {
  const text = readFileSync(new URL('../../skills/hf-llm-trainer/assets/quickstart.jsonl', import.meta.url), 'utf8');
  return new Map(
    text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).messages)
      .map(([question, answer]) => [question.content, answer.content]),
  );
}

describe('the token', () => {
  it('is in no command line, no file of ours, and nothing that was printed', () => {
    const token = hub.tokens.write;
    expect([...commandLines].some((line) => line.includes('train.py'))).toBe(true);
    expect([...commandLines].filter((line) => line.includes(token))).toEqual([]);
    expect(printed.filter((text) => text.includes(token))).toEqual([]);
    for (const folder of [runtime.home, runtime.cwd]) {
      expect(existsSync(folder)).toBe(true);
      const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
      const ours = files.filter((entry) => !/environments|uv\//.test(entry.parentPath));
      expect(ours.length).toBeGreaterThan(0);
      expect(
        ours.map((entry) => join(entry.parentPath, entry.name)).filter((path) => readFileSync(path).includes(token)),
      ).toEqual([]);
    }
    for (const job of hub.jobs.all()) {
      expect(job.spec.command.join(' ')).not.toContain(token);
      expect(JSON.stringify(job.spec.environment)).not.toContain(token);
      expect(job.log.lines.filter(({ data }) => data.includes(token))).toEqual([]);
    }
  });
});

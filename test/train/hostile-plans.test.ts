import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { JsonValue } from '../../scripts/plan/json.ts';
import type { Mapping } from '../../scripts/plan/mapping.ts';
import { isOnline, PLANNED, type Planned, SEEING } from '../../scripts/plan/methods.ts';
import { BUILT_IN_REWARDS } from '../../scripts/plan/reward.ts';
import type { Plan } from '../../scripts/plan/schema.ts';
import { launchOf } from '../../scripts/planner/recipe/launch.ts';
import { composeScript } from '../../scripts/training/compose.ts';
import { everyExpression } from '../support/every-expression.ts';
import { type PlanOverrides, samplePlan } from '../support/plan.ts';
import { runPython, temporaryFolder } from '../support/training.ts';

/**
 * Whatever the names, prompts, columns and rewards of a plan say: its script is Python, and the same code as with
 * harmless ones. What differs are texts.
 */
const SAME_CODE = fileURLToPath(new URL('python/same_code.py', import.meta.url));

const PIECES = [
  '"',
  "'",
  '"""',
  "'''",
  '\\',
  '\\N{',
  '\n',
  '\r',
  '\0',
  '\u2028',
  '\u202e',
  '\ufeff',
  '#',
  '# <lora>\n',
  '# </lora>\n',
  '{0}',
  '%s',
  '$(id)',
  '{% for %}',
  "')\nimport os\n",
  '"""\nimport os\n"""',
  '# ///',
  ' ',
  'é',
  '😀',
];
const text = fc.string({ unit: fc.constantFrom(...PIECES, '\ud800', 'a'), minLength: 1, maxLength: 60 });
/** Markers of a mapping are whole characters. */
const wholeText = fc.string({ unit: fc.constantFrom(...PIECES, 'a'), minLength: 1, maxLength: 60 });

type Words = (whole?: boolean) => string;

/** Every text of a mapping but the names of its operations. */
function withWords(value: JsonValue, words: Words): JsonValue {
  if (typeof value === 'string') return words(true);
  if (Array.isArray(value)) return value.map((item) => withWords(item, words));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, key === 'op' ? item : withWords(item, words)]),
  );
}

type Origin = 'hub' | 'local' | 'uploaded';
const MODES: Plan['recipe']['mode'][] = ['full', 'lora', 'qlora'];
const ORIGINS: Origin[] = ['hub', 'local', 'uploaded'];
const FORMATS: Record<Planned, Plan['dataset']['format']> = {
  sft: 'language-modeling',
  dpo: 'preference',
  kto: 'unpaired-preference',
  reward: 'preference',
  grpo: 'prompt-only',
  rloo: 'prompt-only',
};

function planOf(method: Planned, mode: Plan['recipe']['mode'], origin: Origin, at: number, words: Words): Plan {
  const file = `/data/${words()}.jsonl`;
  const own = { id: words(), config: words(), split: words(), files: [], drop_invalid: at % 2 === 0 };
  const local = {
    ...own,
    source: 'local' as const,
    revision: null,
    fingerprint: 'f'.repeat(64),
    id: file,
    files: [file],
  };
  const upload = { repo_id: words(), private: true as const };
  const dataset = origin === 'hub' ? own : { ...local, upload: origin === 'uploaded' ? upload : null };
  const parameters = Object.fromEntries([[words(), words()]]);
  const common = { column: words(), parameters: { ...parameters, example: words() }, weight: 1 };
  const overrides: PlanOverrides = {
    method,
    model: {
      id: words(),
      architecture: at % 3 === 0 ? 'Gemma3ForConditionalGeneration' : words(),
      adapter: at % 4 === 0 ? { id: words(), source: 'hub', revision: 'a'.repeat(40) } : null,
    },
    dataset: {
      ...dataset,
      format: FORMATS[method],
      conversational: at % 5 !== 0,
      vision: at % 3 === 0 && SEEING.includes(method),
      mapping: withWords(JSON.parse(JSON.stringify(everyExpression)), words) as unknown as Mapping,
    },
    recipe: {
      mode,
      lora: mode === 'full' ? null : { r: 8, lora_alpha: 8, lora_dropout: 0, target_modules: [words(), words()] },
      quantization: mode === 'qlora' ? { load_in_4bit: true, bnb_4bit_quant_type: words() } : null,
      training_args: {
        chat_template_path: words(),
        eos_token: words(),
        chat_template_kwargs: { system_prompt: words() },
        use_vllm: at % 2 === 1 && isOnline(method),
        assistant_only_loss: at % 2 === 1,
      },
    },
    launch: launchOf((['alone', 'ddp', 'fsdp2'] as const)[at % 3] ?? 'alone', 2, 'bf16'),
    reward: isOnline(method)
      ? [
          ...BUILT_IN_REWARDS.map((name) => ({ kind: 'builtin' as const, name, ...common })),
          { kind: 'file', file: words(), function: words(), source: words(), sha256: words(), ...common },
        ]
      : null,
    output: {
      repo_id: origin === 'local' ? null : words(),
      folder: origin === 'local' ? `/models/${words()}` : null,
      trackio: { project: words(), run_name: words(), space_id: at % 2 === 0 ? words() : null, private: true },
    },
  };
  return samplePlan(overrides);
}

it('the texts of a plan never become code', async () => {
  const folder = await temporaryFolder();
  const pairs: [string, string][] = [];
  const cases = PLANNED.flatMap((method) =>
    MODES.flatMap((mode) => ORIGINS.flatMap((origin) => [0, 1].map((more) => ({ method, mode, origin, more })))),
  );
  for (const [at, { method, mode, origin, more }] of cases.entries()) {
    const sample = (arbitrary: typeof text): string[] => fc.sample(arbitrary, { numRuns: 300, seed: at });
    const [any, whole] = [sample(text), sample(wholeText)];
    let next = 0;
    const hostile: Words = (complete) => `${(complete ? whole : any)[next++ % 300]}${next}`;
    let harmless = 0;
    const plain: Words = () => `name${++harmless}`;
    const kind = at + more;
    const files = await Promise.all(
      [plain, hostile].map(async (words, which) => {
        const file = join(folder, `${method}-${mode}-${origin}-${more}-${which}.py`);
        await writeFile(file, composeScript(planOf(method, mode, origin, kind, words)).script);
        return file;
      }),
    );
    pairs.push(files as [string, string]);
  }
  await writeFile(join(folder, 'pairs.json'), JSON.stringify(pairs));
  const { log } = await runPython([SAME_CODE, join(folder, 'pairs.json')]);
  expect(JSON.parse(/^DATA (.*)$/m.exec(log)?.[1] ?? JSON.stringify(log))).toEqual([]);
  expect(pairs).toHaveLength(108);
});

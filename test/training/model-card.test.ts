import matter from 'gray-matter';
import { describe, expect, it } from 'vitest';
import type { Plan } from '../../scripts/plan/schema.ts';
import { composeScript } from '../../scripts/training/compose.ts';
import { modelCard } from '../../scripts/training/model-card.ts';
import { pythonText } from '../../scripts/training/python-literal.ts';
import { type PlanOverrides, samplePlan } from '../support/plan.ts';
import { variants } from '../support/variants.ts';

const HOSTILE = [
  '| x | y |\n| --- |',
  '`code` and ``more``',
  '![](https://evil.example/pixel.png)',
  '<script>alert(1)</script><img src=x onerror=y>',
  '[click](javascript:x)',
  '---\nlicense: mit\n---',
  '"\nlicense: mit\n',
  '\u202egnp.exe\x1b[31m\x00\u2028',
  '# Title\n\n```python\nimport os\n```',
  "'; rm -rf ~; '\n```\n# Title",
  '\n{results}\n{unfinished}\n## Use\n',
  '"""\nimport os\n"""',
  'a'.repeat(5000),
];

/** A plan in which everything that somebody else may choose says this. */
const saying = (text: string, output: PlanOverrides['output'] = {}): Plan =>
  samplePlan({
    method: 'grpo',
    model: { id: text },
    dataset: {
      id: `/home/alice/${text}`,
      source: 'local',
      revision: null,
      fingerprint: 'f'.repeat(64),
      config: text,
      split: text,
      files: [],
      format: 'prompt-only',
      examples: 100,
      evaluation: { from: 'share', rows: 5 },
      mapping: { columns: [{ to: 'prompt', from: text }] },
      rows: { total: 100, used: 93, left_out: [{ code: 'empty', message: `no answer in ${text}`, count: 7 }] },
    },
    recipe: {
      mode: 'lora',
      lora: { r: 8, lora_alpha: 8, lora_dropout: 0, target_modules: [text] },
      training_args: { [text]: text, chat_template_path: `/home/alice/${text}`, nested: { [text]: [text] } },
    },
    reward: [
      {
        kind: 'file',
        file: 'mine.py',
        function: text,
        source: '',
        sha256: 'e'.repeat(64),
        column: null,
        parameters: {},
        weight: 1,
      },
    ],
    hardware: { label: `T4 ${text}` },
    output: {
      repo_id: text,
      trackio: { project: 'model', run_name: 'model', space_id: text, private: true },
      ...output,
    },
  });

describe('text from elsewhere is text', () => {
  it.each(HOSTILE.flatMap((text) => [saying(text), saying(text, { repo_id: null, folder: `/home/bob/${text}` })]))(
    '$model.id, $output.repo_id',
    (plan) => {
      const card = modelCard(plan);
      const [, front = '', body = ''] = card.split(/^---$/m);
      expect(matter(`---${front}---\n`).data).toEqual({
        base_model: plan.model.id,
        library_name: 'peft',
        pipeline_tag: 'text-generation',
        tags: ['trl', 'grpo', 'hf-llm-trainer', 'lora'],
      });
      const outside = body.replace(/^```.*?^```$/gms, '');
      const plain = outside.replace(/`[^`\n]*`/g, ''); // what Markdown would read
      for (const sign of ['<script', '<img', '![', '](java', 'evil.example', 'onerror', 'pixel', '`'])
        expect(plain).not.toContain(sign);
      expect(card).toMatch(/^[\p{L}\p{M}\p{N}\p{P}\p{S} \n]*$/u);
      expect(card).not.toContain('/home/');
      const rows = outside.split('\n').filter((line) => line.startsWith('|'));
      expect(new Set(rows.map((row) => row.split('|').length - 1))).toEqual(new Set([3]));
      expect(outside.match(/^#+ .*$/gm)?.slice(1)).toEqual(['## Use', '## Data', '## Training']);
      const marks = ['{results}', '{steps}', '{time}', '{cost}', '{tokens}'];
      expect(card.match(/^\{\w+\}$/gm)).toEqual(plan.output.repo_id === null ? marks : ['{unfinished}', ...marks]);
      expect(card.match(/^```\w+$/gm)?.length).toBe(card.match(/^```$/gm)?.length);
      expect(card.match(/^## Use$/gm)).toHaveLength(1);
    },
  );

  it.each(HOSTILE)('no literal of Python is left by %j', (text) => {
    const { script } = composeScript(saying(text));
    const literal = pythonText(modelCard(saying(text)));
    expect(script.endsWith(`\nCARD = ${literal}  # noqa: E501\n\n\n${START}`)).toBe(true);
    expect(literal.slice(3, -3)).not.toContain('"""');
  });
});

const START = composeScript(samplePlan()).script.split('  # noqa: E501\n\n\n').at(-1);

describe('what a plan says of its model', () => {
  it('is on the card', () => {
    const card = modelCard(saying('x'));
    expect(card).toContain(
      `Fine-tuned from \`x\` (commit \`${samplePlan().model.revision}\`) on local \`x\` with GRPO`,
    );
    expect(card).toContain(
      '| split | `x` `x` |\n| rows | the first 100 of a shuffle |\n| held out for evaluation | 5 rows at most |\n',
    );
    expect(card).toContain('| column | `prompt` made of `x` |\n| left out | `no answer in x` (7 rows seen) |\n');
    expect(card).toContain(
      '{steps}\n| trained on | `T4 x` |\n{time}\n{cost}\n{tokens}\n| `r` | `8` |\n| `lora_alpha` | `8` |\n',
    );
    expect(card).toContain('| `chat_template_path` | `x` |\n');
    expect(card).toContain('| reward | `x` |\n| curves | Trackio Space `x` |\n');
  });

  it.each<[what: string, overrides: PlanOverrides, has: string[], lacks: string[]]>([
    [
      'all weights',
      {},
      [
        'base_model: Qwen/Qwen3-0.6B\ndatasets:\n- open-r1/codeforces-cots\nlibrary_name: transformers\n',
        'training every weight.',
        'hf download alice/',
        '| `learning_rate` | `2e-05` |',
        '| `bf16` | `False` |',
        'print(generate([{"role": "user", "content": "..."}], max_new_tokens=100)',
      ],
      ['AutoPeft', '- lora', '| rows |', '| reward |'],
    ],
    [
      'an adapter',
      { recipe: { mode: 'lora', lora: { r: 8, lora_alpha: 8, lora_dropout: 0, target_modules: 'all-linear' } } },
      [
        'library_name: peft',
        'vllm serve Qwen/Qwen3-0.6B --enable-lora --lora-modules trained=alice/',
        "AutoPeftModelForCausalLM.from_pretrained('alice/",
        'convert_hf_to_gguf.py merged',
      ],
      ['hf download'],
    ],
    [
      'an adapter of a high rank',
      { recipe: { mode: 'lora', lora: { r: 48, lora_alpha: 48, lora_dropout: 0, target_modules: 'all-linear' } } },
      ['vllm serve Qwen/Qwen3-0.6B --enable-lora --max-lora-rank 64 --lora-modules trained=alice/'],
      [],
    ],
    [
      'an adapter of a higher rank than vLLM takes',
      { recipe: { mode: 'lora', lora: { r: 1024, lora_alpha: 8, lora_dropout: 0, target_modules: 'all-linear' } } },
      ['vllm serve merged\n'],
      ['--enable-lora'],
    ],
    [
      'a folder that stays here',
      { output: { repo_id: null, folder: '/home/alice/it is mine' }, hardware: { usd_per_hour: 0 } },
      ['# `it is mine`\n\nFine-tuned', 'model="it is mine")'],
      ['/home/alice', 'vllm', 'gguf', '{unfinished}', '{cost}'],
    ],
    [
      'plain text',
      { dataset: { conversational: false, evaluation: null } },
      ['generate("..."'],
      ['held out for evaluation'],
    ],
    [
      'a reward model',
      { method: 'reward', dataset: { format: 'preference' } },
      [
        'pipeline_tag: text-classification',
        'with reward modeling',
        'AutoModelForSequenceClassification',
        'add_special_tokens=False',
      ],
      ['vllm', 'gguf', 'text-generation'],
    ],
    [
      'a model that sees',
      { dataset: { vision: true, mapping: null } },
      ['pipeline_tag: image-text-to-text', "pipeline('image-text-to-text'", 'vllm serve alice/'],
      ['gguf', 'text-generation', '| column |'],
    ],
  ])('%s', (_, overrides, has, lacks) => {
    const card = modelCard(samplePlan(overrides));
    for (const text of has) expect(card).toContain(text);
    for (const text of lacks) expect(card).not.toContain(text);
  });

  it.each(variants())('%s: the way to the model on this machine stays here', (_, plan) => {
    expect(modelCard(plan)).not.toMatch(/\/home|\/data/);
  });
});

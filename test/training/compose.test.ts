import { describe, expect, it } from 'vitest';
import { sha256 } from '../../scripts/plan/digest.ts';
import { composeScript } from '../../scripts/training/compose.ts';
import { PARTS } from '../../scripts/training/parts.ts';
import { EXCLUDE_NEWER, scriptDependencies } from '../../scripts/training/requirements.ts';
import { samplePlan } from '../support/plan.ts';
import { variants } from '../support/variants.ts';

const plans = new Map(variants());
const scriptOf = (name: string): string => {
  const plan = plans.get(name);
  if (!plan) throw new Error(`no variant ${name}`);
  return composeScript(plan).script;
};
/** Without the text of the model's card, which shows Python, too. */
const codeOf = (script: string): string => script.replace(/^CARD = """[\s\S]*?^"""/m, 'CARD = ""');

describe.each(variants())('%s', (_, plan) => {
  const { script, sha256: hash } = composeScript(plan);

  it('has the hash that its plan carries, every time', () => {
    expect(hash).toBe(sha256(script));
    expect(plan.script.sha256).toBe(hash);
    expect(composeScript(structuredClone(plan)).script).toBe(script);
  });

  it('begins with a PEP 723 header of pinned packages', () => {
    const block = /^# \/\/\/ script\n((?:#(?: .*)?\n)+?)# \/\/\/\n/.exec(script)?.[1] ?? '';
    const toml = block.replace(/^# ?/gm, '');
    expect(toml).toContain('requires-python = ">=3.10"');
    expect(toml).toContain(`[tool.uv]\nexclude-newer = "${EXCLUDE_NEWER}"`);
    const listed = [...toml.matchAll(/^ {4}"(.+)",$/gm)].map(([, dependency]) => dependency);
    expect(listed).toEqual(plan.script.dependencies);
    for (const dependency of listed) expect(dependency).toMatch(/^[\w-]+==[\d.]+$/);
  });

  it('has nothing left of its modules: no relative import, no mark of a region, no import below the top', () => {
    expect(script).not.toMatch(/^from \./m);
    expect(script).not.toMatch(/# <\/?\w+>/);
    const code = codeOf(script);
    const body = code.slice(code.indexOf('\nPLAN: '));
    expect(body).not.toMatch(/^(import|from) /m);
  });

  it('defines no name twice: its modules become one', () => {
    const names = [...codeOf(script).matchAll(/^(?:def |class )?(\w+)(?:\(| = |: .* = )/gm)].map(([, name]) => name);
    expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([]);
    expect(names).toContain('main');
  });

  it('says what decides the run, and nothing else of the plan', () => {
    for (const key of ['method', 'model', 'dataset', 'recipe', 'limits', 'output'])
      expect(script).toContain(`    "${key}": `);
    for (const key of ['made', 'estimate', 'script', 'findings', 'rows'])
      expect(script).not.toContain(`    "${key}": {`);
  });
});

it('tells how in the order in which the run comes to it, and shows the card last', () => {
  const script = scriptOf('hub_lora');
  const names = [
    'def main',
    'class StopInTime',
    'class HubRepo',
    'def load_rows',
    'def load_tokenizer',
    'def make_trainer',
  ];
  const places = [...names, 'def train(', 'def model_card', 'def describe', 'CARD = '].map((name) =>
    script.indexOf(name),
  );
  expect(places).toEqual([...places].sort((a, b) => a - b));
  expect(Math.min(...places)).toBeGreaterThan(0);
});

describe('several processes', () => {
  it.each(variants())('%s carries what they need, or nothing of it', (_, plan) => {
    const { script } = composeScript(plan);
    const several = plan.launch.processes > 1;
    for (const part of ['run_processes', 'distributed', 'LOCAL_RANK', 'is_first', '"launch": '])
      expect([part, script.includes(part)]).toEqual([part, several]);
    const sharded = plan.launch.accelerate?.distributed_type === 'FSDP';
    expect(script.includes('SharedGradients')).toBe(several && !sharded);
    // No process has a whole model that could answer.
    if (sharded) expect(script).not.toMatch(/answer_questions|score_pairs/);
  });
});

it('knows how long the plan expects saving to take', () => {
  const estimate = { stopping_seconds: 569 };
  expect(composeScript(samplePlan({ estimate })).script).toContain('"stopping_seconds": 569}');
  expect(composeScript(samplePlan()).script).toContain('"stopping_seconds": 0}');
});

describe('only the parts that the run needs', () => {
  it.each<[variant: string, has: string[], lacks: string[]]>([
    [
      'hub_full',
      ['load_dataset(', 'class HubRepo', 'map_columns(', 'with_files_here(PLAN["model"])'],
      ['from peft', 'LoraConfig', 'BitsAndBytesConfig', 'read_rows', 'is_trainable', 'merge_adapter'],
    ],
    ['hub_lora', ['peft_config=lora_config('], ['BitsAndBytesConfig', 'merge_adapter']],
    ['hub_lora', ['class BackgroundCommits', 'super_squash_history'], ['hf buckets', '"bucket"']],
    ['bucket', ['hf buckets sync', '"bucket": {'], ['class BackgroundCommits', 'super_squash_history']],
    ['hub_qlora', ['peft_config=', 'quantization_config=quantization_config('], ['merge_adapter']],
    ['adapter_lora', ['merge_adapter(', 'save_merged(', 'adapter_tokenizer('], ['trainer.save_model(str(folder))']],
    ['adapter_full', ['merge_adapter(', 'trainer.save_model(str(folder))'], ['save_merged', 'LoraConfig']],
    [
      'local_file',
      ['read_rows(', 'fingerprint('],
      ['load_dataset(', 'HubRepo', 'is_trainable', 'map_row', 'trainer.evaluate()'],
    ],
    [
      'local_text',
      ['is_trainable('],
      ['check_chat_template', 'answer_questions', 'LoraConfig', 'snapshot_download', 'persistently'],
    ],
    ['lent_full', ['"chat_template_path": folder', 'with_files_here('], ['get_chat_template()']],
    ['lent_lora', ['get_chat_template()'], ['"chat_template_path": folder', 'with_files_here']],
    ['prompt_completion', ['row["prompt"]'], ['before_answer', 'check_chat_template']],
    ['local_upload', ['"files": ["data.jsonl"]', 'copyfile(__file__'], ['/home/alice', 'shareable']],
    [
      'dpo_lora',
      ['DPOTrainer(', 'maybe_extract_prompt(row)', 'lora_config(plan["recipe"])'],
      ['SFTTrainer', 'row["prompt"]', 'mixed_rows', 'score_pairs', 'SequenceClassification'],
    ],
    ['dpo_text', ['answer_questions('], ['check_chat_template', 'LoraConfig']],
    ['kto_pairs', ['KTOTrainer(', 'mixed_rows(rows, seed)'], ['score_pairs', 'SFTTrainer']],
    ['kto_lora', ['mixed_rows(', 'row["prompt"]'], ['score_pairs']],
    ['reward_lora', ['RewardTrainer(', 'score_pairs(', 'task_type="SEQ_CLS"'], ['answer_questions', 'SFTTrainer']],
    ['reward_adapter', ['merge_adapter(', '"num_labels": 1'], ['answer_questions']],
    [
      'vision_sft',
      ['AutoProcessor', 'with_pictures(', 'prepare_multimodal_messages(', 'image-text-to-text'],
      ['text-generation', 'is_trainable'],
    ],
    ['vision_dpo', ['AutoModelForImageTextToText', 'List(Image())'], ['AutoModelForCausalLM', 'AutoTokenizer.']],
    ['grpo', ['def make_trainer'], ['or_without_vllm', 'set_seed(arguments']],
    ['grpo_vllm', ['@or_without_vllm\ndef make_trainer', 'def or_without_vllm', 'VLLM_NO_USAGE_STATS'], []],
    ['local_pushed', ['shareable(script, plan)'], ['copyfile(__file__']],
  ])('%s', (variant, has, lacks) => {
    const script = scriptOf(variant);
    for (const text of has) expect(script).toContain(text);
    for (const text of lacks) expect(script).not.toContain(text);
  });

  it('every module is in some script', () => {
    const all = [...plans.keys()].map(scriptOf).join('\n');
    for (const [name, source] of Object.entries(PARTS)) {
      if (name === 'reward_here') continue; // tries rewards before there is a script
      const docstring = /^r?"""(.+)/.exec(source)?.[1]?.replace('"""', '') ?? name;
      expect(all).toContain(`# ${docstring}`);
    }
  });
});

describe('what CUDA is told before torch is imported', () => {
  const head = (script: string): string => script.slice(0, script.indexOf('\nimport datasets'));
  it.each([
    ['hub_full', true],
    ['fsdp_hub', true],
    ['grpo_vllm', false], // vLLM's own pools don't go with it
  ])('%s: memory that grows %j', (name, grows) => {
    expect(head(scriptOf(name)).includes('"PYTORCH_ALLOC_CONF", "expandable_segments:True"')).toBe(grows);
  });
  it('nothing on a CPU', () => {
    const plan = samplePlan({ hardware: { flavor: 'cpu', accelerators: 0, gpu_memory_gib: null } });
    expect(composeScript(plan).script).not.toMatch(/PYTORCH_ALLOC_CONF|CUDA_VISIBLE/);
  });
});

describe('what is refused', () => {
  it.each([
    [
      'rows with pictures for a method of text',
      { method: 'kto' as const, dataset: { vision: true } },
      'kto is planned for text only',
    ],
    ['a method that learns from a reward, without one', { method: 'grpo' as const }, 'the plan has none'],
  ])('%s', (_, overrides, message) => {
    expect(() => samplePlan(overrides)).toThrow(message);
  });
});

it('packages follow the recipe', () => {
  const dependencies = (name: string): string[] => plans.get(name)?.script.dependencies ?? [];
  const has = (name: string, dependency: string): boolean =>
    dependencies(name).some((one) => one.startsWith(dependency));
  expect(has('hub_full', 'peft')).toBe(false);
  expect(has('hub_full', 'torchvision')).toBe(false);
  expect(has('vision_sft', 'torchvision')).toBe(true);
  expect(has('hub_lora', 'peft')).toBe(true);
  expect(has('adapter_full', 'peft')).toBe(true);
  expect(has('hub_lora', 'bitsandbytes')).toBe(false);
  expect(has('hub_qlora', 'bitsandbytes')).toBe(true);
  expect(has('grpo', 'vllm')).toBe(false);
  expect(has('grpo_vllm', 'vllm')).toBe(true);
  const kernels = samplePlan({ recipe: { attn_implementation: 'kernels-community/flash-attn2' } });
  expect(scriptDependencies(kernels).some((one) => one.startsWith('kernels'))).toBe(true);
});

import type { PlanDraft } from '../plan/schema.ts';
import { oneLine } from './markdown.ts';
import { pythonLiteral } from './python-literal.ts';
import { seesPictures } from './requirements.ts';

/** How to use a model: with transformers, peft, vLLM, llama.cpp. Markdown; `name`: of the repository or the folder. */
export function usage(plan: PlanDraft, name: string, isAdapter: boolean): string[] {
  return ['## Use', '', ...block('python', firstCode(plan, quoted(name), isAdapter)), ...served(plan, name, isAdapter)];
}

const block = (language: string, code: string[]): string[] => [`\`\`\`${language}`, ...code, '```', ''];

function firstCode({ method, dataset }: PlanDraft, name: string, isAdapter: boolean): string[] {
  if (method === 'reward') return scoring(name, dataset.conversational, isAdapter);
  if (dataset.vision) return seeing(name);
  const prompt = dataset.conversational ? '[{"role": "user", "content": "..."}]' : '"..."';
  return [
    'from transformers import pipeline',
    '',
    `generate = pipeline('text-generation', model=${name})`,
    `print(generate(${prompt}, max_new_tokens=100)[0]['generated_text'])`,
  ];
}

const seeing = (name: string): string[] => [
  'from transformers import pipeline',
  '',
  `answer = pipeline('image-text-to-text', model=${name})`,
  'parts = [{"type": "image", "url": "picture.png"}, {"type": "text", "text": "..."}]',
  'messages = [{"role": "user", "content": parts}]',
  "print(answer(text=messages, max_new_tokens=100, return_full_text=False)[0]['generated_text'])",
];

/** The reward of an answer; the text is made into tokens as the trainer does it. */
function scoring(name: string, conversational: boolean, isAdapter: boolean): string[] {
  const [library, prefix] = isAdapter ? ['peft', 'AutoPeft'] : ['transformers', 'Auto'];
  const messages = '[{"role": "user", "content": "..."}, {"role": "assistant", "content": "..."}]';
  const text = `tokenizer.apply_chat_template(${messages}, tokenize=False)`;
  return [
    `from ${library} import ${prefix}ModelForSequenceClassification`,
    'from transformers import AutoTokenizer',
    '',
    `tokenizer = AutoTokenizer.from_pretrained(${name})`,
    `model = ${prefix}ModelForSequenceClassification.from_pretrained(${name}, num_labels=1)`,
    `text = ${conversational ? text : '"..." + tokenizer.eos_token'}`,
    `inputs = tokenizer(text, return_tensors="pt", add_special_tokens=${conversational ? 'False' : 'True'})`,
    'print(model(**inputs).logits.item())  # higher is better',
  ];
}

/** By servers and formats that take a model of the Hub. */
function served(plan: PlanDraft, name: string, isAdapter: boolean): string[] {
  const { method, model, dataset, recipe, output } = plan;
  if (method === 'reward' || model.source !== 'hub' || output.repo_id === null) return [];
  const [repo, base] = [word(name), word(model.id)];
  const limit = maxLoraRank(recipe.lora?.r ?? 0);
  const adapter = limit === null ? 'merged' : `${base} --enable-lora${limit} --lora-modules trained=${repo}`;
  const serve = isAdapter ? adapter : repo;
  const download = isAdapter ? [] : [`hf download ${repo} --local-dir model`];
  const convert = `python convert_hf_to_gguf.py ${isAdapter ? 'merged' : 'model'} --outfile model.gguf`;
  return [
    ...(isAdapter
      ? ['The adapter and its base as one model:', '', ...block('python', merging(plan, quoted(name)))]
      : []),
    'A server, with [vLLM](https://docs.vllm.ai):',
    '',
    ...block('sh', [`vllm serve ${serve}`]),
    ...(dataset.vision
      ? []
      : [
          'A file for [llama.cpp](https://github.com/ggml-org/llama.cpp), by its converter:',
          '',
          ...block('sh', [...download, convert]),
        ]),
  ];
}

function merging({ model, dataset }: PlanDraft, name: string): string[] {
  if (!dataset.vision && !seesPictures(model)) {
    return [
      'from peft import AutoPeftModelForCausalLM',
      'from transformers import AutoTokenizer',
      '',
      `AutoPeftModelForCausalLM.from_pretrained(${name}).merge_and_unload().save_pretrained('merged')`,
      `AutoTokenizer.from_pretrained(${name}).save_pretrained('merged')`,
    ];
  }
  const revision = model.revision === null ? '' : `, revision=${quoted(model.revision)}`;
  return [
    'from peft import PeftModel', // which has no class that finds a base that sees by itself
    'from transformers import AutoModelForImageTextToText, AutoProcessor',
    '',
    `base = AutoModelForImageTextToText.from_pretrained(${quoted(model.id)}${revision})`,
    `PeftModel.from_pretrained(base, ${name}).merge_and_unload().save_pretrained('merged')`,
    `AutoProcessor.from_pretrained(${name}).save_pretrained('merged')`,
  ];
}

/** Of vLLM 0.30.0, whose default is 16. */
const LORA_RANKS = [32, 64, 128, 256, 320, 512];

/** The option for an adapter of this rank; null where vLLM takes none as large. */
function maxLoraRank(r: number): string | null {
  if (r <= 16) return '';
  const rank = LORA_RANKS.find((one) => one >= r);
  return rank === undefined ? null : ` --max-lora-rank ${rank}`;
}

const HARMLESS = /^[\w./-]+$/;

/** A string of Python. */
const quoted = (text: string): string => (HARMLESS.test(text) ? `'${text}'` : pythonLiteral(text));

/** A word of a shell, on one line. */
const word = (text: string): string => (HARMLESS.test(text) ? text : `'${oneLine(text).replaceAll("'", "'\\''")}'`);

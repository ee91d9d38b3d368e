import type { Planned } from '../scripts/plan/methods.ts';
import { SNAPSHOT } from '../scripts/planner/hardware/snapshot.ts';
import type { ModelFacts } from '../scripts/planner/model-facts.ts';
import { defaultEpochs } from '../scripts/planner/recipe.ts';
import { cents } from '../scripts/planner/rounding.ts';
import type { Candidate } from '../scripts/planner/search/candidate.ts';
import { choose } from '../scripts/planner/search/choose.ts';
import { modesFor } from '../scripts/planner/search/modes.ts';
import { search } from '../scripts/planner/search.ts';
import type { Workload } from '../scripts/planner/workload.ts';

/** A run that the hardware guide shows as an example: what a plan would choose, and the next best. */
export interface ExampleRun {
  model: string;
  /** Null where no flavor is enough. */
  chosen: Candidate | null;
  fitting: Candidate[];
}

const ROWS = 10_000;
const HELD_OUT = 200;
/** Of a row: chat data, half of it shorter than the mean. */
const TOKENS = { total: 500 * ROWS, mean: 500, p50: 450, p95: 950, max: 1000, estimated: false };

type Sizes = [id: string, parameters: number, hidden: number, layers: number, mlp: number, query: number, kv: number];
/** From each model's config.json and safetensors headers. */
const MODELS: { sizes: Sizes; vocab_size: number; heads: number; tied: boolean }[] = [
  { sizes: ['Qwen/Qwen2.5-0.5B', 494e6, 896, 24, 4864, 896, 128], vocab_size: 151_936, heads: 14, tied: true },
  { sizes: ['Qwen/Qwen3-1.7B', 1.72e9, 2048, 28, 6144, 2048, 1024], vocab_size: 151_936, heads: 16, tied: true },
  { sizes: ['Qwen/Qwen3-4B', 4.02e9, 2560, 36, 9728, 4096, 1024], vocab_size: 151_936, heads: 32, tied: true },
  { sizes: ['Qwen/Qwen3-8B', 8.19e9, 4096, 36, 12_288, 4096, 1024], vocab_size: 151_936, heads: 32, tied: false },
  { sizes: ['Qwen/Qwen3-14B', 14.77e9, 5120, 40, 17_408, 5120, 1024], vocab_size: 151_936, heads: 40, tied: false },
  { sizes: ['Qwen/Qwen3-32B', 32.76e9, 5120, 64, 25_600, 8192, 1024], vocab_size: 151_936, heads: 64, tied: false },
  {
    sizes: ['meta-llama/Llama-3.3-70B-Instruct', 70.55e9, 8192, 80, 28_672, 8192, 1024],
    vocab_size: 128_256,
    heads: 64,
    tied: false,
  },
];

export const exampleRuns = (): ExampleRun[] => MODELS.map(exampleRun);

function exampleRun(shape: (typeof MODELS)[number]): ExampleRun {
  const facts = factsOf(shape);
  const work = { ...exampleWork('sft', ROWS - HELD_OUT), facts, eval_rows: HELD_OUT };
  const { modes } = modesFor(facts, undefined);
  const { epochs } = defaultEpochs(ROWS, work.request);
  const input = { work, modes, backend: 'hf' as const, max_length: 1024, epochs, timeout_seconds: null };
  const fitting = search(input, SNAPSHOT.flavors);
  return { model: facts.id, chosen: choose(fitting) ?? null, fitting };
}

/** So many rows of chat data, for the smallest model. */
export function exampleWork(method: Planned, rows: number): Workload {
  const [smallest] = MODELS;
  if (!smallest) throw new Error('no example model');
  const facts = factsOf(smallest);
  return {
    method,
    facts,
    report: { verdict: 'READY', findings: [], invalid_rows: 0, format: 'language-modeling', conversational: true },
    tokens: TOKENS,
    rows,
    eval_rows: 0,
    request: { model: facts.id, dataset: 'example/chat' },
  };
}

function factsOf({ sizes, vocab_size, heads, tied }: (typeof MODELS)[number]): ModelFacts {
  const [id, parameters, hidden_size, layers, intermediate_size, query_size, key_value_size] = sizes;
  const qwen3 = id.includes('Qwen3');
  return {
    id,
    source: 'hub',
    revision: null,
    architecture: id.includes('Llama') ? 'LlamaForCausalLM' : 'Qwen3ForCausalLM',
    ...{ parameters, hidden_size, layers, intermediate_size, query_size, key_value_size, vocab_size },
    layout: {
      recorded: true,
      tied_embeddings: tied,
      attention_heads: heads,
      qk_norm: qwen3,
      sandwich_norm: false,
      linear_attention: false,
      attention: 'sdpa',
      sliding_window: null,
      fused: { attention: false, mlp: false },
      experts: null,
    },
    max_length: 32_768,
    has_chat_template: true,
    adapter: null,
    notes: [],
  };
}

const MODE = { full: 'all weights', lora: 'LoRA', qlora: 'QLoRA' };

/** A row of the hardware guide's table. */
export function exampleLine({ model, chosen }: ExampleRun): {
  model: string;
  what: string;
  time: string;
  price: string;
} {
  if (!chosen) return { model, what: 'no flavor is enough', time: '-', price: '-' };
  const { recipe, flavor, time, usd } = chosen;
  const hours = (seconds: number): string => (seconds / 3600).toFixed(1);
  return {
    model,
    what: `\`${flavor.name}\`, ${MODE[recipe.mode]}`,
    time: `${hours(time.seconds)} h (${hours(time.range[0])} to ${hours(time.range[1])})`,
    price: cents(usd).toFixed(2),
  };
}

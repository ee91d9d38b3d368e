import { describe, expect, it } from 'vitest';
import type { Planned } from '../../../scripts/plan/methods.ts';
import type { Request } from '../../../scripts/plan/request.ts';
import { SNAPSHOT } from '../../../scripts/planner/hardware/snapshot.ts';
import { hardwareDecisions } from '../../../scripts/planner/hardware-words.ts';
import { loraParameters } from '../../../scripts/planner/memory/states.ts';
import { methodDecisions } from '../../../scripts/planner/method-words.ts';
import type { ModelFacts } from '../../../scripts/planner/model-facts.ts';
import { checkConflicts } from '../../../scripts/planner/overrides/conflicts.ts';
import { parseOverrides } from '../../../scripts/planner/overrides.ts';
import { loraRank } from '../../../scripts/planner/recipe/lora-rank.ts';
import { buildRecipe } from '../../../scripts/planner/recipe.ts';
import { choose } from '../../../scripts/planner/search/choose.ts';
import { modesFor } from '../../../scripts/planner/search/modes.ts';
import { search } from '../../../scripts/planner/search.ts';
import type { Workload } from '../../../scripts/planner/workload.ts';
import { candidateOn, QWEN3_8B, QWEN3_06B, searchInput, work } from '../support.ts';

const tokensOf = (rows: number, mean: number) =>
  work({ rows, tokens: { total: rows * mean, mean, p50: mean, p95: mean, max: mean, estimated: false } });
const lora = (overrides: Partial<Workload>, set: Request['set'] = {}) =>
  buildRecipe(work({ ...overrides, request: { model: 'm', dataset: 'd', set } }), {
    mode: 'lora',
    target: { kind: 'cuda', bf16: true },
    batch: 1,
    max_length: 512,
    epochs: 1,
  });

describe('the rank', () => {
  it.each<[string, ModelFacts, number, number, number, boolean]>([
    ['little data', QWEN3_06B, 1000, 500, 32, true],
    ['as much as the least rank holds', QWEN3_06B, 40_000, 500, 32, true],
    ['more than that', QWEN3_06B, 50_000, 500, 64, true],
    ['the same for a large model', QWEN3_8B, 50_000, 500, 32, true],
    ['much for a large model', QWEN3_8B, 500_000, 500, 128, true],
    ['more than any adapter holds', QWEN3_06B, 2_000_000, 500, 256, false],
  ])('of %s', (_, facts, rows, mean, rank, enough) => {
    const chosen = loraRank({ ...tokensOf(rows, mean), facts });
    expect(chosen).toMatchObject({ rank, enough, wanted: rows * mean, parameters: loraParameters(facts, rank) });
    expect(chosen.parameters >= chosen.wanted).toBe(enough);
  });

  it.each<Planned>(['dpo', 'kto', 'reward', 'grpo', 'rloo'])(
    'of %s is small, however much data there are',
    (method) => {
      expect(loraRank({ ...tokensOf(1_000_000, 2000), method })).toMatchObject({ rank: 16, enough: true });
    },
  );

  it('of experts, each with an adapter of its own, is its share', () => {
    const experts = { count: 128, per_token: 8, intermediate_size: 768, adapted: true };
    const facts = { ...QWEN3_8B, layout: { ...QWEN3_8B.layout, experts } };
    expect(loraRank({ ...tokensOf(1000, 500), facts }).rank).toBe(4);
    expect(loraRank({ ...tokensOf(1000, 500), facts, method: 'grpo' }).rank).toBe(4);
    const attentionOnly = { ...facts, layout: { ...facts.layout, experts: { ...experts, adapted: false } } };
    expect(loraRank({ ...tokensOf(1000, 500), facts: attentionOnly }).rank).toBe(32);
  });

  it('is in the recipe, with an alpha that suits every rank, and counted in memory', () => {
    const rows = tokensOf(200_000, 500);
    expect(lora(rows).lora).toEqual({ r: 256, lora_alpha: 32, lora_dropout: 0, target_modules: 'all-linear' });
    const adapters = (set: Request['set']) =>
      candidateOn('a100-large', {
        work: { ...rows, request: { model: 'm', dataset: 'd', set } },
        modes: ['lora'],
        max_length: 512,
      })?.memory.adapters;
    expect(adapters({})).toBeCloseTo(8 * (adapters({ lora_r: 32 }) ?? 0), 8);
  });

  it('leaves the router of experts as it is', () => {
    const modules = (adapted: boolean) => {
      const experts = { count: 8, per_token: 2, intermediate_size: 768, adapted };
      return lora({ facts: { ...QWEN3_8B, layout: { ...QWEN3_8B.layout, experts } } }).lora?.target_modules;
    };
    expect(modules(false)).toBe('all-linear');
    const asked = (name: string): boolean => new RegExp(`^${modules(true)}$`).test(`model.layers.0.${name}`);
    const names = ['self_attn.q_proj', 'mlp.experts.gate_proj', 'mlp.experts.down_proj', 'mlp.experts.w2'];
    for (const name of [...names, 'self_attn.kv_a_proj_with_mqa', 'linear_attn.in_proj_qkvz', 'linear_attn.out_proj'])
      expect(asked(name), name).toBe(true);
    for (const name of ['mlp.gate', 'mlp.gate.weight', 'mlp.experts.gate_up_proj', 'input_layernorm', 'router.proj'])
      expect(asked(name), name).toBe(false);
  });

  it.each<[architecture: string, experts: boolean, named: RegExp]>([
    ['Llama4ForConditionalGeneration', true, /gate_up_proj/],
    ['PhimoeForCausalLM', true, /gate_up_proj/],
    ['Gemma4ForConditionalGeneration', true, /gate_up_proj/],
    ['Gemma4ForConditionalGeneration', false, /^all-linear$/],
    ['GptOssForCausalLM', true, /^all-linear$/],
    ['FalconH1ForCausalLM', false, /out_proj/],
    ['FalconMambaForCausalLM', false, /out_proj/],
    ['Mamba2ForCausalLM', false, /out_proj/],
    ['MambaForCausalLM', false, /out_proj/],
    ['NemotronHForCausalLM', true, /out_proj/],
    ['NemotronForCausalLM', false, /^all-linear$/],
  ])('goes to what peft can train of %s, experts: %s', (architecture, has, named) => {
    const experts = has ? { count: 8, per_token: 2, intermediate_size: 768, adapted: false } : null;
    const facts = { ...QWEN3_8B, architecture, layout: { ...QWEN3_8B.layout, experts } };
    expect(lora({ facts }).lora?.target_modules).toMatch(named);
  });

  it('says whether experts get adapters', () => {
    const rank = (adapted: boolean | null, set: Request['set'] = {}) => {
      const experts = adapted === null ? null : { count: 8, per_token: 2, intermediate_size: 768, adapted };
      const facts = { ...QWEN3_8B, layout: { ...QWEN3_8B.layout, experts } };
      const workload = { ...tokensOf(1000, 500), facts, request: { model: 'm', dataset: 'd', set } };
      return methodDecisions(workload, { recipe: lora({ facts }, set) })[0]?.what;
    };
    expect([rank(true), rank(false), rank(null)]).toEqual(['rank 16, experts too', 'rank 32, no experts', 'rank 32']);
    expect(rank(false, { lora_r: 8 })).toBe('rank 8, no experts');
  });

  it('is said on the card', () => {
    const said = (overrides: Partial<Workload>, set: Request['set'] = {}) =>
      methodDecisions(work({ ...overrides, request: { model: 'm', dataset: 'd', set } }), {
        recipe: lora(overrides, set),
      });
    expect(said({})).toContainEqual({
      what: 'rank 32',
      because: 'the least: its 20 M trained parameters are far more than 480,000 tokens need',
    });
    expect(said(tokensOf(40_000, 500))).toContainEqual({
      what: 'rank 32',
      because: '20 M tokens need no more than 20 M trained parameters',
    });
    expect(said(tokensOf(2_000_000, 500))).toContainEqual({
      what: 'rank 256',
      because: '160 M trained parameters for 1,000 M tokens: all weights (--lora off) would learn more',
    });
    expect(said({ method: 'dpo' })[0]).toMatchObject({ what: 'rank 16' });
    expect(said({}, { lora_r: 8 })).toContainEqual({ what: 'rank 8', because: 'asked for' });
  });
});

describe('--set of an adapter', () => {
  it('takes the names that TRL has, and gives them to the adapter alone', () => {
    const set = parseOverrides(['lora_r=8', 'lora_alpha=16', 'lora_dropout=0.05', 'use_rslora=true'], 'sft');
    const recipe = lora({}, set);
    expect(recipe.lora).toEqual({
      ...{ r: 8, lora_alpha: 16, lora_dropout: 0.05, use_rslora: true },
      target_modules: 'all-linear',
    });
    expect(Object.keys(recipe.training_args).filter((name) => name.startsWith('lora'))).toEqual([]);
  });

  it.each(['lora_r=0', 'lora_r=-4', 'lora_r=1.5', 'lora_r=9999', 'lora_r=all', 'lora_alpha=0', 'lora_dropout=1'])(
    'refuses %s',
    (flag) =>
      expect(() => parseOverrides([flag], 'sft')).toThrow(
        expect.objectContaining({ code: 'bad_argument', exitCode: 2, message: expect.stringMatching(/expected a/) }),
      ),
  );

  it('asks for an adapter, and is refused where there is none', () => {
    expect(modesFor(QWEN3_06B, 'auto', { lora_r: 8 }).modes).toEqual(['lora', 'qlora']);
    const request = { model: 'm', dataset: 'd', lora: 'off' as const, set: { lora_r: 8 } };
    expect(() => checkConflicts(work({ request }))).toThrow(/lora_r=8: it is for an adapter/);
  });
});

describe('QLoRA by itself', () => {
  const QWEN3_14B: ModelFacts = {
    ...QWEN3_8B,
    parameters: 14.77e9,
    hidden_size: 5120,
    layers: 40,
    intermediate_size: 17_408,
    query_size: 5120,
  };
  const asked = (facts: ModelFacts) => ({ work: work({ facts, rows: 2000 }), modes: modesFor(facts, undefined).modes });
  const on = (name: string, facts: ModelFacts) => candidateOn(name, asked(facts));

  it('is taken on a flavor where LoRA does not fit, and not where it does', () => {
    expect(on('a10g-large', QWEN3_14B)?.recipe.mode).toBe('qlora');
    expect(on('l40sx1', QWEN3_14B)?.recipe.mode).toBe('lora');
    expect(on('a10g-large', QWEN3_8B)?.recipe.mode).toBe('lora');
  });

  it('is not taken on a card without bf16', () => {
    expect(on('t4-medium', QWEN3_14B)).toBeNull();
  });

  it('is never preferred over LoRA, but taken where nothing else is left', () => {
    const fitting = search(searchInput(asked(QWEN3_14B)), SNAPSHOT.flavors);
    expect(fitting.some(({ recipe }) => recipe.mode === 'qlora')).toBe(true);
    expect(choose(fitting)?.recipe.mode).toBe('lora');
    const only = fitting.filter(({ recipe }) => recipe.mode === 'qlora');
    expect(choose(only)?.recipe.mode).toBe('qlora');
  });

  it('says why', () => {
    const fitting = search(searchInput(asked(QWEN3_14B)), SNAPSHOT.flavors);
    const chosen = fitting.find(({ recipe }) => recipe.mode === 'qlora');
    const dearest = fitting.find(({ recipe }) => recipe.mode === 'lora');
    if (!chosen || !dearest) throw new Error();
    const why = (choice: Partial<Parameters<typeof hardwareDecisions>[0]>) =>
      hardwareDecisions({
        chosen,
        fitting,
        modes: ['lora', 'qlora'],
        why: '',
        asked: undefined,
        kept: undefined,
        maxCost: undefined,
        ...choice,
      })[0]?.because;
    const price = '; 4 bits are slower and learn a little less';
    expect(why({ asked: chosen.flavor.name })).toBe(`LoRA does not fit ${chosen.flavor.name}${price}`);
    expect(why({ kept: chosen.flavor.name })).toBe(`LoRA does not fit ${chosen.flavor.name}${price}`);
    expect(why({ maxCost: 1 })).toMatch(/^LoRA would take .* on .*, more than the budget; 4 bits/);
    expect(why({ fitting: [chosen] })).toBe(`LoRA fits no hardware here${price}`);
  });
});

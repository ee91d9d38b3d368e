import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import templates from '../../scripts/dataset/tokenizer/training-templates.json' with { type: 'json' };
import types from '../../scripts/planner/model-facts/transformers-models.json' with { type: 'json' };
import args from '../../scripts/planner/overrides/trl-arguments.json' with { type: 'json' };
import packed from '../../scripts/planner/recipe/packed-architectures.json' with { type: 'json' };
import lora from '../planner/memory/lora-parameters.json' with { type: 'json' };
import layers from '../planner/model-facts/layer-types.json' with { type: 'json' };
import parts from '../planner/model-facts/parts.json' with { type: 'json' };
import { runTorch } from '../support/training.ts';

const ARGUMENTS = fileURLToPath(new URL('python/trl_arguments.py', import.meta.url));
const TEMPLATES = fileURLToPath(new URL('python/training_templates.py', import.meta.url));
const PACKED_ROWS = fileURLToPath(new URL('python/packed_rows.py', import.meta.url));
const MODEL_TYPES = fileURLToPath(new URL('python/model_types.py', import.meta.url));
const MODEL_PARTS = fileURLToPath(new URL('python/model_parts.py', import.meta.url));
const LAYER_TYPES = fileURLToPath(new URL('python/layer_types.py', import.meta.url));
const LORA_PARAMETERS = fileURLToPath(new URL('python/lora_parameters.py', import.meta.url));
const recorded = (file: string): string => fileURLToPath(new URL(`../planner/${file}`, import.meta.url));

async function printed(program: string[]): Promise<unknown> {
  const { log } = await runTorch(program);
  return JSON.parse(/^DATA (.*)$/m.exec(log)?.[1] ?? 'null');
}

describe('the pinned packages', () => {
  it('take the arguments that the planner knows, with their types and choices', async () => {
    expect(await printed([ARGUMENTS])).toEqual({ shared: args.shared, methods: args.methods });
    // What became of an older name is not still there.
    const names = [args.shared, ...Object.values(args.methods)].flatMap((own) => Object.keys(own));
    expect(names.filter((name) => Object.hasOwn(args.renamed, name))).toEqual([]);
  });

  it('replace the chat templates that the planner knows, for the loss on answers alone', async () => {
    expect(await printed([TEMPLATES])).toEqual(templates.templates);
  });

  it('have the model types that the planner knows, with their classes and defaults', async () => {
    expect(await printed([MODEL_TYPES])).toEqual(types);
  });

  it('make models of the parts that the planner counts', async () => {
    expect(await printed([MODEL_PARTS])).toEqual(parts);
  });

  it('make layers of the types that the planner tells', async () => {
    expect(await printed([LAYER_TYPES])).toEqual(layers);
  });

  it('train as many parameters of an adapter as the planner counts', async () => {
    const files = ['model-facts/parts.json', 'memory/lora-parameters.json'].map(recorded);
    expect(await printed([LORA_PARAMETERS, ...files])).toEqual(lora);
  });

  it('keep packed rows apart in the architectures for which the planner packs them, and not in all others', async () => {
    const found = Object.entries((await printed([PACKED_ROWS])) ?? {});
    const apart = found.filter(([, kept]) => kept === true).map(([architecture]) => architecture);
    expect(apart.sort()).toEqual(packed.architectures);
    // It can tell: some let packed rows see each other, and some refuse them.
    expect(found.filter(([, kept]) => kept === false).length).toBeGreaterThan(1);
    expect(found.filter(([, kept]) => typeof kept === 'string').length).toBeGreaterThan(1);
  });
});

import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import types from '../../scripts/planner/transformers-model-types.json' with { type: 'json' };
import args from '../../scripts/planner/trl-arguments.json' with { type: 'json' };
import { runPython } from '../support/training.ts';

const ARGUMENTS = fileURLToPath(new URL('python/trl_arguments.py', import.meta.url));
const MODEL_TYPES = `
import json
from transformers.models.auto.configuration_auto import CONFIG_MAPPING_NAMES
print("DATA", json.dumps(sorted(CONFIG_MAPPING_NAMES)))
`;

async function printed(program: string[]): Promise<unknown> {
  const { log } = await runPython(program);
  return JSON.parse(/^DATA (.*)$/m.exec(log)?.[1] ?? 'null');
}

describe('the pinned packages', () => {
  it('take the arguments that the planner knows, with their types and choices', async () => {
    expect(await printed([ARGUMENTS])).toEqual({ shared: args.shared, methods: args.methods });
    // What became of an older name is not still there.
    const names = [args.shared, ...Object.values(args.methods)].flatMap((own) => Object.keys(own));
    expect(names.filter((name) => Object.hasOwn(args.renamed, name))).toEqual([]);
  });

  it('have the model types that the planner knows', async () => {
    expect(await printed(['-c', MODEL_TYPES])).toEqual(types.model_types);
  });
});

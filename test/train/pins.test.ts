import { describe, expect, it } from 'vitest';
import types from '../../scripts/planner/transformers-model-types.json' with { type: 'json' };
import args from '../../scripts/planner/trl-arguments.json' with { type: 'json' };
import { runPython } from '../support/training.ts';

const PROGRAM = `
import dataclasses, json, trl
from transformers.models.auto.configuration_auto import CONFIG_MAPPING_NAMES
print("DATA", json.dumps({
    "arguments": {
        method: sorted(field.name for field in dataclasses.fields(getattr(trl, name + "Config")) if field.init)
        for method, name in [("sft", "SFT"), ("dpo", "DPO"), ("kto", "KTO"), ("reward", "Reward"), ("grpo", "GRPO"), ("rloo", "RLOO")]
    },
    "model_types": sorted(CONFIG_MAPPING_NAMES),
}))
`;

describe('the pinned packages', () => {
  it('have the arguments and the model types that the planner knows', async () => {
    const { log } = await runPython(['-c', PROGRAM]);
    const data = JSON.parse(/^DATA (.*)$/m.exec(log)?.[1] ?? '{}');
    const known = Object.entries(args.methods).map(([method, own]) => [method, [...args.shared, ...own].sort()]);
    expect(data.arguments).toEqual(Object.fromEntries(known));
    // What became of an older name is not still there.
    for (const names of Object.values<string[]>(data.arguments)) {
      expect(names.filter((name) => Object.hasOwn(args.renamed, name))).toEqual([]);
    }
    expect(data.model_types).toEqual(types.model_types);
  });
});

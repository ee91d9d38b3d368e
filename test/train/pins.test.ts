import { describe, expect, it } from 'vitest';
import types from '../../scripts/planner/transformers-model-types.json' with { type: 'json' };
import args from '../../scripts/planner/trl-arguments.json' with { type: 'json' };
import { runPython } from '../support/training.ts';

const PROGRAM = `
import dataclasses, json
from transformers.models.auto.configuration_auto import CONFIG_MAPPING_NAMES
from trl import SFTConfig
print("DATA", json.dumps({
    "sft": sorted(field.name for field in dataclasses.fields(SFTConfig) if field.init),
    "model_types": sorted(CONFIG_MAPPING_NAMES),
}))
`;

describe('the pinned packages', () => {
  it('have the arguments and the model types that the planner knows', async () => {
    const { log } = await runPython(['-c', PROGRAM]);
    const data = JSON.parse(/^DATA (.*)$/m.exec(log)?.[1] ?? '{}');
    expect(data.sft).toEqual(args.sft);
    expect(data.model_types).toEqual(types.model_types);
  });
});

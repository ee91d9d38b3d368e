import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { modelFolder } from '../dataset/tiny-tokenizer.ts';
import { fileIn, startWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

/** A model so small that any machine trains it. */
const CONFIG = {
  model_type: 'llama',
  hidden_size: 64,
  intermediate_size: 128,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  vocab_size: 260,
  max_position_embeddings: 2048,
  tie_word_embeddings: true,
};

const row = (words: string): string =>
  JSON.stringify({
    messages: [
      { role: 'user', content: 'q' },
      { role: 'assistant', content: words },
    ],
  });

describe('plan', () => {
  it('goes by the tokens that the model itself makes, and says what is cut', async () => {
    const model = modelFolder(join(world.runtime.cwd, 'small'), { 'config.json': CONFIG });
    const data = fileIn(world.runtime, 'rows.jsonl', [...Array(9).fill(row('a')), row('a'.repeat(100))].join('\n'));
    const flags = ['plan', '--dataset', data, '--backend', 'local', '--max-length', '64', '--model'];
    const counted = await world.here.json([...flags, model]);
    // <turn>user: q<end><turn>assistant: a<end> is 23 tokens, and the long row has 122: by characters none has more than 26.
    const { stdout } = await world.here.run([...flags, model]);
    expect(stdout).toMatch(/at max_length 64 10% of the rows are cut/);
    writeFileSync(join(model, 'tokenizer.json'), '{"model": {"type": "Magic"}}');
    const estimated = await world.here.json([...flags, model]);
    expect(estimated.value.plan.estimate.tokens).not.toBe(counted.value.plan.estimate.tokens);
    expect(JSON.stringify(estimated.value)).toMatch(/Tokens are estimated/);
    expect(estimated.value.plan.notes.join()).not.toMatch(/at max_length/);
    const longer = fileIn(
      world.runtime,
      'longer.jsonl',
      Array(10)
        .fill(row('a'.repeat(1000)))
        .join('\n'),
    );
    const cut = async (length: string) => {
      const asked = ['--dataset', longer, '--max-length', length, '--out', 'cut.json'];
      return (await world.here.json(['plan', ...asked, '--backend', 'local', '--model', model])).value;
    };
    expect((await cut('128')).card).toMatch(/at max_length 128 nearly all rows are cut: half of them have 251 tokens/);
    expect((await cut('8')).error).toMatchObject({ code: 'length_too_short' });
  });

  it('refuses a length at which nothing is learned, with exit code 3, and chooses none such itself', async () => {
    const model = modelFolder(join(world.runtime.cwd, 'short'), { 'config.json': CONFIG });
    const flags = async (prompt: number, ...more: string[]) => {
      const rows = [1, 2].map(() => JSON.stringify({ prompt: 'q'.repeat(prompt), completion: 'a' }));
      const data = fileIn(world.runtime, `long-${prompt}.jsonl`, rows.join('\n'));
      const { code, value } = await world.here.json([
        ...['plan', '--dataset', data, '--backend', 'local', '--model', model, '--method', 'sft'],
        ...more,
      ]);
      return { code, error: value.error, max_length: value.plan?.recipe.training_args.max_length };
    };
    const refused = await flags(1500, '--max-length', '64');
    expect(refused).toMatchObject({ code: 3, error: { code: 'data_not_ready' } });
    expect(refused.error.message).toMatch(/At max_length 64 nothing of any row .* --max-length 2048/);
    // TRL's own 1,024 would leave nothing.
    expect(await flags(1500)).toMatchObject({ code: 0, max_length: 2048 });
    // The model reads 2,048.
    expect(await flags(3000)).toMatchObject({ code: 3, error: { code: 'data_not_ready' } });
  });
});

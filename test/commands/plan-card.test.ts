import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  CHAT_LINES,
  CHAT_TEMPLATE,
  DEMO_FLAGS,
  fileIn,
  SMALL_MODEL,
  startWorld,
  unwrapped,
  type World,
} from './world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

describe('the review card', () => {
  it('says who decided what, and every --set', async () => {
    const path = (name: string) => ['--out', `${name}.json`];
    const first = await world.here.json(['plan', ...DEMO_FLAGS, '--max-steps', '4', ...path('steps')]);
    expect(first.value.card).toMatch(/4 steps: asked for/);
    expect(first.value.card).not.toMatch(/epoch/);
    const flags = ['--set', 'weight_decay=0.1', '--set', 'optim_args=a=1', '--epochs', '1', ...path('epochs')];
    const { value } = await world.here.json(['plan', '--from', 'steps.json', ...flags]);
    expect(value.plan.recipe).toMatchObject({ training_args: { num_train_epochs: 1 }, total_steps: 8 });
    expect(value.plan.recipe.training_args).not.toHaveProperty('max_steps');
    for (const said of [
      /1 epoch: asked for/,
      /--set: weight_decay=0\.1, optim_args=a=1\n/,
      /on t4-small: as in the plan that this one starts from/,
    ]) {
      expect(value.card).toMatch(said);
    }
    const back = await world.here.json(['plan', '--from', 'epochs.json', '--max-steps', '4', ...path('back')]);
    expect(back.value.plan.recipe).toMatchObject({ training_args: { max_steps: 4 }, total_steps: 4 });
    expect(back.value.card).toMatch(/on t4-small: as in the plan that this one starts from/);
  });

  it('doubts a timeout, a warmup and an interval that no such run needs', async () => {
    const flags = ['--timeout', '1000d', '--set', 'warmup_steps=100000', '--set', 'logging_steps=5000'];
    const { value } = await world.here.json(['plan', ...DEMO_FLAGS, ...flags, '--out', 'far.json']);
    for (const said of [
      /stopped after 1,000 days \(as asked for\)/,
      /--timeout is 1,000 days for a run of about .*, \$\d+,\d{3}\.\d\d\. Leave --timeout out/,
      /warmup_steps 100000 in a run of \d+ steps: the learning rate gets no higher than 0\.\d+% of/,
      /logging_steps 5000 in a run of \d+: no loss is shown/,
    ])
      expect(unwrapped(value.card)).toMatch(said);
  });

  it('promises no checkpoint on the way where there is none', async () => {
    const { value } = await world.here.json(['plan', ...DEMO_FLAGS, '--set', 'save_steps=1000', '--out', 'end.json']);
    expect(value.card).toMatch(/train\.py; a checkpoint only where it is stopped/);
  });

  it('claims nothing of a run on this machine that stays there', async () => {
    fileIn(world.runtime, 'small/config.json', JSON.stringify(SMALL_MODEL));
    fileIn(world.runtime, 'small/chat_template.jinja', CHAT_TEMPLATE);
    const bad = '{"messages":[{"role":"user","content":"x"}]}\n{"messages":null}';
    const data = fileIn(world.runtime, 'some-bad.jsonl', `${CHAT_LINES}\n${bad}`);
    const flags = ['--model', './small', '--dataset', data, '--backend', 'local', '--drop-invalid'];
    const here = await world.here.json(['plan', ...flags, '--out', 'here.json']);
    expect(here.value.card).toMatch(/Uploaded +nothing\n/);
    const { value } = await world.here.json(['plan', ...flags, '--output-repo', 'tester/mine', '--out', 'there.json']);
    expect(value.card).toMatch(
      /Model goes +tester\/mine, private; [\s\S]*Uploaded +to its repository: the trained model, card and train\.py; a/,
    );
    expect(value.card).not.toMatch(/curves/);
    expect(value.card).toMatch(/left out: 1 row, /);
    const [part] = value.plan.dataset.rows.left_out;
    expect(value.card.split(part.message)).toHaveLength(2);
  });
});

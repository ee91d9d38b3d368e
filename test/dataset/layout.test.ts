import { expect, it } from 'vitest';
import { layout } from '../../scripts/dataset/layout.ts';
import cases from './fixtures/layouts.json' with { type: 'json' };

/** What `load_dataset` makes of each case, recorded; test/train/layouts.test.ts asks it again. */
it('has cases', () => expect(cases.length).toBeGreaterThan(50));

it.each(cases.map((each) => [each.name, each] as const))('%s', (_, { files, card, outcome }) => {
  expect(outcomeOf(files, card)).toEqual(outcome);
});

it('says what a person can do about a card that can not be followed', () => {
  expect(() => layout(['a.jsonl'], { configs: [{ config_name: '\u001b[2J', data_files: 'gone' }] })).toThrow(
    expect.objectContaining({ kind: 'data', code: 'no_data_files', hint: expect.stringContaining('page') }),
  );
  expect(() => layout(['a.jsonl'], { configs: 'x' })).toThrow(expect.objectContaining({ code: 'bad_card' }));
  expect(() => layout(['train.csv', 'test.jsonl'], {})).toThrow(expect.objectContaining({ code: 'several_formats' }));
});

it('does not follow a path out of the repository', () => {
  for (const path of ['../x.jsonl', '/etc/x.jsonl', 'https://x.invalid/a.jsonl', 'zip://a.jsonl::b.zip']) {
    const card = { configs: [{ config_name: 'default', data_files: path }] };
    expect(() => layout(['a.jsonl'], card)).toThrow(expect.objectContaining({ code: 'no_data_files' }));
  }
});

function outcomeOf(files: string[], card: unknown): unknown {
  const fails = <T>(get: () => T): T | 'fails' => {
    try {
      return get();
    } catch {
      return 'fails';
    }
  };
  return fails(() => {
    const { default_config, configs, splits } = layout(files, card);
    const each = configs.map((config) => [config, fails(() => Object.fromEntries(splits(config)))]);
    return { default_config, configs: Object.fromEntries(each) };
  });
}

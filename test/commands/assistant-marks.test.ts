import { describe, expect, it } from 'vitest';
import { checkMarks } from '../../scripts/commands/assistant-marks.ts';
import type { ModelText } from '../../scripts/dataset/tokenizer/model-text.ts';
import known from '../../scripts/dataset/tokenizer/training-templates.json' with { type: 'json' };
import { sha256 } from '../../scripts/plan/digest.ts';
import { PHI3 } from '../dataset/tiny-tokenizer.ts';
import { work } from '../planner/support.ts';

const OWN = '{% for m in messages %}{{ m.content }}{% endfor %}';
const MARKED = '{% for m in messages %}{%- generation -%}{{ m.content }}{% endgeneration %}{% endfor %}';

const model = (source: string): ModelText => ({
  ...{ encode: null, why: null },
  templates: { model: 'a/b', eos: null, pad: null, templates: { default: { source, variables: {}, now: 0 } } },
});
const { report } = work();
const only = { set: { assistant_only_loss: true } };

describe('assistant_only_loss', () => {
  it('is refused where TRL knows no marked copy of the chat template', () => {
    expect(() => checkMarks(model(OWN), report, only)).toThrow(
      expect.objectContaining({
        code: 'template_without_marks',
        message: expect.stringMatching(/the chat template of a\/b/),
      }),
    );
    expect(Object.values(known.templates)).not.toContain(sha256(OWN));
  });

  it.each<[string, Parameters<typeof checkMarks>]>([
    ['one with marks', [model(MARKED), report, only]],
    ['a template that TRL has a copy of', [model(PHI3), report, only]],
    ['the same with the line ends of Windows', [model(PHI3.replaceAll('\n', '\r\n')), report, only]],
    ['a template that is not known here', [{ why: 'unreadable' }, report, only]],
    ['a template that another model lends', [undefined, report, only]],
    ['pictures, which a processor reads', [model(OWN), { ...report, vision: true }, only]],
    ['what asks for no such loss', [model(OWN), report, { set: { seed: 1 } }]],
  ])('is fine for %s', (_, given) => expect(() => checkMarks(...given)).not.toThrow());
});

import { describe, expect, it } from 'vitest';
import { parsePythonJson } from '../../scripts/hub/python-json.ts';

const { NaN: nan, POSITIVE_INFINITY: infinity, NEGATIVE_INFINITY: minus } = Number;

describe('JSON that Python wrote', () => {
  it.each<[string, unknown]>([
    ['{"time_step_limit": [0.0, Infinity]}', { time_step_limit: [0, infinity] }],
    ['[NaN,-Infinity, 1e-5]', [nan, minus, 1e-5]],
    ['Infinity', infinity],
    ['{"a": Infinity, "Infinity": "NaN"}', { a: infinity, Infinity: 'NaN' }],
    [
      String.raw`{"a": NaN, "b": "\" Infinity, \\", "c": "x: -Infinity"}`,
      { a: nan, b: '" Infinity, \\', c: 'x: -Infinity' },
    ],
    ['{"a": "NaN"}', { a: 'NaN' }],
  ])('%s', (text, value) => expect(parsePythonJson(text)).toEqual(value));

  it.each([
    '{"a": 1Infinity}',
    '[--Infinity]',
    '[-NaN]',
    '[+Infinity]',
    '[NaNs]',
    '[Infinity',
    '{NaN: 1]',
    'constructor',
    '',
  ])('is no JSON: %s', (text) => expect(() => parsePythonJson(text)).toThrow(SyntaxError));
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pythonLiteral } from '../../scripts/training/python-literal.ts';

describe('pythonLiteral', () => {
  it.each([
    [null, 'None'],
    [true, 'True'],
    [[false], '[False]'],
    [2e-5, '0.00002'],
    [1e-7, '1e-7'],
    [-0, '-0.0'],
    [{}, '{}'],
    [{ a: [1, 'b'] }, '{"a": [1, "b"]}'],
    ['it\'s "quoted" \\', '"it\'s \\"quoted\\" \\\\"'],
    ['a\nb\r\tc\0', '"a\\nb\\r\\tc\\x00"'],
    ['\ud800', '"\\ud800"'],
    ['\u202e\u2028\ufeff\u200b', '"\\u202e\\u2028\\ufeff\\u200b"'],
    ['Grüße, 世界 😀', '"Grüße, 世界 😀"'],
    ['\u{e0041}', '"\\U000e0041"'],
  ])('%j', (value, literal) => {
    expect(pythonLiteral(value)).toBe(literal);
  });

  it('takes one entry a line where a line would be too long', () => {
    expect(pythonLiteral({ a: 'x'.repeat(60), b: ['y'.repeat(60)] })).toBe(
      `{\n    "a": "${'x'.repeat(60)}",\n    "b": ["${'y'.repeat(60)}"],\n}`,
    );
  });

  it('takes one line of a text a line where a line would be too long', () => {
    const text = `def f():\n    return "${'x'.repeat(100)}"\n`;
    expect(pythonLiteral({ a: text })).toBe(
      `{\n    "a": (\n        "def f():\\n"\n        "    return \\"${'x'.repeat(100)}\\"\\n"\n    ),\n}`,
    );
  });

  it('no number that JSON lacks', () => {
    expect(() => pythonLiteral(Number.NaN)).toThrow('python literal of NaN');
  });

  // Of JSON's escapes all but two are Python's, so JSON's parser checks what Python's would.
  it('holds any text in one line of visible characters', () => {
    const unit = fc.oneof(
      fc.constantFrom('"', '\\', '\n', '\ud800', '\udfff', '\u0007', '\u202e'),
      fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
    );
    fc.assert(
      fc.property(fc.string({ unit }), (text) => {
        const literal = pythonLiteral(text);
        expect(literal).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u);
        const json = literal
          .replace(/\\U([0-9a-f]{8})/g, (_, hex: string) => String.fromCodePoint(Number.parseInt(hex, 16)))
          .replace(/\\x([0-9a-f]{2})/g, '\\u00$1');
        expect(JSON.parse(json)).toBe(text);
      }),
      { numRuns: 2000 },
    );
  });
});

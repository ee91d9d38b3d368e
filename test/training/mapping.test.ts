import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseMapping } from '../../scripts/dataset/mapping.ts';
import type { Mapping } from '../../scripts/plan/mapping.ts';
import { composeScript } from '../../scripts/training/compose.ts';
import { mappingPython } from '../../scripts/training/mapping-python.ts';
import { everyExpression } from '../support/every-expression.ts';
import { mappings } from '../support/mappings.ts';
import { samplePlan } from '../support/plan.ts';

const mapping = (...flags: string[]): Mapping => {
  const parsed = parseMapping(flags);
  if (!parsed) throw new Error('no flags');
  return parsed;
};

describe('a mapping as Python', () => {
  it('is one function where columns only change their names', () => {
    expect(mappingPython(mapping('prompt=question', 'completion=answer'))).toBe(`from typing import Any


def map_row(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "prompt": row.get("question"),
        "completion": row.get("answer"),
    }
`);
  });

  it('brings the functions that it calls, and no others', () => {
    expect(
      mappingPython(mapping('messages=turns(conversations, from, value, human: user, gpt: assistant)')),
    ).toBe(`from typing import Any


def turns(value: Any, role: str, content: str, roles: dict[str, str]) -> list[dict[str, Any]] | None:
    """Messages whose keys and roles have other names."""
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        return None
    names = [item.get(role) for item in value]
    return [
        {"role": roles.get(name, name) if isinstance(name, str) else name, "content": item.get(content)}
        for name, item in zip(names, value, strict=True)
    ]


def map_row(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "messages": turns(row.get("conversations"), "from", "value", {"human": "user", "gpt": "assistant"}),
    }
`);
  });

  it.each([
    [['answer=after(answer, "####")'], ['def after('], ['import ', 'def join(']],
    [['messages=json(messages)'], ['import json', 'def parse_json('], ['import re']],
    [['messages=dialogue(a, "H:": user)'], ['import re\n', 'def dialogue('], ['import json']],
    [['chosen=chat(user: q, assistant: a)'], ['[{"role": "user", "content": row.get("q")}, {"role"'], ['def chat(']],
    [['chosen=chat(system: s, user: q)'], ['def chat(', 'def is_empty_system('], []],
    [['completion=pick(lettered(c), a)'], ['def pick(', 'def lettered(', 'def whole_number('], ['def get(']],
    [['messages=pairs(a, 0, 1)'], ['def pairs(', 'def get('], []],
  ])('%j', (flags, has, lacks) => {
    const text = mappingPython(mapping(...flags)).replace('from typing import Any', '');
    for (const part of has) expect(text).toContain(part);
    for (const part of lacks) expect(text).not.toContain(part);
  });

  it('is printable, whatever the names', () => {
    fc.assert(
      fc.property(mappings, (any) => {
        expect(mappingPython(any)).toMatch(/^[\p{L}\p{M}\p{N}\p{P}\p{S} \n]+$/u);
      }),
      { seed: 5, numRuns: 300 },
    );
  });
});

describe('the training script', () => {
  it.each(['hub', 'local'] as const)('of %s data has the very text that the person sees', (source) => {
    const local = { source, revision: null, fingerprint: 'f'.repeat(64), files: ['/a.jsonl'], evaluation: null };
    const plan = samplePlan({ dataset: { mapping: everyExpression, ...(source === 'local' ? local : {}) } });
    const { script } = composeScript(plan);
    const text = mappingPython(everyExpression);
    const imports = text.slice(0, text.indexOf('\n\n'));
    expect(script).toContain(text.slice(imports.length).trim());
    expect(script).toMatch(/^import json$[\s\S]*^import re$[\s\S]*^from typing import Any\b/m);
    expect(script.includes('SOURCES')).toBe(source === 'hub');
    expect(script.includes('make_columns(')).toBe(source === 'hub');
  });

  it('renames columns of Hub data without a function', () => {
    const { script } = composeScript(samplePlan({ dataset: { mapping: mapping('messages=conversations') } }));
    expect(script).toContain('map_columns(');
    expect(script).not.toMatch(/map_row|make_columns|SOURCES/);
  });
});

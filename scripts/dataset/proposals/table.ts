import { mappingWords } from '../../plan/mapping.ts';
import { type Method, SEEING } from '../../plan/methods.ts';
import type { Columns } from '../analysis.ts';
import { PICTURE_COLUMNS } from '../methods/pictures.ts';
import type { Row } from '../rows.ts';
import type { Candidate } from './candidate.ts';
import { labelledProposals } from './labelled.ts';
import { preferenceProposals } from './preference.ts';
import { promptProposals } from './prompt-only.ts';
import { sftProposals } from './sft.ts';
import { type View, viewOf } from './view.ts';

const PROPOSALS: Readonly<Record<Method, ((view: View) => Candidate[]) | null>> = {
  sft: sftProposals,
  dpo: preferenceProposals,
  reward: preferenceProposals,
  grpo: promptProposals,
  rloo: promptProposals,
  kto: labelledProposals,
  prm: null,
};

/** Every method looks at the same rows. */
const VIEWS = new WeakMap<readonly Row[], View>();

/** Mappings to try where the columns don't do, the most likely first, each once. Pictures stay with their text. */
export function proposalsFor(method: Method, { kinds, head }: Pick<Columns, 'kinds' | 'head'>): Candidate[] {
  const pictures = PICTURE_COLUMNS.filter((name) => kinds.has(name));
  const seen = pictures.every((name) => kinds.get(name) === 'pictures');
  if (pictures.length > 0 && (!seen || !SEEING.includes(method))) return [];
  const kept = pictures.map((name) => ({ to: name, from: name }));
  const view = VIEWS.get(head) ?? viewOf([...kinds.keys()], head);
  VIEWS.set(head, view);
  const found = PROPOSALS[method]?.(view) ?? [];
  const words = found.map(({ mapping }) => mappingWords(mapping).join(' '));
  return found
    .filter((_, index) => words.indexOf(words[index] ?? '') === index)
    .map((each) => ({ ...each, mapping: { columns: [...each.mapping.columns, ...kept] } }));
}

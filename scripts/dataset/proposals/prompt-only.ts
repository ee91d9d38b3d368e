import type { Value } from '../../plan/value.ts';
import { valueText } from '../../plan/value-text.ts';
import { CONVERSATION, REWARD } from '../names.ts';
import { type Candidate, candidate, type Pairs } from './candidate.ts';
import { mostly } from './conversation.ts';
import { asPrompt, questions } from './prompt.ts';
import { wholeConversations, withSystem } from './sft.ts';
import { columnOf, extent, type Place, type View } from './view.ts';

/** Behind it stands the answer alone, as in gsm8k. */
const FINAL = '####';

/** Prompts, with the columns that a reward could compare an answer with and, should those not do, without. */
export function promptProposals(view: View): Candidate[] {
  const own = view.places.find(({ value, conversation }) => value === 'prompt' && conversation !== null);
  const asked = own ? [] : questions(view);
  const texts = asked.flatMap((question) =>
    both(view, question.place, asPrompt(question), question.meaning, question.must_be_empty),
  );
  if (texts.length > 0) return texts;
  return (own ? [own] : anyConversations(view)).flatMap((place) =>
    both(view, place, withSystem(view, unanswered(view, place.conversation ?? place.value)), valueText(place.value)),
  );
}

function both(view: View, place: Place, prompt: Value, meaning: string, mustBeEmpty: string[] = []): Candidate[] {
  const found = rewards(view, place);
  return [found, ...(found.length > 0 ? [[]] : [])].map((kept) =>
    candidate([['prompt', prompt], ...kept], meaning, mustBeEmpty),
  );
}

/** Those with answers; where there are none, those that wait for one. */
function anyConversations(view: View): Place[] {
  const whole = wholeConversations(view);
  return whole.length > 0
    ? whole
    : view.places.filter(({ name, conversation }) => conversation !== null && CONVERSATION.includes(name));
}

/** The conversation up to its last answer. */
function unanswered(view: View, conversation: Value): Value {
  return extent(view, conversation).answered ? { op: 'slice', of: conversation, start: 0, end: -1 } : conversation;
}

function rewards(view: View, prompt: Place): Pairs {
  const columns = view.places.filter(
    ({ name, value }) => typeof value === 'string' && REWARD.includes(name) && value !== columnOf(prompt),
  );
  return columns.map(({ value, cells, form }) => {
    const final = form === 'text' && mostly(cells, (cell) => typeof cell === 'string' && cell.includes(`\n${FINAL}`));
    return [String(value), final ? { op: 'after', of: value, marker: FINAL } : value];
  });
}

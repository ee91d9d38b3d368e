import type { Value } from '../../plan/value.ts';
import { valueText } from '../../plan/value-text.ts';
import { CONVERSATION, HALVES, TEXT } from '../names.ts';
import { answered } from './answered.ts';
import { type Candidate, candidate, type Pairs } from './candidate.ts';
import { preferred } from './preference.ts';
import { BESIDE, questions } from './prompt.ts';
import { extent, find, isEmpty, type Place, type View } from './view.ts';

/** What is called a conversation, else questions with answers, else better answers, else any conversation or text. */
export function sftProposals(view: View): Candidate[] {
  const ways = [
    () => conversations(view, namedConversations(view)),
    () => answered(view),
    () => preferredAnswers(view),
    () => conversations(view, otherConversations(view)),
    () => texts(view),
  ];
  for (const way of ways) {
    const found = way();
    if (found.length > 0) return found;
  }
  return [];
}

function conversations(view: View, places: readonly Place[]): Candidate[] {
  return places.map((place) => {
    const messages = place.conversation ?? place.value;
    return candidate([['messages', withSystem(view, messages)], ...tools(view)], valueText(messages));
  });
}

/** The messages behind the system's, where that has a column of its own. */
export function withSystem(view: View, messages: Value): Value {
  const system = find(view, ['system', 'system_prompt'], ['text']).find((each) => !isEmpty(each));
  if (!system) return messages;
  return { op: 'chat', turns: [{ role: 'system', content: system.value }, { turns: messages }] };
}

/** Conversations with answers: those called so, else any that is more than a half of one. */
export function wholeConversations(view: View): Place[] {
  const named = namedConversations(view);
  return named.length > 0 ? named : otherConversations(view);
}

function namedConversations(view: View): Place[] {
  const all = answeredIn(view).filter(({ name }) => CONVERSATION.includes(name));
  const itself = all.filter(({ value }) => value === 'messages');
  return itself.length > 0 ? itself : all.sort((a, b) => CONVERSATION.indexOf(a.name) - CONVERSATION.indexOf(b.name));
}

const otherConversations = (view: View): Place[] =>
  answeredIn(view).filter(({ name }) => ![...HALVES, 'chosen', 'history'].includes(name));

const answeredIn = (view: View): Place[] =>
  view.places.filter(({ conversation }) => conversation !== null && extent(view, conversation).spoken);

/** What tells the model of its tools goes along. */
function tools({ places }: View): Pairs {
  const fitting = places.some(({ value, form }) => value === 'tools' && (form === 'text' || form === 'list'));
  return fitting ? [['tools', 'tools']] : [];
}

/** Of two answers the better one. */
function preferredAnswers(view: View): Candidate[] {
  return preferred(view).map(({ pairs, whole, meaning, must_be_empty }) => {
    const from = new Map(pairs);
    const chosen = from.get('chosen') ?? 'chosen';
    const prompt = from.get('prompt');
    if (whole || prompt === undefined)
      return candidate([[whole ? 'messages' : 'text', chosen]], meaning, must_be_empty);
    return candidate(
      [
        ['prompt', prompt],
        ['completion', chosen],
      ],
      meaning,
      must_be_empty,
    );
  });
}

/** What a question is about is no text of its own. */
function texts(view: View): Candidate[] {
  const asked = questions(view).length > 0;
  return find(view, TEXT, ['text'], 'text')
    .filter(({ name }) => !asked || !BESIDE.includes(name))
    .map(({ value }) => candidate([['text', value]], valueText(value)));
}

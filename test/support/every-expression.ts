import { parseMapping } from '../../scripts/dataset/mapping.ts';

/** One column for each expression of a mapping, as a person gives them. */
export const EVERY_EXPRESSION = [
  'column=a',
  'const=const("a text")',
  'get=get(get(answers, text), -1)',
  'pick=pick(choices, answer)',
  'slice=slice(messages, 0, -1)',
  'join=join(instruction, input, by: "\\n")',
  'lettered=lettered(choices)',
  'after=after(answer, "####")',
  'json=json(text)',
  'choose=choose(label, "thumbs up": true, down: false, 1: true, true: column("it\'s $(x)"))',
  'greater=greater(rating, 3.5)',
  'chat=chat(system: system_prompt, pairs(history, 0, 1), user: join(instruction, input), assistant: output)',
  'said=chat(assistant: response)',
  'turns=turns(conversations, from, value, human: user, gpt: assistant, "a b": tool)',
  'pairs=pairs(conversation, input, output)',
  'alternating=alternating(data)',
  'dialogue=dialogue(chosen, "\\n\\nHuman:": user, "\\n\\nAssistant:": assistant)',
] as const;

const mapping = parseMapping(EVERY_EXPRESSION);
if (!mapping) throw new Error('no mapping');
export const everyExpression = mapping;

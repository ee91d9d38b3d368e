import { readFileSync } from 'node:fs';
import type { Plan } from '../../scripts/plan/schema.ts';
import { QUICKSTART_DATA } from './training.ts';

/** Rows of every shape that a method reads, made of the quickstart's questions and answers. */

export interface Message {
  role: string;
  content: string;
}

const conversations = readFileSync(QUICKSTART_DATA, 'utf8')
  .trim()
  .split('\n')
  .map((line): Message[] => JSON.parse(line).messages);
const nobody: Message = { role: 'user', content: '' };

/** A question, its answer, and the answer to another one. */
export const TURNS = conversations.slice(0, 36).map(([question = nobody, answer = nobody], at) => ({
  question,
  answer,
  other: conversations[(at + 20) % conversations.length]?.[1] ?? nobody,
}));

const asText = ({ question, answer, other }: (typeof TURNS)[number]) => ({
  prompt: `${question.content}\n`,
  chosen: answer.content,
  rejected: other.content,
});

/** Rows by the shape that a method reads. */
export const ROWS = {
  pairs: () =>
    TURNS.map(({ question, answer, other }) => ({ prompt: [question], chosen: [answer], rejected: [other] })),
  'text pairs': () => TURNS.map(asText),
  'pairs that begin with the prompt': () =>
    TURNS.map(({ question, answer, other }) => ({ chosen: [question, answer], rejected: [question, other] })),
  'labelled answers': () =>
    TURNS.map(({ question, answer, other }, at) => ({
      prompt: [question],
      completion: [at % 2 === 0 ? answer : other],
      label: at % 2 === 0,
    })),
  prompts: () => TURNS.map(({ question, answer }) => ({ prompt: [question], answer: answer.content })),
  'text prompts': () => TURNS.map((turn) => ({ prompt: asText(turn).prompt, answer: turn.answer.content })),
};
export type Shape = keyof typeof ROWS;

export const FORMATS: Record<Shape, [format: Plan['dataset']['format'], conversational: boolean]> = {
  pairs: ['preference', true],
  'text pairs': ['preference', false],
  'pairs that begin with the prompt': ['preference', true],
  'labelled answers': ['unpaired-preference', true],
  prompts: ['prompt-only', true],
  'text prompts': ['prompt-only', false],
};

export const asLines = (shape: Shape): string =>
  ROWS[shape]()
    .map((row) => `${JSON.stringify(row)}\n`)
    .join('');

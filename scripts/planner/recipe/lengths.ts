import type { TokenStatistics } from '../../dataset/report.ts';
import { TrainerError } from '../../errors.ts';
import { USUAL_LENGTHS } from '../../plan/lengths.ts';
import type { Planned } from '../../plan/methods.ts';
import { grouped } from '../../printable.ts';
import type { ModelFacts } from '../model-facts.ts';
import { type Decision, numberOr, type Workload } from '../workload.ts';
import { methodRecipe } from './method-recipe.ts';
import { type Lengths, shareLonger } from './padding.ts';

/** Tokens of an answer below which it says nothing. */
const LEAST_ANSWER = 16;
/** Of the rows, left out: what remains teaches nothing. */
const NEARLY_ALL = 0.9;
/** Tokens of a sequence that is cut: a question's and an answer's marks take ten in ChatML, their words the rest. */
const LEAST_LENGTH = 2 * LEAST_ANSWER;

/** The most tokens that a sequence may have: of the model, or the longest that is planned. */
export const lengthLimit = (facts: ModelFacts): number =>
  Math.min(facts.max_length ?? Number.POSITIVE_INFINITY, USUAL_LENGTHS.at(-1) ?? 0);

/** Characters are a rough measure of tokens: a quarter of room. */
const roomFor = (tokens: TokenStatistics): number => (tokens.estimated ? 1.25 : 1);

/** Tokens of the longest row, with that room for its text; what pictures make is known. */
const longestRow = ({ tokens, pictures }: Workload): number =>
  pictures?.counted ? tokens.max + (roomFor(tokens) - 1) * pictures.counted.text : tokens.max * roomFor(tokens);

/**
 * The shortest usual length that cuts no row, or at most one in twenty; within what the model can read. Where the
 * model answers prompts, the longest prompt and its answer. Throws TrainerError `usage` for --max-length there, and
 * for one that leaves next to nothing of a row.
 */
export function chooseMaxLength(work: Workload): Decision & { length: number } {
  const { facts, tokens, request, method } = work;
  if (methodRecipe(method).generation !== null) return promptAndAnswer(work);
  if (work.report.vision) return textAndPicture(work);
  if (request.maxLength !== undefined) {
    checkLength(work, request.maxLength);
    return { length: request.maxLength, what: `sequences up to ${request.maxLength} tokens`, because: 'asked for' };
  }
  const limit = lengthLimit(facts);
  const lengths = sequenceLengths(work);
  const room = roomFor(tokens) / sequencesCounted(work);
  const [longest, most] = [tokens.max * room, tokens.p95 * room];
  const wanted = tokens.max <= 2 * tokens.p95 ? longest : most;
  const length = Math.min(USUAL_LENGTHS.find((candidate) => candidate >= wanted) ?? limit, limit);
  const estimated = tokens.estimated ? ' (estimated)' : '';
  const what = `sequences up to ${length} tokens`;
  if (longest <= length) return { length, what, because: `the longest row has about ${tokens.max}${estimated}` };
  const cut = tooLongAre(method);
  if (most <= length) {
    const because = `95 of 100 rows have at most ${tokens.p95}${estimated}; the longest, ${tokens.max}, is ${cut}`;
    return { length, what, because };
  }
  const reads = length === facts.max_length ? 'all that the model reads' : 'the longest that is planned';
  const rows = lengths.p50 > length ? `half of the rows have ${tokens.p50}` : `one row in twenty has ${tokens.p95}`;
  return { length, what, because: `${reads}; ${rows} or more${estimated}: longer ones are ${cut}` };
}

/** What TRL does with a row above `max_length`. */
export const tooLongAre = (method: Planned): string => (method === 'reward' ? 'left out' : 'cut');

/** Tokens of a sequence of the rows. A pair's are estimated together, and about half of them each; counted, one by one. */
export function sequenceLengths(work: Workload): Lengths {
  const { p50, p95, max, mean } = work.tokens;
  const each = (tokens: number): number => Math.round(tokens / sequencesCounted(work));
  return { p50: each(p50), p95: each(p95), max: each(max), mean: mean / sequencesOf(work) };
}

const sequencesCounted = (work: Workload): number => (work.tokens.estimated ? sequencesOf(work) : 1);

/** Throws TrainerError `usage` where a length that was asked for leaves next to nothing of the rows. */
function checkLength(work: Workload, length: number): void {
  const lengths = sequenceLengths(work);
  const cut = tooLongAre(work.method);
  const few = cut === 'left out' && shareLonger(lengths, length) > NEARLY_ALL;
  if (!few && (length >= LEAST_LENGTH || lengths.max * roomFor(work.tokens) <= length)) return;
  throw new TrainerError(
    'usage',
    'length_too_short',
    few
      ? `--max-length ${length}: nearly all rows are longer, half of them have ${lengths.p50} tokens or more, and would be left out`
      : `--max-length ${length}: longer rows would be ${cut}${cut === 'cut' ? ` to ${length} token${length === 1 ? '' : 's'}` : ''}, and the marks of a chat template alone take about ten`,
    `Give --max-length ${few ? lengths.p95 : LEAST_LENGTH} or more, or leave it out: then the plan chooses one by the rows.`,
  );
}

/** Sequences in the token count of a row. */
export const sequencesOf = ({ method, report }: Pick<Workload, 'method' | 'report'>): number =>
  methodRecipe(method).sequences === 2 || report.format === 'preference' ? 2 : 1;

function promptAndAnswer(work: Workload): Decision & { length: number } {
  if (work.request.maxLength !== undefined) {
    throw new TrainerError(
      'usage',
      'no_max_length',
      `--max-length ${work.request.maxLength}: ${work.method.toUpperCase()} cuts no prompt`,
      'How long an answer may get: --set max_completion_length=<tokens>. Leave longer prompts out of the data.',
    );
  }
  const answer = answerTokens(work);
  return {
    length: promptTokens(work) + answer,
    what: `answers up to ${answer} tokens`,
    because:
      work.request.set?.max_completion_length === undefined
        ? `TRL's default, if there is room; the longest prompt has about ${work.tokens.max}`
        : 'asked for',
  };
}

/**
 * Nothing is cut: a picture that lost tokens would stop TRL. Of a row that the model can't read the length is its own.
 * Throws TrainerError `usage` for --max-length.
 */
function textAndPicture(work: Workload): Decision & { length: number } {
  const { request, tokens } = work;
  if (request.maxLength !== undefined) {
    throw new TrainerError(
      'usage',
      'no_max_length',
      `--max-length ${request.maxLength}: rows with pictures are never cut`,
      'Leave it out, and longer rows out of the data.',
    );
  }
  const sequences = sequencesOf(work);
  const least = Math.ceil(tokens.max / sequences);
  return {
    length: Math.max(least, Math.min(Math.ceil(longestRow(work) / sequences), mostTokens(work))),
    what: 'sequences are not cut',
    because: `pictures can't be; the longest has about ${grouped(least)} tokens`,
  };
}

/** That a sequence may have: rows with pictures are as long as they are. */
const mostTokens = ({ facts, report }: Workload): number =>
  report.vision ? (facts.max_length ?? Number.POSITIVE_INFINITY) : lengthLimit(facts);

const promptTokens = (work: Workload): number => {
  const longest = Math.min(Math.ceil(longestRow(work)), mostTokens(work) - LEAST_ANSWER);
  return work.report.vision ? Math.max(work.tokens.max, longest) : longest;
};

/** Tokens that an answer to a prompt may have. */
export function answerTokens(work: Workload): number {
  const most = methodRecipe(work.method).generation?.max_tokens ?? 0;
  const room = mostTokens(work) - promptTokens(work);
  return numberOr(work.request.set?.max_completion_length, Math.max(1, Math.min(most, room)));
}

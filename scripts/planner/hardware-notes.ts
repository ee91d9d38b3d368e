import { type HardwareChoice, rank, takes } from './hardware-words.ts';
import { usesVllm } from './recipe/vllm.ts';
import { affordable, type Candidate } from './search/candidate.ts';
import { choose, HARDLY_MORE } from './search/choose.ts';
import { timeoutFor } from './time.ts';

type Choice = Pick<HardwareChoice, 'chosen' | 'fitting' | 'asked' | 'kept' | 'maxCost'>;

/** What there is to watch out for on this machine, and what would be better, for the card. */
export const hardwareNotes = (choice: Choice): string[] => [...late(choice), ...dominated(choice)];

/** A run that is, or may be, stopped before it ends, by a timeout that was asked for. */
function late({ chosen, fitting, maxCost }: Choice): string[] {
  const { in_time, time, timeout_seconds } = chosen;
  if (in_time === 'surely') return [];
  const room = `--timeout ${Math.ceil(timeoutFor(time) / 60)}m`;
  const [expected, longest] = [time.seconds, time.range[1]].map((seconds) => Math.ceil(seconds / 60));
  const stopped = `--timeout is ${Math.floor(timeout_seconds / 60)} min with what saving needs`;
  if (in_time === 'likely')
    return [`it may be stopped before it ends: ${stopped}, and it may take up to ${longest}; ${room} leaves room`];
  const within = fitting.filter(affordable(maxCost));
  const other = choose(within.filter((one) => one.in_time !== 'no'));
  const [fastest] = [...within].sort((a, b) => a.seconds - b.seconds);
  const ways = other
    ? `--flavor ${other.flavor.name} ends in time, ${takes(other)}, or `
    : fastest && fastest.flavor.name !== chosen.flavor.name
      ? `no flavor${maxCost === undefined ? '' : ' within --max-cost'} ends in time, the fastest is ${fastest.flavor.name}, ${takes(fastest)}; `
      : '';
  return [
    `it is stopped before it is expected to end: ${stopped}, and it takes about ${expected}; the model then is a checkpoint: ${ways}${room} is enough`,
  ];
}

/** A flavor that was asked for where another is faster and costs less. */
function dominated({ chosen, fitting, asked, kept }: Choice): string[] {
  if (asked === undefined && kept === undefined) return [];
  const better = choose(
    fitting.filter(
      ({ usd, seconds, recipe }) =>
        HARDLY_MORE * usd < chosen.usd &&
        HARDLY_MORE * seconds < chosen.seconds &&
        rank(recipe.mode) <= rank(chosen.recipe.mode),
    ),
  );
  if (!better) return [];
  return [
    `${chosen.flavor.name} is slower and costs more than ${better.flavor.name}, which would take ${takes(better)}${why(chosen, better)}`,
  ];
}

function why(chosen: Candidate, better: Candidate): string {
  if (!usesVllm(better.recipe) || usesVllm(chosen.recipe)) return '';
  const alone = chosen.flavor.accelerators > 1;
  return alone
    ? ': there vLLM writes the answers, which it does beside one accelerator alone'
    : ': there vLLM writes the answers';
}

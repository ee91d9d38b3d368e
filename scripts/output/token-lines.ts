import { pictureWords } from '../dataset/pictures/words.ts';
import type { DatasetReport, LengthShares, TokenStatistics } from '../dataset/report.ts';
import { grouped, preview } from '../printable.ts';
import { style } from './style.ts';
import { count } from './units.ts';

/** How long the rows are, and by whose count. */
export function tokenLines({ tokens, pictures }: DatasetReport): string[] {
  if (!tokens) return [];
  const { total, p50, p95, max, estimated, tokenizer } = tokens;
  const text = pictures ? ', without pictures' : '';
  const how = estimated
    ? ` (estimated from characters${text})`
    : ` (counted by ${preview(tokenizer ?? 'the model', 100)})`;
  const about = estimated || (tokens.counted_rows ?? 0) === 0 ? 'about ' : '';
  return [
    `  tokens: ${about}${count(total)} in all; a row has ${grouped(p50)} (median), ${grouped(p95)} (95th percentile), ${grouped(max)} at the most${how}`,
    ...cutLines(tokens),
    ...(pictures && pictures.seen > 0 ? [`  pictures: ${pictureWords(pictures)}`] : []),
  ];
}

function cutLines({ max_length, truncated_share, dropped_share }: TokenStatistics): string[] {
  if (max_length === undefined || truncated_share === undefined || dropped_share === undefined) return [];
  return [`  ${shareWords({ max_length, truncated_share, dropped_share })}`];
}

/** What happens to long rows at one `max_length`. */
export function shareWords({ max_length, truncated_share, dropped_share }: LengthShares): string {
  const at = `at max_length ${grouped(max_length)}`;
  const parts = [
    ...(truncated_share > 0 ? [`${percent(truncated_share)} of the rows are cut`] : []),
    ...(dropped_share > 0 ? [`${percent(dropped_share)} are left out without a word`] : []),
  ];
  return parts.length === 0 ? `${at} no row is cut or left out` : `${at} ${parts.join(', ')}`;
}

function percent(share: number): string {
  const percents = share * 100;
  if (percents > 99 && percents < 100) return '>99%';
  return percents < 1 ? '<1%' : `${Math.round(percents)}%`;
}

/** A row as the model would see it: shown, never followed. */
export function renderedLines({ rendered_example }: DatasetReport): string[] {
  if (!rendered_example) return [];
  const { row, text } = rendered_example;
  return [
    style.dim(`Row ${row} as the model sees it (the dataset's words, not instructions):`),
    style.dim(`  | ${preview(text, 420)}`),
  ];
}

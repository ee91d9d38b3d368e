import { isGzip } from '../local/content.ts';
import type { DataFile } from '../local/data-file.ts';
import { json } from '../local/json.ts';
import type { Row } from '../rows.ts';
import type { Sampled } from './bounds.ts';
import { csvFormat } from './csv.ts';
import { sampleGzip, sampleJsonList } from './head.ts';
import { jsonLineFormat } from './json-lines.ts';
import { type LineFormat, sampleLines } from './lines.ts';
import { sampleParquet } from './parquet.ts';

/** Some rows of a split's files, which are of one format. Throws TrainerError `data` for what is broken. */
export async function sampleSplit(files: readonly DataFile[], format: string): Promise<Sampled> {
  if (format === 'parquet') return sampleParquet(files);
  if (format === 'json') return sampleJson(files);
  return sampleText(files, csvFormat(format === 'tsv' ? '\t' : ','));
}

const sampleText = (files: readonly DataFile[], format: LineFormat): Promise<Sampled> =>
  files.some(isGzip) ? sampleGzip(files, format) : sampleLines(files, format);

/** Bytes that tell a list of rows from one row a line. */
const LOOK = 2 << 20;

/** `datasets` reads lines and lists of objects under any of the names. */
async function sampleJson(files: readonly DataFile[]): Promise<Sampled> {
  const [file] = files;
  if (!file || isGzip(file) || /\.(?:jsonl|ndjson)$/i.test(file.name)) return sampleText(files, jsonLineFormat);
  const head = new Uint8Array(await file.slice(0, LOOK));
  if (isLines(head)) return sampleText(files, jsonLineFormat);
  const sampled = await sampleJsonList(file, wholeList, head);
  return files.length === 1 ? sampled : { ...sampled, total: null, reach: 'head' };
}

/** Whether the first line is an object by itself. */
function isLines(head: Uint8Array): boolean {
  const text = new TextDecoder().decode(head);
  const [line = ''] = text.trimStart().split('\n', 1);
  if (!line.startsWith('{')) return false;
  try {
    JSON.parse(line);
    return text.includes('\n');
  } catch {
    return false;
  }
}

async function wholeList(file: DataFile): Promise<Row[]> {
  const { batches } = await json.open(file);
  const rows: Row[] = [];
  for await (const batch of batches({ start: 0, end: file.byteLength })) rows.push(...batch);
  return rows;
}

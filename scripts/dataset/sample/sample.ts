import { isGzip } from '../local/content.ts';
import type { DataFile } from '../local/data-file.ts';
import { shapeOf } from '../local/json-shape.ts';
import type { Sampled } from './bounds.ts';
import { sampleGzip, sampleList, sampleObject } from './head.ts';
import { jsonLineFormat } from './json-lines.ts';
import { type LineFormat, sampleLines } from './lines.ts';

/** Some rows of a split's files, which are of one format. Throws TrainerError `data` for what is broken. */
export async function sampleSplit(files: readonly DataFile[], format: string): Promise<Sampled> {
  // Their libraries are large, and are loaded for such files only.
  if (format === 'parquet') return (await import('./parquet.ts')).sampleParquet(files);
  if (format === 'json') return sampleJson(files);
  const { csvFormat } = await import('./csv.ts');
  return sampleText(files, csvFormat(format === 'tsv' ? '\t' : ','));
}

const sampleText = (files: readonly DataFile[], format: LineFormat): Promise<Sampled> =>
  files.some(isGzip) ? sampleGzip(files, format) : sampleLines(files, format);

/** By the shape of the first file that isn't empty. */
async function sampleJson(files: readonly DataFile[]): Promise<Sampled> {
  const file = files.find(({ byteLength }) => byteLength > 0);
  const shape = file ? await shapeOf(file) : 'lines';
  if (shape === 'list') return sampleList(files);
  return shape === 'object' ? sampleObject(files) : sampleText(files, jsonLineFormat);
}

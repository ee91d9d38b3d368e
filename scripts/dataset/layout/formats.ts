import { posix } from 'node:path';
import known from './formats.json' with { type: 'json' };

/** How `datasets` reads a file: `json` (also lines of it), `csv`, `parquet`, `imagefolder`, ... */
export type Format = string;

const FORMAT_OF = new Map(
  Object.entries(known.extensions).flatMap(([format, list]) => list.map((extension) => [extension, format] as const)),
);
/** Formats whose extensions may be written in capitals, too. */
const EITHER_CASE = new Set([
  'pdb',
  'imagefolder',
  'audiofolder',
  'videofolder',
  'meshfolder',
  'pdffolder',
  'niftifolder',
]);
/** Files that describe the files of such a folder. */
const METADATA = ['metadata.csv', 'metadata.jsonl', 'metadata.parquet'];
const FORMAT_METADATA: Readonly<Record<string, readonly string[]>> = {
  ...Object.fromEntries([...EITHER_CASE, 'mmcif'].map((format) => [format, METADATA])),
  lance: ['latest_version_hint.json'],
  harbor: ['task.toml', 'instruction.md'],
};
const ALL_METADATA = new Set(Object.values(FORMAT_METADATA).flat());
const MORE_ALLOWED = new Set(['.zip', '.idx', '.txn', '.manifest']);

/** In a draw of counts the first of these wins, then the last of the alphabet. */
const FAVOURITES = ['.parquet', '.lance', '.vortex', '.arrow', '.jsonl', '.json', '.csv'];

/** Whether a file's name says that it may hold data: one of its extensions is known (`a.jsonl.gz`). */
export function allowed(path: string): boolean {
  return extensions(path).some((extension) => {
    const format = FORMAT_OF.get(extension) ?? FORMAT_OF.get(extension.toLowerCase());
    if (MORE_ALLOWED.has(extension)) return true;
    if (format === undefined) return false;
    return extension === extension.toLowerCase() || (EITHER_CASE.has(format) && extension === extension.toUpperCase());
  });
}

/** The format of most of the files, as `infer_module_for_data_files_list` finds it; null where none is known. */
export function formatOf(paths: readonly string[]): Format | null {
  const counts = new Map<string, { extension: string; data: boolean; count: number }>();
  for (const path of paths) {
    const data = !ALL_METADATA.has(posix.basename(path));
    for (const extension of extensions(path).map((each) => each.toLowerCase())) {
      const key = `${extension} ${data}`;
      const entry = counts.get(key) ?? { extension, data, count: 0 };
      entry.count += 1;
      counts.set(key, entry);
    }
  }
  // -1 + 1 for the others.
  const favourite = (extension: string): number => FAVOURITES.toReversed().indexOf(extension) + 1;
  const sorted = [...counts.values()].sort(
    (a, b) =>
      Number(b.data) - Number(a.data) ||
      b.count - a.count ||
      favourite(b.extension) - favourite(a.extension) ||
      (a.extension < b.extension ? 1 : -1),
  );
  for (const { extension } of sorted) {
    if (extension === '.zip') return 'zip';
    const format = FORMAT_OF.get(extension);
    if (format !== undefined) return format;
  }
  return null;
}

/** Whether `datasets` keeps a file for a format; the others beside it are left out. */
export function belongsTo(format: Format, path: string): boolean {
  if ((FORMAT_METADATA[format] ?? []).some((name) => path.endsWith(name))) return true;
  const twins = format === 'csv' || format === 'tsv' ? ['csv', 'tsv'] : [format];
  return extensions(path).some(
    (extension) =>
      extension === '.zip' ||
      twins.includes(FORMAT_OF.get(extension) ?? '') ||
      (EITHER_CASE.has(format) && FORMAT_OF.get(extension.toLowerCase()) === format),
  );
}

/** `.jsonl` and `.gz` of `a.jsonl.gz`. */
const extensions = (path: string): string[] =>
  posix
    .basename(path)
    .split('.')
    .slice(1)
    .map((part) => `.${part}`);

import { posix } from 'node:path';
import { allowed } from './formats.ts';
import { globPattern, hasMagic } from './glob.ts';

/** Never data, unless a pattern names them. As `datasets` 5.2 has it (data_files.py). */
const IGNORED = [
  'README.md',
  'config.json',
  'dataset_info.json',
  'dataset_infos.json',
  'dummy_data.zip',
  'dataset_dict.json',
];

/**
 * The data files that a pattern means, in the order of their names, as `resolve_pattern` of `datasets` finds them:
 * hidden ones and folders with a leading `__` only where the pattern spells them out. `paths` are sorted.
 */
export function found(pattern: string, paths: readonly string[]): string[] {
  const clean = posix.normalize(pattern);
  const matches = hasMagic(clean) ? globPattern(clean) : null;
  const named = posix.basename(clean);
  return paths.filter(
    (path) =>
      (matches ? matches.test(path) : path === clean) &&
      allowed(path) &&
      (!IGNORED.includes(posix.basename(path)) || posix.basename(path) === named) &&
      hiddenParts(path) === hiddenParts(clean) &&
      specialFolders(path) === specialFolders(clean),
  );
}

const hiddenParts = (path: string): number => path.split('/').filter((part) => /^\.(?!\.*$)/.test(part)).length;

const specialFolders = (path: string): number =>
  path
    .split('/')
    .slice(0, -1)
    .filter((part) => part.startsWith('__')).length;

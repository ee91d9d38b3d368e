import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Files that a build makes: path relative to the repository, with `/`, to content. */
export type Files = Map<string, string>;

/** The repository as it will be: what was generated, over what lies on disk. Paths are relative, with `/`. */
export interface Tree {
  exists(path: string): boolean;
  read(path: string): string;
}

export function treeOf(root: string, generated: Files = new Map()): Tree {
  return {
    exists: (path) =>
      generated.has(path) ||
      [...generated.keys()].some((key) => key.startsWith(`${path}/`)) ||
      existsSync(join(root, path)),
    read: (path) => generated.get(path) ?? readFileSync(join(root, path), 'utf8'),
  };
}

/** Paths of all files under a folder, relative to the root, sorted; empty where there is no such folder. */
export function filesUnder(root: string, folder: string): string[] {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((path) => `${folder}/${path.replaceAll('\\', '/')}`)
    .filter((path) => statSync(join(root, path)).isFile())
    .sort();
}

export interface Difference {
  path: string;
  what: 'missing' | 'stale' | 'superfluous';
}

/** How the disk differs from what the build makes. `owned` folders hold nothing but generated files. */
export function differences(root: string, generated: Files, owned: readonly string[]): Difference[] {
  const found: Difference[] = [];
  for (const [path, content] of generated) {
    if (!existsSync(join(root, path))) found.push({ path, what: 'missing' });
    else if (readFileSync(join(root, path), 'utf8') !== content) found.push({ path, what: 'stale' });
  }
  for (const path of owned.flatMap((folder) => filesUnder(root, folder))) {
    if (!generated.has(path)) found.push({ path, what: 'superfluous' });
  }
  return found;
}

/** Makes the disk equal to what was generated, touching only what differs. */
export function apply(root: string, generated: Files, found: readonly Difference[]): void {
  for (const { path, what } of found) {
    if (what === 'superfluous') {
      rmSync(join(root, path));
      continue;
    }
    mkdirSync(dirname(join(root, path)), { recursive: true });
    const content = generated.get(path) ?? '';
    writeFileSync(join(root, path), content);
    if (content.startsWith('#!')) chmodSync(join(root, path), 0o755);
  }
}

/**
 * Just enough of Python's syntax to take our own modules apart: they are formatted by ruff, their imports
 * stand at the top, and what belongs to some runs only stands between `# <name>` and `# </name>`.
 */

export interface Import {
  /** `pathlib`, or `.events` for a module of ours. */
  module: string;
  /** Names imported from it; null for `import module`. */
  names: string[] | null;
}

export interface PythonModule {
  docstring: string;
  imports: Import[];
  body: string;
}

const REGION = /^[ \t]*# <(\w+)>\n([\s\S]*?)^[ \t]*# <\/\1>\n/m;
const DOCSTRING = /^r?"""([\s\S]*?)"""\n/;
const IMPORT = /^(?:from (\S+) import (?:\(([^)]*)\)|(.+))|import (\S+))\n/gm;

/** Keeps the regions of these names without their marks, and drops the others. */
export function selectRegions(source: string, names: ReadonlySet<string>): string {
  let text = source;
  for (let match = REGION.exec(text); match; match = REGION.exec(text)) {
    const [whole, name = '', inner = ''] = match;
    text = text.slice(0, match.index) + (names.has(name) ? inner : '') + text.slice(match.index + whole.length);
  }
  return text;
}

/** Imports of which nothing is used any more, now that regions are gone, are left out. */
export function parseModule(source: string): PythonModule {
  const docstring = DOCSTRING.exec(source)?.[1] ?? '';
  const rest = source.replace(DOCSTRING, '');
  const body = rest.replace(IMPORT, '').trim();
  const used = names(body);
  const imports: Import[] = [];
  for (const [, from, several, one, module] of rest.matchAll(IMPORT)) {
    if (from === undefined) {
      if (module !== undefined && used.has(module.split('.')[0] ?? '')) imports.push({ module, names: null });
      continue;
    }
    const kept = (several ?? one ?? '')
      .split(',')
      .map((name) => name.trim())
      .filter((name) => used.has(name));
    if (kept.length > 0) imports.push({ module: from, names: kept });
  }
  return { docstring, imports, body };
}

/** What may be a name of its own: no attribute, and no text that is nothing but a word. */
const names = (body: string): Set<string> => new Set(body.match(/(?<![\w.'"])\w+/g));

/**
 * All imports at the top: each module once, the standard library first, sorted as ruff sorts. `between`: code
 * that has to run before the other packages are there.
 */
export function renderImports(imports: Import[], between = ''): string {
  const plain = new Set<string>();
  const from = new Map<string, Set<string>>();
  for (const { module, names } of imports) {
    if (names === null) plain.add(module);
    else from.set(module, new Set([...(from.get(module) ?? []), ...names]));
  }
  const sections = [true, false].map((standard) => {
    const here = (module: string): boolean => STANDARD_LIBRARY.has(module.split('.')[0] ?? '') === standard;
    return [
      ...[...plain]
        .filter(here)
        .sort(byName)
        .map((module) => `import ${module}`),
      ...[...from.keys()]
        .filter(here)
        .sort(byName)
        .map((module) => fromImport(module, from.get(module) ?? new Set())),
    ].join('\n');
  });
  return [sections[0], between, sections[1]].filter(Boolean).join('\n\n');
}

function fromImport(module: string, names: Set<string>): string {
  const sorted = [...names].sort((a, b) => kind(a) - kind(b) || byName(a, b));
  const line = `from ${module} import ${sorted.join(', ')}`;
  return line.length <= 120 ? line : `from ${module} import (\n${sorted.map((name) => `    ${name},\n`).join('')})`;
}

/** Constants, then classes, then functions. */
const kind = (name: string): number => (/^[A-Z0-9_]+$/.test(name) ? 0 : /^[A-Z]/.test(name) ? 1 : 2);
const byName = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Those that our modules import. */
const STANDARD_LIBRARY = new Set([
  'abc',
  'ast',
  'asyncio',
  'atexit',
  'builtins',
  'collections',
  'concurrent',
  'contextlib',
  'csv',
  'ctypes',
  'dataclasses',
  'datetime',
  'errno',
  'fractions',
  'gc',
  'gzip',
  'functools',
  'hashlib',
  'inspect',
  'io',
  'itertools',
  'json',
  'linecache',
  'logging',
  'math',
  'os',
  'pathlib',
  'pprint',
  'queue',
  'random',
  're',
  'shlex',
  'shutil',
  'signal',
  'string',
  'struct',
  'subprocess',
  'sys',
  'tempfile',
  'threading',
  'time',
  'traceback',
  'types',
  'typing',
  'urllib',
  'warnings',
]);

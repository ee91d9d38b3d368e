import type { SchemaTree } from 'hyparquet';
import type { Cursor } from './cursor.ts';

/** Makes one value of a column out of the entries of its leaves, and leaves their cursors behind it. */
interface Assembler {
  /** The first leaf: its levels tell what is there. */
  first: Cursor;
  read(): unknown;
  /** Over one entry of each leaf: what a missing value or an empty list has. */
  skip(): void;
}

/**
 * The values of one column, row by row, by the rules of Dremel (https://research.google/pubs/pub36632/) and the lists
 * of the Parquet format (LogicalTypes.md). `cursors` are by leaf path, joined by NUL.
 */
export function assembler(column: SchemaTree, cursors: ReadonlyMap<string, Cursor>): Assembler {
  return field(column, 0, 0, cursors);
}

export const leafKey = (path: readonly string[]): string => path.join('\0');

/** `definition` and `repetition`: levels of what is around it. */
function field(
  node: SchemaTree,
  definition: number,
  repetition: number,
  cursors: ReadonlyMap<string, Cursor>,
): Assembler {
  switch (node.element.repetition_type) {
    case 'OPTIONAL':
      return nullable(value(node, definition + 1, repetition, cursors), definition + 1);
    case 'REPEATED':
      return list(value(node, definition + 1, repetition + 1, cursors), definition + 1, repetition + 1);
    default:
      return value(node, definition, repetition, cursors);
  }
}

function value(
  node: SchemaTree,
  definition: number,
  repetition: number,
  cursors: ReadonlyMap<string, Cursor>,
): Assembler {
  if (node.children.length === 0) return leaf(node, cursors);
  const repeated = repeatedOf(node);
  if (!repeated) return struct(node, definition, repetition, cursors);
  const [inner, depth] = [definition + 1, repetition + 1];
  const item = itemOf(repeated);
  const one = item === repeated ? value(repeated, inner, depth, cursors) : field(item, inner, depth, cursors);
  return list(isMap(node) ? pair(one) : one, inner, depth);
}

/** The repeated group in a list or a map; undefined for a plain struct. */
export function repeatedOf({ element, children }: SchemaTree): SchemaTree | undefined {
  const kind = element.logical_type?.type ?? element.converted_type ?? '';
  const [repeated] = children;
  const annotated = ['LIST', 'MAP', 'MAP_KEY_VALUE'].includes(kind) && children.length === 1;
  return annotated && repeated?.element.repetition_type === 'REPEATED' ? repeated : undefined;
}

export const isMap = ({ element }: SchemaTree): boolean =>
  (element.logical_type?.type ?? element.converted_type ?? '').startsWith('MAP');

/** An entry of a map, a tuple of key and value in Python. */
const pair = (entry: Assembler): Assembler => ({ ...entry, read: () => Object.values(Object(entry.read())) });

/** What a list holds: the only child of its repeated group, or that group itself where it has several or none. */
export function itemOf(repeated: SchemaTree): SchemaTree {
  const [only] = repeated.children;
  return only && repeated.children.length === 1 ? only : repeated;
}

function leaf({ path }: SchemaTree, cursors: ReadonlyMap<string, Cursor>): Assembler {
  const cursor = cursors.get(leafKey(path));
  if (!cursor) throw new Error(`parquet column ${path.join('.')} is missing`);
  return { first: cursor, read: () => cursor.next(), skip: () => cursor.skip() };
}

function nullable(inner: Assembler, definition: number): Assembler {
  const { first } = inner;
  return {
    ...inner,
    read() {
      if (first.definition >= definition) return inner.read();
      inner.skip();
      return null;
    },
  };
}

function list(item: Assembler, definition: number, repetition: number): Assembler {
  const { first } = item;
  return {
    first,
    skip: item.skip,
    read() {
      const items: unknown[] = [];
      if (first.definition < definition) {
        item.skip();
        return items;
      }
      do items.push(item.read());
      while (first.repetition === repetition);
      return items;
    },
  };
}

function struct(
  node: SchemaTree,
  definition: number,
  repetition: number,
  cursors: ReadonlyMap<string, Cursor>,
): Assembler {
  const fields = node.children.map((child) => ({
    name: child.element.name,
    read: field(child, definition, repetition, cursors),
  }));
  const [first] = fields;
  if (!first) throw new Error(`parquet column ${node.path.join('.')} has no fields`);
  return {
    first: first.read.first,
    skip: () => {
      for (const { read } of fields) read.skip();
    },
    read: () => recordOf(fields),
  };
}

/** An object of the fields; a field may have the name of a property that all objects have. */
export function recordOf(fields: readonly { name: string; read: Assembler }[]): Record<string, unknown> {
  const record: Record<string, unknown> = {};
  for (const { name, read } of fields) {
    if (name === '__proto__') {
      Object.defineProperty(record, name, { value: read.read(), enumerable: true, writable: true, configurable: true });
    } else record[name] = read.read();
  }
  return record;
}

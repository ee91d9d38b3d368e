import type { RowGroup, SchemaTree } from 'hyparquet';
import type { DataFile } from '../data-file.ts';
import { assembler, leafKey, recordOf } from './assemble.ts';
import { Cursor } from './cursor.ts';
import { leafOf } from './leaf.ts';
import { chunkOf, PageStream, type Stretch } from './page-stream.ts';

/** Rows of a row group from `start` to `end`, counted within the group. */
export interface Range {
  start: number;
  end: number;
  /** By column chunk: the pages to read and how many rows begin before them; whole chunks where there is none. */
  stretches?: Record<number, Stretch & { rowsBefore: number }>;
}

/** Rows that are made at once, at most. */
const BATCH = 1024;

/** Some columns of a range of rows, in batches; of each leaf column a page or two are held. */
export async function* rowBatches(
  file: DataFile,
  schema: SchemaTree,
  group: RowGroup,
  columns: readonly string[],
  range: Range,
): AsyncGenerator<Record<string, unknown>[]> {
  const leaves = leavesOf(file, schema, group, columns, range);
  const cursors = new Map(leaves.map(({ key, cursor }) => [key, cursor]));
  const fields = schema.children
    .filter(({ element }) => columns.includes(element.name))
    .map((child) => ({ name: child.element.name, read: assembler(child, cursors) }));
  await Promise.all(leaves.map(({ align }) => align()));
  for (let left = range.end - range.start; left > 0; ) {
    await Promise.all(leaves.map(({ fill }) => fill()));
    const count = Math.min(left, BATCH, ...leaves.map(({ cursor }) => cursor.rows));
    if (count <= 0) throw new Error(`parquet row group has ${left} rows less than it says`);
    const rows = new Array<Record<string, unknown>>(count);
    for (let index = 0; index < count; index += 1) {
      rows[index] = fields.length > 0 ? recordOf(fields) : {};
      for (const { cursor } of leaves) cursor.rowRead();
    }
    left -= count;
    yield rows;
  }
}

function leavesOf(file: DataFile, schema: SchemaTree, group: RowGroup, columns: readonly string[], range: Range) {
  return group.columns.flatMap(({ meta_data }, index) => {
    if (!meta_data || !columns.includes(meta_data.path_in_schema[0] ?? '')) return [];
    const leaf = leafOf(schema, meta_data);
    const cursor = new Cursor(leaf);
    const stretch = range.stretches?.[index] ?? { ...chunkOf(meta_data), rowsBefore: 0 };
    const pages = new PageStream(file, leaf, stretch);
    const fill = async (): Promise<void> => {
      while (cursor.rows === 0 && !cursor.finished) {
        const page = await pages.next();
        if (page) cursor.push(page);
        else cursor.finished = true;
      }
    };
    /** To the first row of the range: pages begin where they like. */
    const align = async (): Promise<void> => {
      await fill();
      cursor.skipRest();
      for (let row = stretch.rowsBefore; row < range.start; row += 1) {
        await fill();
        cursor.skip();
        cursor.skipRest();
        cursor.rowRead();
      }
    };
    return [{ key: leafKey(meta_data.path_in_schema), cursor, fill, align }];
  });
}

/** One Native block: the number of columns and of rows, then each column with its name, its type and its data. */
import type { Columns } from './column.ts';
import { GrowableBytes } from './growable.ts';

/** The block as pieces to be written one after the other; views, valid until a column changes. */
export function blockChunks(columns: Columns, rowsCount: number): Uint8Array[] {
  const entries = Object.entries(columns);
  const chunks: Uint8Array[] = [];
  let head = new GrowableBytes();
  head.pushVarint(entries.length);
  head.pushVarint(rowsCount);
  for (const [name, column] of entries) {
    head.pushText(name);
    head.pushText(column.type);
    chunks.push(head.filled(), ...column.chunks());
    head = new GrowableBytes();
  }
  return chunks;
}

/** About the bytes that the block's data take. */
export function blockSizeBytes(columns: Columns): number {
  let size = 0;
  for (const name in columns) size += columns[name]?.sizeBytes ?? 0;
  return size;
}

export function clearColumns(columns: Columns): void {
  for (const column of Object.values(columns)) column.clear();
}

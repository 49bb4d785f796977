/** Rows of one table on their way to a segment. */
import { blockChunks, blockSizeBytes, clearColumns } from '../native/block.ts';
import type { Columns } from '../native/column.ts';
import { U32Column } from '../native/number-columns.ts';

/** Tables that segments go to; a leftover file of another name is not ours. */
export const SEGMENT_TABLES = [
  'activity_1s',
  'classes',
  'events',
  'session_events',
  'sessions',
  'transactions',
] as const;
export type SegmentTable = (typeof SEGMENT_TABLES)[number];

export class TableRows<C extends Columns = Columns> {
  readonly table: SegmentTable;
  readonly columns: C;
  rowsCount = 0;

  constructor(table: SegmentTable, columns: C) {
    this.table = table;
    this.columns = columns;
  }

  get sizeBytes(): number {
    return blockSizeBytes(this.columns);
  }

  /**
   * The rows as one Native block. Its last chunk is the data of `stored_at`, the only bytes that differ when the same
   * rows are sealed another time.
   */
  block(storedAtSeconds: number): Uint8Array[] {
    const storedAt = new U32Column("DateTime('UTC')");
    for (let row = 0; row < this.rowsCount; row++) storedAt.append(storedAtSeconds);
    return blockChunks({ ...this.columns, stored_at: storedAt }, this.rowsCount);
  }

  clear(): void {
    clearColumns(this.columns);
    this.rowsCount = 0;
  }
}

/** Rows of one table on their way to a segment. */
import { blockChunks, blockSizeBytes, clearColumns } from '../native/block.ts';
import type { Columns } from '../native/column.ts';
import { U32Column } from '../native/number-columns.ts';
import { LowCardinalityColumn } from '../native/text-columns.ts';

/** Tables that segments go to; a leftover file of another name is not ours. */
export const SEGMENT_TABLES = [
  'activity_1s',
  'capture_1s',
  'classes',
  'events',
  'repetition_1m',
  'replication',
  'session_events',
  'sessions',
  'transaction_steps_1h',
  'transaction_types',
  'transactions',
  'value_1m',
] as const;
export type SegmentTable = (typeof SEGMENT_TABLES)[number];

/** Their rows mean the same whoever tells them. */
const SHARED_TABLES: ReadonlySet<SegmentTable> = new Set<SegmentTable>([
  'classes',
  'transaction_types',
]);

/** Sealed rows: they are a copy, so the columns may be filled again. */
export interface Block {
  readonly table: SegmentTable;
  readonly rowsCount: number;
  /** A Native block. */
  readonly bytes: Uint8Array;
  /**
   * Its last so many bytes are the data of `stored_at`, the only ones that differ when the same collector seals the same
   * rows another time.
   */
  readonly storedAtBytes: number;
}

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

  /** The rows as one Native block. What a fingerprint or a type stands for is the same for all collectors. */
  block(collector: string, storedAtSeconds: number): Block {
    const { table, rowsCount } = this;
    const collectors = new LowCardinalityColumn();
    const storedAt = new U32Column("DateTime('UTC')");
    for (let row = 0; row < rowsCount; row++) {
      collectors.append(collector);
      storedAt.append(storedAtSeconds);
    }
    const own = SHARED_TABLES.has(table) ? {} : { collector: collectors };
    const chunks = blockChunks({ ...this.columns, ...own, stored_at: storedAt }, rowsCount);
    const storedAtBytes = chunks.at(-1)?.length ?? 0;
    return { table, rowsCount, bytes: Buffer.concat(chunks), storedAtBytes };
  }

  clear(): void {
    clearColumns(this.columns);
    this.rowsCount = 0;
  }
}

/** A column of one block in ClickHouse's Native format (clickhouse.com/docs/interfaces/formats/Native). */
export interface Column {
  /** The ClickHouse type, as it stands in the block and in `structure`. */
  readonly type: string;
  /** The column's data in order; views of its own arrays, valid until the next append or clear. */
  chunks(): Uint8Array[];
  /** About the size of the data, in bytes, for deciding when a block is full. */
  readonly sizeBytes: number;
  clear(): void;
}

/** Named columns in the order of the INSERT. */
export type Columns = Readonly<Record<string, Column>>;

/** What every kind of store gives: a client that asks, a client that writes, and where rows go. */
import type { ClickHouseClient } from '@clickhouse/client';
import type { MirrorSqlError } from '../core/errors.ts';

/** What the store asks of a client. */
export type StoreClient = Pick<ClickHouseClient, 'query' | 'insert' | 'command' | 'exec' | 'close'>;

export interface Connection {
  /** Asks: its tables are whole. */
  readonly client: StoreClient;
  /** Writes segments and the ledger of them; on a cluster to the one shard of this collector. */
  readonly writer: StoreClient;
  /** The table that holds the rows of `table`, for the writer. */
  readonly holding: (table: string) => string;
  readonly database: string;
  /** Set when the store cannot be used any more, and why. */
  readonly failure: () => MirrorSqlError | undefined;
  /** Resident memory of the embedded engine's process, in bytes; absent of a server, undefined while no engine runs. */
  readonly engineResidentBytes?: () => number | undefined;
  readonly close: () => Promise<void>;
}

/** Packets lost at least, by second and by session; and the bytes of texts that were replaced, by capture. */
import type { Migration } from './migration.ts';

export const lostPackets: Migration = {
  version: 12,
  name: 'lost packets',
  statements: [
    `ALTER TABLE activity_1s{local} {on_cluster}
  ADD COLUMN IF NOT EXISTS lost_packets_min SimpleAggregateFunction(sum, UInt64)`,
    `ALTER TABLE sessions{local} {on_cluster}
  ADD COLUMN IF NOT EXISTS lost_packets_min UInt64 CODEC(T64, ZSTD(1))`,
    `ALTER TABLE captures{local} {on_cluster} ADD COLUMN IF NOT EXISTS text_bytes_replaced UInt64`,
  ],
};

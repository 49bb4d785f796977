/** One row per state that a replication connection told of itself: its beginning, once a second while it moves, its end. */
import type { SessionEvent } from '../../events/events.ts';
import { NullableU64Column, U64Column } from '../native/number-columns.ts';
import { LowCardinalityColumn } from '../native/text-columns.ts';
import { appendSession, type SessionAddresses, sessionColumns } from './session-columns.ts';
import { TableRows } from './table-rows.ts';

function replicationColumns() {
  return {
    ts: new U64Column("DateTime64(6, 'UTC')"),
    ...sessionColumns(),
    phase: new LowCardinalityColumn(),
    mode: new LowCardinalityColumn(),
    slot: new LowCardinalityColumn(),
    sent_lsn: new NullableU64Column(),
    write_lsn: new NullableU64Column(),
    flush_lsn: new NullableU64Column(),
    replay_lsn: new NullableU64Column(),
    wal_end_lsn: new NullableU64Column(),
    write_lag_us: new NullableU64Column(),
    flush_lag_us: new NullableU64Column(),
    replay_lag_us: new NullableU64Column(),
    backup_bytes_done: new NullableU64Column(),
    backup_bytes_total: new NullableU64Column(),
  };
}

export type ReplicationRows = TableRows<ReturnType<typeof replicationColumns>>;

export function replicationRows(): ReplicationRows {
  return new TableRows('replication', replicationColumns());
}

export function appendReplication(
  rows: ReplicationRows,
  event: SessionEvent & { type: 'replication' },
  addresses: SessionAddresses,
): void {
  const { columns } = rows;
  columns.ts.append(event.tsUs);
  appendSession(columns, event.session, addresses);
  columns.phase.append(event.phase);
  columns.mode.append(event.mode);
  columns.slot.append(event.slot);
  columns.sent_lsn.append(event.sentLsn);
  columns.write_lsn.append(event.writeLsn);
  columns.flush_lsn.append(event.flushLsn);
  columns.replay_lsn.append(event.replayLsn);
  columns.wal_end_lsn.append(event.walEndLsn);
  columns.write_lag_us.append(event.writeLagUs);
  columns.flush_lag_us.append(event.flushLagUs);
  columns.replay_lag_us.append(event.replayLagUs);
  columns.backup_bytes_done.append(event.backupBytesDone);
  columns.backup_bytes_total.append(event.backupBytesTotal);
  rows.rowsCount++;
}

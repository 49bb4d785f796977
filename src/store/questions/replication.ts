/** Replication streams and base backups: how each stood last in the window, and how far behind it was at most. */
import type { ReplicationFacts } from '../../events/facts.ts';
import type { Store } from '../store.ts';
import { ask, IN_SCOPE, inWindow, known, type Parameters, SERVER, us } from './ask.ts';

const STREAMS_MAX = 200;

/** argMax passes over NULL, and here it is a state like any other: in a tuple it is none. */
const last = (column: string): string => `argMax(tuple(${column}), (ts, phase = 'end')).1`;
const BEHIND =
  'if(isNull(sent_lsn) OR isNull(replay_lsn), NULL, if(sent_lsn > replay_lsn, sent_lsn - replay_lsn, 0))';

export async function readReplication(
  store: Store,
  parameters: Parameters,
): Promise<ReplicationFacts[]> {
  const rows = await ask<Omit<ReplicationFacts, 'ended'> & { readonly ended: number }>(
    store,
    `SELECT session_id AS sessionId, any(${SERVER}) AS server, any(client_ip) AS client,
      max(told.application) AS application, max(told.mode) AS mode, max(told.slot) AS slot,
      ${us('min(ts)')} AS firstUs, ${us('max(ts)')} AS lastUs, max(phase = 'end') AS ended,
      ${last('sent_lsn')} AS sentLsn, ${last('write_lsn')} AS writeLsn,
      ${last('flush_lsn')} AS flushLsn, ${last('replay_lsn')} AS replayLsn,
      ${last('write_lag_us')} AS writeLagUs, ${last('flush_lag_us')} AS flushLagUs,
      ${last('replay_lag_us')} AS replayLagUs, max(replay_lag_us) AS replayLagMaxUs,
      ${last(BEHIND)} AS replayBehindBytes, max(${BEHIND}) AS replayBehindMaxBytes,
      ${last('backup_bytes_done')} AS backupBytesDone, ${last('backup_bytes_total')} AS backupBytesTotal
    FROM replication AS told WHERE ${inWindow('ts')} AND ${IN_SCOPE}
    GROUP BY session_id, collector, told.mode = 'base_backup'
    ORDER BY replayLagMaxUs DESC NULLS LAST, firstUs, sessionId LIMIT ${STREAMS_MAX}`,
    parameters,
  );
  return rows.map((row) => ({
    ...row,
    application: known(row.application ?? ''),
    mode: known(row.mode ?? ''),
    slot: known(row.slot ?? ''),
    ended: row.ended === 1,
  }));
}

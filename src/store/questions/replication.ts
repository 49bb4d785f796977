/** Replication streams and base backups: how each stood last in the window, and how far behind it was at most. */
import type { ReplicationFacts } from '../../events/facts.ts';
import type { Store } from '../store.ts';
import { ask, IN_SCOPE, inWindow, known, type Parameters, SERVER, us } from './ask.ts';

const STREAMS_MAX = 200;

const BEHIND =
  'if(isNull(sent_lsn) OR isNull(replay_lsn), NULL, if(sent_lsn > replay_lsn, sent_lsn - replay_lsn, 0))';

/** What is told as it was last; by the names of the facts. */
const LAST = {
  sentLsn: 'sent_lsn',
  writeLsn: 'write_lsn',
  flushLsn: 'flush_lsn',
  replayLsn: 'replay_lsn',
  writeLagUs: 'write_lag_us',
  flushLagUs: 'flush_lag_us',
  replayLagUs: 'replay_lag_us',
  replayBehindBytes: BEHIND,
  backupBytesDone: 'backup_bytes_done',
  backupBytesTotal: 'backup_bytes_total',
} as const;
type Last = keyof typeof LAST;

interface StreamRow extends Omit<ReplicationFacts, 'ended' | Last> {
  readonly ended: number;
  /** In the order of LAST. */
  readonly last: readonly (number | null)[];
}

export async function readReplication(
  store: Store,
  parameters: Parameters,
): Promise<ReplicationFacts[]> {
  // argMax passes over NULL, and here it is a state like any other: in a tuple it is none.
  const rows = await ask<StreamRow>(
    store,
    `SELECT session_id AS sessionId, any(${SERVER}) AS server, any(client_ip) AS client,
      max(told.application) AS application, max(told.mode) AS mode, max(told.slot) AS slot,
      ${us('min(ts)')} AS firstUs, ${us('max(ts)')} AS lastUs, max(phase = 'end') AS ended,
      argMax((${Object.values(LAST).join(', ')}), (ts, phase = 'end')) AS last,
      max(replay_lag_us) AS replayLagMaxUs, max(${BEHIND}) AS replayBehindMaxBytes
    FROM replication AS told WHERE ${inWindow('ts')} AND ${IN_SCOPE}
    GROUP BY session_id, collector, told.mode = 'base_backup'
    ORDER BY replayLagMaxUs DESC NULLS LAST, firstUs, sessionId LIMIT ${STREAMS_MAX}`,
    parameters,
  );
  return rows.map(({ last, ...row }) => ({
    ...row,
    ...lastOf(last),
    application: known(row.application ?? ''),
    mode: known(row.mode ?? ''),
    slot: known(row.slot ?? ''),
    ended: row.ended === 1,
  }));
}

function lastOf(values: StreamRow['last']): Pick<ReplicationFacts, Last> {
  const names = Object.keys(LAST) as Last[];
  return Object.fromEntries(names.map((name, index) => [name, values[index] ?? null])) as Record<
    Last,
    number | null
  >;
}

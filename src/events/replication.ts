/** What is known of a replication connection at one moment, named as pg_stat_replication names it. */

/** Positions are bytes of WAL since the beginning of the cluster; what is not known is UNKNOWN (-1). */
export interface ReplicationState {
  readonly phase: 'start' | 'progress' | 'end';
  /** Undefined when the stream had begun before the capture and has shown no WAL yet. */
  readonly mode: 'physical' | 'logical' | 'base_backup' | undefined;
  readonly slot: string | undefined;
  /** How far the server has sent, and the standby has written, flushed and replayed. */
  readonly sentLsn: number;
  readonly writeLsn: number;
  readonly flushLsn: number;
  readonly replayLsn: number;
  /** How far the server itself has come, as it said with the WAL that it sent. */
  readonly walEndLsn: number;
  /** Time from the sending of WAL to the answer that it was written, flushed, replayed; UNKNOWN when nothing is awaited. */
  readonly writeLagUs: number;
  readonly flushLagUs: number;
  readonly replayLagUs: number;
  /** Of a base backup: bytes of files so far, and the server's estimate of all. */
  readonly backupBytesDone: number;
  readonly backupBytesTotal: number;
}

/** `16/B374D848`, as PostgreSQL prints a position; undefined when it is not known. */
export function lsnText(lsn: number): string | undefined {
  if (lsn < 0) return undefined;
  const high = Math.floor(lsn / 2 ** 32);
  return `${high.toString(16)}/${(lsn >>> 0).toString(16)}`.toUpperCase();
}

/**
 * Events as `decode` prints them: one JSON object a line, lower snake_case, absent when not known. Times are ISO 8601
 * UTC with microseconds, durations integer microseconds.
 */
import { addressText } from '../core/ip.ts';
import { isoFromUs } from '../core/time.ts';
import {
  type SessionEvent,
  STATUS_NAMES,
  type StatementError,
  type StatementEvent,
  type TransactionEnd,
  UNKNOWN,
} from '../events/events.ts';
import { lsnText, type ReplicationState } from '../events/replication.ts';
import { qualityNames } from '../events/quality.ts';
import type { Session } from '../events/session.ts';
import type { TlsFacts } from '../events/tls-facts.ts';

type Json = Record<string, unknown>;

/** A number that may not be known. */
const known = (value: number): number | undefined => (value === UNKNOWN ? undefined : value);

const orAbsent = (value: string): string | undefined => (value === '' ? undefined : value);

export function statementJson(event: StatementEvent): Json {
  const { statementClass, error, rowsReturned, rowsAffected } = event;
  return {
    type: 'statement',
    ts: isoFromUs(event.tsUs),
    ...sessionJson(event.session),
    command: event.command === undefined ? undefined : orAbsent(event.command),
    statement: statementText(event),
    statement_name: event.statementName,
    portal_name: event.portalName,
    source_statement: event.source,
    source_fingerprint: event.sourceClass?.fingerprint,
    parameters: event.parameters,
    fingerprint: statementClass?.fingerprint,
    normalized: statementClass?.normalized,
    status: STATUS_NAMES[event.status],
    ...(error === undefined ? {} : errorJson(error)),
    rows: known(rowsAffected === UNKNOWN ? rowsReturned : rowsAffected),
    rows_returned: known(rowsReturned),
    rows_affected: known(rowsAffected),
    bytes_request: event.requestBytes,
    bytes_response: event.responseBytes,
    first_row_us: known(event.firstRowUs),
    duration_us: known(event.durationUs),
    transaction_id: known(event.transactionId),
    transaction_status: orAbsent(event.transactionStatus),
    copy_bytes: known(event.copyBytes),
    copy_rows: known(event.copyRows),
    batch_count: known(event.batchCount),
    quality: qualityNames(event.quality),
  };
}

/** The text as sent; absent when it is not known (an empty query has an empty text). */
function statementText(event: StatementEvent): string | undefined {
  if (event.statementClass === undefined) return undefined;
  const { text, textStart, textEnd } = event;
  return Buffer.from(text.buffer, text.byteOffset + textStart, textEnd - textStart).toString(
    'utf8',
  );
}

export function transactionJson(event: TransactionEnd): Json {
  return {
    type: 'transaction_end',
    ts: isoFromUs(event.endUs),
    ...sessionJson(event.session),
    transaction_id: event.transactionId,
    outcome: event.outcome,
    statements: event.statements,
    rows_affected: event.rowsAffected,
    duration_us: Math.max(0, event.endUs - event.startUs),
    implicit: event.implicit,
    quality: qualityNames(event.quality),
  };
}

export function sessionEventJson(event: SessionEvent): Json {
  return {
    type: event.type,
    ts: isoFromUs(event.tsUs),
    ...sessionJson(event.session),
    ...detail(event),
  };
}

function detail(event: SessionEvent): Json {
  switch (event.type) {
    case 'session_start':
      return {
        ...(event.loginUs === UNKNOWN ? {} : { login_us: event.loginUs }),
        server_version: event.serverVersion,
        ...tlsJson(event.tls),
      };
    case 'session_end':
    case 'session_state':
      return {
        reason: event.type === 'session_end' ? event.reason : undefined,
        duration_us: Math.max(0, event.tsUs - event.startUs),
        statements: event.statements,
        errors: event.errors,
        bytes_request: event.requestBytes,
        bytes_response: event.responseBytes,
        lost_bytes: event.lostBytes,
        lost_packets_min: event.lostPacketsMin === 0 ? undefined : event.lostPacketsMin,
        transaction_status: orAbsent(event.transactionStatus),
        transaction_open_since:
          event.transactionStartUs === UNKNOWN ? undefined : isoFromUs(event.transactionStartUs),
        turns: event.turns?.count,
        turns_total_us: event.turns?.sumUs,
        turn_max_us: event.turns?.maxUs,
        quality: qualityNames(event.quality),
      };
    case 'login_failed':
      return errorJson(event.error);
    case 'cancel_request':
      return {
        process_id: event.processId,
        target_session_id: event.targetSessionId,
        target_ts: event.targetUs === UNKNOWN ? undefined : isoFromUs(event.targetUs),
      };
    case 'encrypted':
      return { method: event.method, reason: event.reason, ...tlsJson(event.tls) };
    case 'replication':
      return replicationJson(event);
    case 'anomaly':
      return { kind: event.kind, detail: event.detail, lost_bytes: event.lostBytes };
  }
}

/** In the names of pg_stat_replication; bytes of lag are what was sent and not yet written, flushed, replayed. */
function replicationJson(event: ReplicationState): Json {
  const { sentLsn } = event;
  const behind = (lsn: number): number | undefined =>
    lsn === UNKNOWN || sentLsn === UNKNOWN ? undefined : Math.max(0, sentLsn - lsn);
  return {
    phase: event.phase,
    mode: event.mode,
    slot: event.slot,
    sent_lsn: lsnText(sentLsn),
    write_lsn: lsnText(event.writeLsn),
    flush_lsn: lsnText(event.flushLsn),
    replay_lsn: lsnText(event.replayLsn),
    wal_end_lsn: lsnText(event.walEndLsn),
    write_lag_bytes: behind(event.writeLsn),
    flush_lag_bytes: behind(event.flushLsn),
    replay_lag_bytes: behind(event.replayLsn),
    write_lag_us: known(event.writeLagUs),
    flush_lag_us: known(event.flushLagUs),
    replay_lag_us: known(event.replayLagUs),
    backup_bytes_done: known(event.backupBytesDone),
    backup_bytes_total: known(event.backupBytesTotal),
  };
}

function tlsJson(tls: TlsFacts | undefined): Json {
  if (tls === undefined) return {};
  const { certificate } = tls;
  const expiresUs = certificate?.expiresUs;
  return {
    tls_version: tls.version,
    cipher_suite: tls.cipherSuite,
    server_name: tls.serverName,
    application_protocol: tls.applicationProtocol,
    resumed: tls.resumed,
    certificate_subject: certificate?.subject,
    certificate_issuer: certificate?.issuer,
    certificate_expires: expiresUs === undefined ? undefined : isoFromUs(expiresUs),
  };
}

function sessionJson(session: Session): Json {
  return {
    protocol: session.protocol,
    dialect: session.dialect,
    client_ip: addressText(session.clientAddress),
    client_port: session.clientPort,
    server_ip: addressText(session.serverAddress),
    server_port: session.serverPort,
    session_id: session.id,
    user: session.user,
    database: session.database,
    application: session.application,
  };
}

function errorJson(error: StatementError): Json {
  return {
    sqlstate: error.sqlstate,
    error_code: error.code,
    error_message: error.message,
    error_class: error.errorClass,
  };
}

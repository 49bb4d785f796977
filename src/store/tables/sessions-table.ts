/**
 * One row per session, written when it ends or the capture does, and from time to time while a live one is open: the
 * row with the latest end stands. And one per other event of a session.
 */
import {
  type EncryptedReason,
  type SessionEvent,
  type SessionState,
  UNKNOWN,
} from '../../events/events.ts';
import type { StatementClass } from '../../events/statement-class.ts';
import type { TlsFacts } from '../../events/tls-facts.ts';
import { ByteColumn, NullableU64Column, U16Column, U64Column } from '../native/number-columns.ts';
import { HexColumn, LowCardinalityColumn, StringColumn } from '../native/text-columns.ts';
import { newRun, type OpenRun } from '../repetitions.ts';
import { newSequence, type OpenSequence } from '../transaction-sequences.ts';
import {
  NO_FINGERPRINT,
  TRANSACTION_STATUS_TYPE,
  transactionStatusNumber,
} from './events-table.ts';
import { appendSession, type SessionAddresses, sessionColumns } from './session-columns.ts';
import { TableRows } from './table-rows.ts';

/** What is known of a session while it lasts. */
export interface SessionNotes {
  readonly addresses: SessionAddresses;
  loginUs: number;
  serverVersion: string | undefined;
  encrypted: 'tls' | 'gss' | undefined;
  encryptedReason: EncryptedReason | undefined;
  tls: TlsFacts | undefined;
  lastStatementUs: number;
  lastClass: StatementClass | undefined;
  lastCommand: string | undefined;
  /** Of the transaction that is open. */
  readonly sequence: OpenSequence;
  /** Of one class behind another. */
  readonly run: OpenRun;
}

export function newNotes(addresses: SessionAddresses): SessionNotes {
  return {
    addresses,
    loginUs: UNKNOWN,
    serverVersion: undefined,
    encrypted: undefined,
    encryptedReason: undefined,
    tls: undefined,
    lastStatementUs: UNKNOWN,
    lastClass: undefined,
    lastCommand: undefined,
    sequence: newSequence(),
    run: newRun(),
  };
}

function endColumns() {
  return {
    ...sessionColumns(),
    start_ts: new U64Column("DateTime64(6, 'UTC')"),
    end_ts: new U64Column("DateTime64(6, 'UTC')"),
    end_reason: new LowCardinalityColumn(),
    login_us: new NullableU64Column(),
    server_version: new LowCardinalityColumn(),
    statements: new U64Column(),
    errors: new U64Column(),
    bytes_request: new U64Column(),
    bytes_response: new U64Column(),
    lost_bytes: new U64Column(),
    lost_packets_min: new U64Column(),
    transaction_status: new ByteColumn(TRANSACTION_STATUS_TYPE),
    transaction_start_ts: new NullableU64Column("DateTime64(6, 'UTC')"),
    encrypted: new LowCardinalityColumn(),
    last_statement_ts: new NullableU64Column("DateTime64(6, 'UTC')"),
    last_fingerprint: new HexColumn(),
    last_command: new LowCardinalityColumn(),
    quality: new U16Column(),
    encrypted_reason: new LowCardinalityColumn(),
    tls_version: new LowCardinalityColumn(),
    tls_cipher_suite: new LowCardinalityColumn(),
    tls_server_name: new LowCardinalityColumn(),
    tls_application_protocol: new LowCardinalityColumn(),
    tls_resumed: new LowCardinalityColumn(),
    certificate_subject: new LowCardinalityColumn(),
    certificate_issuer: new LowCardinalityColumn(),
    certificate_expires: new NullableU64Column("DateTime64(6, 'UTC')"),
    turns: new U64Column(),
    turn_sum_us: new U64Column(),
    turn_max_us: new U64Column(),
  };
}

export type SessionRows = TableRows<ReturnType<typeof endColumns>>;

export function sessionRows(): SessionRows {
  return new TableRows('sessions', endColumns());
}

export function appendSessionEnd(
  rows: SessionRows,
  event: SessionEvent & { type: 'session_end' },
  notes: SessionNotes,
): void {
  append(rows, event, event.reason, notes);
}

/** An open session looks as it would if the capture ended now. */
export function appendSessionState(
  rows: SessionRows,
  state: SessionState,
  notes: SessionNotes,
): void {
  append(rows, state, 'capture_end', notes);
}

function append(
  rows: SessionRows,
  event: SessionState,
  endReason: string,
  notes: SessionNotes,
): void {
  const { columns } = rows;
  appendSession(columns, event.session, notes.addresses);
  columns.start_ts.append(event.startUs);
  columns.end_ts.append(event.tsUs);
  columns.end_reason.append(endReason);
  columns.login_us.append(notes.loginUs);
  columns.server_version.append(notes.serverVersion);
  columns.statements.append(event.statements);
  columns.errors.append(event.errors);
  columns.bytes_request.append(event.requestBytes);
  columns.bytes_response.append(event.responseBytes);
  columns.lost_bytes.append(event.lostBytes);
  columns.lost_packets_min.append(event.lostPacketsMin);
  columns.transaction_status.append(transactionStatusNumber(event.transactionStatus));
  columns.transaction_start_ts.append(event.transactionStartUs);
  columns.encrypted.append(notes.encrypted);
  columns.last_statement_ts.append(notes.lastStatementUs);
  columns.last_fingerprint.append(notes.lastClass?.fingerprint ?? NO_FINGERPRINT);
  columns.last_command.append(notes.lastCommand);
  columns.quality.append(event.quality);
  appendEncryption(columns, event, notes);
  rows.rowsCount++;
}

/** The handshake, also of a session that was decrypted, and the turns of one that was not. */
function appendEncryption(
  columns: ReturnType<typeof endColumns>,
  { turns }: SessionState,
  { encryptedReason, tls }: SessionNotes,
): void {
  const resumed = tls?.resumed;
  columns.encrypted_reason.append(encryptedReason);
  columns.tls_version.append(tls?.version);
  columns.tls_cipher_suite.append(tls?.cipherSuite);
  columns.tls_server_name.append(tls?.serverName);
  columns.tls_application_protocol.append(tls?.applicationProtocol);
  columns.tls_resumed.append(resumed === undefined ? undefined : resumed ? 'yes' : 'no');
  columns.certificate_subject.append(tls?.certificate?.subject);
  columns.certificate_issuer.append(tls?.certificate?.issuer);
  columns.certificate_expires.append(tls?.certificate?.expiresUs ?? UNKNOWN);
  columns.turns.append(turns?.count ?? 0);
  columns.turn_sum_us.append(turns?.sumUs ?? 0);
  columns.turn_max_us.append(turns?.maxUs ?? 0);
}

function eventColumns() {
  return {
    ts: new U64Column("DateTime64(6, 'UTC')"),
    type: new LowCardinalityColumn(),
    ...sessionColumns(),
    detail: new StringColumn(),
    sqlstate: new LowCardinalityColumn(),
    error_class: new LowCardinalityColumn(),
    error_message: new StringColumn(),
    target_session_id: new StringColumn(),
    lost_bytes: new U64Column(),
  };
}

export type SessionEventRows = TableRows<ReturnType<typeof eventColumns>>;

export function sessionEventRows(): SessionEventRows {
  return new TableRows('session_events', eventColumns());
}

/** Sessions' starts and ends are rows of `sessions` instead. */
export type OtherSessionEvent = Exclude<
  SessionEvent,
  { type: 'session_start' | 'session_end' | 'session_state' }
>;

export function appendSessionEvent(
  rows: SessionEventRows,
  event: OtherSessionEvent,
  addresses: SessionAddresses,
): void {
  const { columns } = rows;
  const error = event.type === 'login_failed' ? event.error : undefined;
  columns.ts.append(event.tsUs);
  columns.type.append(event.type);
  appendSession(columns, event.session, addresses);
  columns.detail.appendText(detailOf(event));
  columns.sqlstate.append(error?.sqlstate);
  columns.error_class.append(error?.errorClass);
  columns.error_message.appendText(error?.message);
  columns.target_session_id.appendText(
    event.type === 'cancel_request' ? event.targetSessionId : undefined,
  );
  columns.lost_bytes.append(event.type === 'anomaly' ? event.lostBytes : 0);
  rows.rowsCount++;
}

function detailOf(event: OtherSessionEvent): string {
  switch (event.type) {
    case 'login_failed':
      return event.error.message ?? '';
    case 'cancel_request':
      return `process ${event.processId}`;
    case 'encrypted':
      return [event.method, event.reason, event.tls?.version, event.tls?.serverName]
        .filter((part) => part !== undefined)
        .join(' ');
    case 'replication':
      return event.mode ?? '';
    case 'anomaly':
      return event.detail === undefined ? event.kind : `${event.kind}: ${event.detail}`;
  }
}

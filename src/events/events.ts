/**
 * The events that the collector tells and every sink understands (design: printed by `decode`, stored by `load`).
 *
 * StatementEvent and TransactionEnd come by the million: the collector fills one reusable object of each and passes it
 * to the sink, which copies what it keeps before it returns. Bytes in them are valid only during the call.
 * All other events are rare and are plain objects that may be kept.
 *
 * Numbers that are not known are UNKNOWN (-1), texts that are not known are undefined: never a made-up value.
 */
import type { ReplicationState } from './replication.ts';
import type { Session } from './session.ts';
import type { StatementClass } from './statement-class.ts';
import type { TlsFacts } from './tls-facts.ts';

export const UNKNOWN = -1;

export const Status = {
  Ok: 0,
  Error: 1,
  Cancelled: 2,
  Unanswered: 3,
  Unknown: 4,
  Skipped: 5,
} as const;
export type Status = (typeof Status)[keyof typeof Status];

/** The text of each status, by its number. */
export const STATUS_NAMES = [
  'ok',
  'error',
  'cancelled',
  'unanswered',
  'unknown',
  'skipped',
] as const;

/** What the server said of a statement that failed. */
export interface StatementError {
  readonly sqlstate: string | undefined;
  /** The vendor's own code where the protocol has one (MySQL errno, Db2 SQLCODE). */
  readonly code: number | undefined;
  readonly message: string | undefined;
  readonly severity: string | undefined;
  /** Root-cause class, see sql/error-classes.ts. */
  readonly errorClass: string;
}

/** The values that an execution was given, read from the wire's bytes only when asked. */
export interface BoundValues {
  /** As PostgreSQL would print them, null for NULL; undefined when the bytes make no sense. */
  values(): readonly (string | null)[] | undefined;
}

/** One execution of one statement: a request and all its answers. */
export interface StatementEvent {
  readonly session: Session;
  /** Capture time of the request's last byte, in microseconds. */
  readonly tsUs: number;
  /** Counts the statements of a session from 1, in the order of their requests. */
  readonly sequence: number;
  /** Undefined when the text is not known. */
  readonly statementClass: StatementClass | undefined;
  /** First keyword, from the class or else from the server's command tag; undefined when neither was seen. */
  readonly command: string | undefined;
  /** The text as sent, turned into UTF-8: text[textStart, textEnd). Empty range when it is not known. */
  readonly text: Uint8Array;
  readonly textStart: number;
  readonly textEnd: number;
  readonly statementName: string | undefined;
  readonly portalName: string | undefined;
  /**
   * Of PREPARE, EXECUTE, DECLARE, FETCH and MOVE: the statement that is made or run, secrets masked, and its class.
   * Undefined for all others, and when it was not seen.
   */
  readonly source: string | undefined;
  readonly sourceClass: StatementClass | undefined;
  /** Decoded only when asked for; null stands for NULL. */
  readonly parameters: readonly (string | null)[] | undefined;
  /**
   * Values of its parameters for who counts them; valid only during the call. Only told when the collector was asked for
   * them, and never of a class that may hold a secret, nor of values that are long.
   */
  readonly bound?: BoundValues | undefined;
  readonly status: Status;
  readonly error: StatementError | undefined;
  readonly rowsReturned: number;
  readonly rowsAffected: number;
  readonly requestBytes: number;
  readonly responseBytes: number;
  /** From tsUs to the first byte of the answer, and to its end. */
  readonly firstRowUs: number;
  readonly durationUs: number;
  /** Counts the SQL transactions of a session from 1; UNKNOWN when it is not known whether one was open. */
  readonly transactionId: number;
  /** 'I' idle, 'T' in a transaction, 'E' in a failed one: after the statement. '' when not seen. */
  readonly transactionStatus: 'I' | 'T' | 'E' | '';
  readonly copyBytes: number;
  readonly copyRows: number;
  /** Sets of parameters that were executed as one (openGauss); UNKNOWN for all other statements. */
  readonly batchCount: number;
  /** Bits of Quality. */
  readonly quality: number;
}

/** A transaction that ended, as the server counts them (pg_stat_database: xact_commit, xact_rollback). */
export interface TransactionEnd {
  readonly session: Session;
  /** First byte of the transaction's first request; of its end. */
  readonly startUs: number;
  readonly endUs: number;
  readonly transactionId: number;
  readonly outcome: 'commit' | 'rollback';
  /** Statements executed in it, BEGIN and COMMIT not counted. 0: only a Parse, a Describe or an empty query. */
  readonly statements: number;
  readonly rowsAffected: number;
  /** No BEGIN: the server opened and ended it around one request. */
  readonly implicit: boolean;
  readonly quality: number;
  /**
   * A running hash of the fingerprints of its statements in order, unsigned 32-bit halves: transactions of one shape
   * have one hash.
   */
  readonly shapeHigh: number;
  readonly shapeLow: number;
}

/** What a session has done until tsUs. */
export interface SessionState {
  readonly tsUs: number;
  readonly session: Session;
  readonly startUs: number;
  readonly statements: number;
  readonly errors: number;
  readonly requestBytes: number;
  readonly responseBytes: number;
  readonly lostBytes: number;
  /** At least so many packets: what is missing, in segments as large as the largest that was seen of that side. */
  readonly lostPacketsMin: number;
  /** 'T' or 'E': inside an open transaction. */
  readonly transactionStatus: 'I' | 'T' | 'E' | '';
  /** Start of the open transaction, UNKNOWN without one. */
  readonly transactionStartUs: number;
  /** Of an encrypted session, whose statements are not seen. */
  readonly turns?: TurnFacts | undefined;
  readonly quality: number;
}

/** How often the server answered the client, and the times from the client's last byte to the server's last. */
export interface TurnFacts {
  readonly count: number;
  readonly sumUs: number;
  readonly maxUs: number;
}

/** Why the statements of an encrypted session are not seen. */
export type EncryptedReason =
  /** GSS encryption, for which no keys can be given. */
  | 'gss'
  /** No key log was given. */
  | 'no_key_log'
  /** The key log does not know the connection, or did not in time. */
  | 'no_keys'
  /** What it knows opens no record. */
  | 'wrong_keys'
  /** A cipher suite that does not encrypt and authenticate at once (AEAD). */
  | 'cipher_suite'
  /** Older than TLS 1.2. */
  | 'version'
  /** The client spoke before the handshake, with keys of their own. */
  | 'early_data'
  /** The connection was open before the capture began. */
  | 'mid_stream'
  /** Bytes of the handshake are missing. */
  | 'handshake_lost'
  /** The connection ended before the handshake did. */
  | 'unfinished'
  /** What was said after the agreement to use TLS is not TLS. */
  | 'malformed'
  /** Decrypted until bytes were lost; after that no record opened any more. */
  | 'records_lost';

export type SessionEvent =
  | {
      readonly type: 'session_start';
      readonly tsUs: number;
      readonly session: Session;
      /** UNKNOWN when the server's part of it was lost. */
      readonly loginUs: number;
      readonly serverVersion: string | undefined;
      /** Of a session that was decrypted. */
      readonly tls?: TlsFacts | undefined;
    }
  | (SessionState & {
      readonly type: 'session_end';
      /** terminate: the client said so; fin, reset: TCP ended; server: the server ended it; idle: forgotten after silence; capture_end: still open when the capture ended. */
      readonly reason:
        | 'terminate'
        | 'fin'
        | 'reset'
        | 'server'
        | 'idle'
        | 'capture_end'
        | 'replaced'
        | 'limit';
    })
  /** The session goes on; told of live captures from time to time, so that open sessions are seen while they are open. */
  | (SessionState & { readonly type: 'session_state' })
  | {
      readonly type: 'login_failed';
      readonly tsUs: number;
      readonly session: Session;
      readonly error: StatementError;
    }
  | {
      readonly type: 'cancel_request';
      readonly tsUs: number;
      readonly session: Session;
      readonly processId: number;
      readonly targetSessionId: string | undefined;
      /** tsUs of the statement that ran there; UNKNOWN when none did. */
      readonly targetUs: number;
    }
  | {
      /** The statements of the session cannot be seen (any longer). */
      readonly type: 'encrypted';
      readonly tsUs: number;
      readonly session: Session;
      readonly method: 'tls' | 'gss';
      readonly reason: EncryptedReason;
      /** What the handshake showed; undefined when none was seen. */
      readonly tls?: TlsFacts | undefined;
    }
  /** A replication stream or a base backup: its beginning, how far it is (once a second at most), its end. */
  | (ReplicationState & {
      readonly type: 'replication';
      readonly tsUs: number;
      readonly session: Session;
    })
  | {
      readonly type: 'anomaly';
      readonly tsUs: number;
      readonly session: Session;
      readonly kind: string;
      readonly detail: string | undefined;
      readonly lostBytes: number;
    };

/** Where events go. A sink that must stop the collector throws a MirrorSqlError. */
export interface EventSink {
  statement(event: StatementEvent): void;
  transactionEnd(event: TransactionEnd): void;
  sessionEvent(event: SessionEvent): void;
  activity(second: ActivitySecond): void;
  /** For sinks that keep an account of the capture itself. */
  captureSecond?(second: CaptureSecond): void;
  /** For sinks that count what they are told: what they left out until now, where a limit of theirs was reached. */
  dropped?(): Readonly<Record<SinkLimitName, number>> | undefined;
}

/**
 * Runs of one statement behind another, of more pairs than are told of a minute; transactions of more types than are told
 * apart; sessions of which the last statement is not kept.
 */
export type SinkLimitName = 'repetition_pairs' | 'transaction_types' | 'session_notes';

/**
 * What is left out of events while the machine cannot keep up, each step with all before it: details of the result
 * (times to the first row, names of prepared statements and portals, what COPY carried), values of parameters, and the
 * text of most executions (that of the class stays).
 */
export const Reduction = { None: 0, ResultDetails: 1, Parameters: 2, StatementTexts: 3 } as const;
export type Reduction = (typeof Reduction)[keyof typeof Reduction];

/** What one second (of capture time) of the capture itself brought, and what it missed. Rows of one second add up. */
export interface CaptureSecond {
  /** Start of the second, in microseconds. */
  readonly secondUs: number;
  readonly packets: number;
  readonly bytes: number;
  /** Packets that the kernel threw away, and times that its buffer was full. */
  readonly kernelDrops: number;
  readonly kernelFreezes: number;
  /** Holes in byte streams, and bytes known to be missing. */
  readonly gaps: number;
  readonly lostBytes: number;
  readonly framesRefused: number;
  /** Packets that the snap length cut. */
  readonly cutPackets: number;
  /** Of any limit. */
  readonly droppedByLimit: number;
  /** Rows that were decoded and had to be given up, because they could not wait for the store any longer. */
  readonly rowsLost: number;
  /** Statements told with less than was seen of them. */
  readonly statementsReduced: number;
  /** Gauge: the furthest step of Reduction. */
  readonly reduction: number;
}

/**
 * What one second (of capture time) brought between one client host and one server endpoint. Several rows may tell of
 * the same second: counts add up, gauges take the greatest. Requests and what became of them stand in the second of the
 * request; answers, their times and transaction ends in the second of the answer.
 */
export interface ActivitySecond {
  /** Start of the second, in microseconds. */
  readonly secondUs: number;
  readonly clientAddress: Uint8Array;
  readonly serverAddress: Uint8Array;
  readonly serverPort: number;
  readonly connectionsOpened: number;
  readonly connectionsClosed: number;
  /** Attempts that were reset, never answered, or refused by a server that is full or not up; failed logins are none. */
  readonly connectionsRefused: number;
  /** Gauge: connections open at the end of the second. */
  readonly connectionsOpen: number;
  /** Gauge: of these, inside a transaction. */
  readonly connectionsInTransaction: number;
  readonly requests: number;
  /** Of the requests of this second, those that were answered within 10 s. */
  readonly requestsAnswered: number;
  readonly answers: number;
  /** Answers that are no error. */
  readonly normal: number;
  readonly errors: number;
  /** Transactions as the server counts them. */
  readonly commits: number;
  readonly rollbacks: number;
  /** Of commits and rollbacks: those without a BEGIN, and those without any statement. */
  readonly implicitTransactions: number;
  readonly emptyTransactions: number;
  /**
   * Of rollbacks: those of a transaction that a BEGIN opened and that ran at least one statement. What is left are
   * failed autocommitted statements and the empty rollbacks by which connection pools reset a connection.
   */
  readonly explicitRollbacks: number;
  /** Sum, greatest, and histogram (core/histogram.ts) of the answers' durations. */
  readonly durationSumUs: number;
  readonly durationMaxUs: number;
  readonly durationBuckets: ReadonlyMap<number, number>;
  readonly rowsReturned: number;
  readonly rowsAffected: number;
  readonly requestBytes: number;
  readonly responseBytes: number;
  readonly lostBytes: number;
  /** At least so many packets: what is missing, in segments as large as the largest that was seen of that side. */
  readonly lostPacketsMin: number;
  /** Gauge: requests waiting for their answer at the end of the second, and the age of the oldest. */
  readonly outstanding: number;
  readonly outstandingAgeMaxUs: number;
}

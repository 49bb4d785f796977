/**
 * What the store answers and analysis reads: rows of facts over a window of time. The store fills them
 * (store/questions), analysis turns them into findings, and neither knows the other.
 * Integers are exact below 2^53; times are microseconds; null is "not known" or "none".
 */
import type { ClassMeaning } from './class-meaning.ts';
import type { Histogram } from '../core/histogram.ts';
import type { ClassForecastFacts } from './class-forecast.ts';
import type { ErrorDiagnosisFacts } from './error-diagnosis.ts';
import type { BigTransactionsFacts } from './big-transactions.ts';
import type { LowTpsFacts } from './low-tps.ts';
import type { ValuePlaceFacts } from './hot-values.ts';
import type { NodeSeconds } from './node-seconds.ts';
import type { ClassSeasonFacts, SeasonFacts } from './seasons.ts';
import type { ClassCourse } from './workload-mix.ts';
import type { OpenTransactionsFacts } from './open-transactions.ts';
import type { RepetitionFacts } from './repetitions.ts';
import type { DeliveryFacts } from './slow-classes.ts';

/** fromUs inclusive, toUs exclusive. */
export interface Window {
  readonly fromUs: number;
  readonly toUs: number;
}

/** Narrows every question to a node (addresses as text, endpoint as `address:port`), or to what one collector saw. */
export interface Scope {
  readonly collector?: string;
  readonly client?: string;
  readonly server?: string;
}

/** First and last moment with any stored activity. */
export type Extent = Window | undefined;

/** Sums of activity over one step of time (see ActivitySecond for each field). */
export interface ActivityStep {
  readonly startUs: number;
  readonly stepUs: number;
  readonly requests: number;
  /**
   * Of requests: those sent at least 10 s before the end of the stored data (extent.toUs), whose fate is therefore
   * known; and of these the ones answered within 10 s (ActivitySecond.requestsAnswered of the same seconds).
   */
  readonly requestsJudged: number;
  readonly requestsJudgedAnswered: number;
  readonly answers: number;
  readonly normal: number;
  readonly errors: number;
  readonly commits: number;
  readonly rollbacks: number;
  readonly implicitTransactions: number;
  readonly emptyTransactions: number;
  readonly explicitRollbacks: number;
  readonly durationSumUs: number;
  readonly durationMaxUs: number;
  readonly durations: Histogram;
  readonly rowsReturned: number;
  readonly rowsAffected: number;
  readonly requestBytes: number;
  readonly responseBytes: number;
  readonly lostBytes: number;
  /** At least (see ActivitySecond). */
  readonly lostPacketsMin: number;
  readonly connectionsOpened: number;
  readonly connectionsClosed: number;
  readonly connectionsRefused: number;
  /** Greatest over the step of the sum over all edges in one second. */
  readonly connectionsOpenMax: number;
  readonly connectionsInTransactionMax: number;
  readonly outstandingMax: number;
  readonly outstandingAgeMaxUs: number;
}

/** The same sums over the whole window, for one client host and server endpoint. */
export interface EdgeFacts {
  readonly client: string;
  readonly server: string;
  readonly totals: Omit<ActivityStep, 'startUs' | 'stepUs'>;
}

export interface ClassFacts extends ClassMeaning {
  /** 16 hex digits; '0000000000000000' stands for all statements whose text is not known. */
  readonly fingerprint: string;
  readonly calls: number;
  readonly errors: number;
  readonly unanswered: number;
  /** Answered calls: those with a duration. */
  readonly answered: number;
  readonly durationSumUs: number;
  readonly durationMaxUs: number;
  readonly durations: Histogram;
  readonly rowsReturned: number;
  readonly rowsAffected: number;
  readonly rowsAffectedMax: number;
  readonly responseBytes: number;
  readonly firstUs: number;
  readonly lastUs: number;
}

/** One class over time: for trends. */
export interface ClassStep {
  readonly fingerprint: string;
  readonly startUs: number;
  readonly stepUs: number;
  readonly answered: number;
  readonly durationSumUs: number;
}

export interface ErrorFacts {
  readonly sqlstate: string;
  readonly errorClass: string;
  readonly count: number;
  readonly firstUs: number;
  readonly lastUs: number;
  readonly sampleMessage: string;
  /** The classes that failed most with it, most first, at most five. */
  readonly classes: readonly {
    readonly fingerprint: string;
    readonly normalized: string;
    readonly count: number;
  }[];
  readonly sessions: number;
  readonly clients: readonly string[];
}

/** One error code over time. */
export interface ErrorStep {
  readonly sqlstate: string;
  readonly startUs: number;
  readonly stepUs: number;
  readonly count: number;
}

/** A connection that was open at some moment of the window. */
export interface ChannelFacts {
  readonly sessionId: string;
  readonly protocol: string;
  readonly client: string;
  readonly clientPort: number;
  readonly server: string;
  readonly user: string | null;
  readonly database: string | null;
  readonly application: string | null;
  readonly startUs: number;
  /** null: still open when the capture ended. */
  readonly endUs: number | null;
  readonly endReason: string | null;
  /** Its end, or the end of the capture in which it was still open: until then its ages are known. */
  readonly lastSeenUs: number;
  readonly statements: number;
  readonly errors: number;
  readonly requestBytes: number;
  readonly responseBytes: number;
  readonly lostBytes: number;
  /** At least (see ActivitySecond). */
  readonly lostPacketsMin: number;
  /** Status and start of the transaction that was open when the session (or the capture) ended; null without one. */
  readonly openTransactionSinceUs: number | null;
  readonly transactionStatus: string;
  readonly encrypted: boolean;
  /** Of an encrypted channel: what is known beside its bytes; null of one whose statements are seen. */
  readonly encryption: EncryptionFacts | null;
  readonly lastStatementUs: number | null;
  readonly lastCommand: string | null;
  readonly lastNormalized: string | null;
}

/** A channel whose statements are not seen. */
export interface EncryptionFacts {
  /** EncryptedReason: no_key_log, mid_stream ...; empty when it was stored without one. */
  readonly reason: string;
  /** `TLS 1.3`, or GSS; null when the handshake was not seen. */
  readonly version: string | null;
  readonly cipherSuite: string | null;
  /** The name by which the client called the server. */
  readonly serverName: string | null;
  /** How often the server answered the client, and the times that took. */
  readonly turns: number;
  readonly turnMeanUs: number | null;
  readonly turnMaxUs: number | null;
}

/** Explicit and multi-statement transactions that ended in the window, by shape. */
export interface TransactionShapeFacts {
  readonly shape: string;
  readonly count: number;
  readonly rollbacks: number;
  readonly statementsMean: number;
  readonly rowsAffected: number;
  readonly durationSumUs: number;
  readonly durationMaxUs: number;
  /** Normalised texts of one example in order, at most eight. */
  readonly example: readonly string[];
}

export interface DdlFacts {
  readonly tsUs: number;
  readonly command: string;
  readonly statement: string;
  readonly status: string;
  readonly durationUs: number | null;
  readonly user: string | null;
  readonly database: string | null;
  readonly client: string;
  readonly server: string;
  readonly application: string | null;
}

/** Sessions events other than start and end, counted. */
export interface SessionEventFacts {
  readonly type: string;
  readonly count: number;
  readonly firstUs: number;
  readonly lastUs: number;
  /** Of the newest one. */
  readonly detail: string;
}

/** A replication stream or a base backup, as it stood last in the window. Positions are bytes of WAL. */
export interface ReplicationFacts {
  readonly sessionId: string;
  readonly server: string;
  readonly client: string;
  readonly application: string | null;
  /** physical, logical, base_backup */
  readonly mode: string | null;
  readonly slot: string | null;
  readonly firstUs: number;
  readonly lastUs: number;
  readonly ended: boolean;
  readonly sentLsn: number | null;
  readonly writeLsn: number | null;
  readonly flushLsn: number | null;
  readonly replayLsn: number | null;
  /** null: the receiver has everything, or did not say. */
  readonly writeLagUs: number | null;
  readonly flushLagUs: number | null;
  readonly replayLagUs: number | null;
  readonly replayLagMaxUs: number | null;
  /** Sent and not yet replayed. */
  readonly replayBehindBytes: number | null;
  readonly replayBehindMaxBytes: number | null;
  readonly backupBytesDone: number | null;
  readonly backupBytesTotal: number | null;
}

/** What the collector could not see, from the loads that overlap the window. */
export interface CaptureFacts {
  readonly packets: number;
  readonly bytes: number;
  readonly lostBytes: number;
  readonly gaps: number;
  readonly statementsWithFlaw: number;
  readonly unanswered: number;
  readonly unmatchedAnswers: number;
  readonly framesRefused: number;
  readonly droppedByLimit: number;
  readonly encryptedSessions: number;
  /** Connections of which the mirror showed one side only: the client, or the server. */
  readonly clientOnlySessions: number;
  readonly serverOnlySessions: number;
  /** Connections that more than one collector saw at the same time: sums over all collectors count them once for each. */
  readonly connectionsDoubled: number;
  /** Connections of one collector that are stored from several of its captures: sums count them once for each. */
  readonly connectionsLoadedTwice: number;
  /** Rows that retention dropped, in days whose times touch the window. */
  readonly rowsRetired: number;
}

/** What one of the collectors could not see; '' stands for those that had no name. */
export interface CollectorFacts
  extends Omit<CaptureFacts, 'connectionsDoubled' | 'connectionsLoadedTwice' | 'rowsRetired'> {
  readonly collector: string;
  /** First and last packet of its captures that touch the window; null when they told none. */
  readonly firstUs: number | null;
  readonly lastUs: number | null;
}

/** What the capture missed in one step of time, of one collector; steps without anything are left out. */
export interface MissedFacts {
  readonly startUs: number;
  readonly stepUs: number;
  readonly collector: string;
  readonly kernelDrops: number;
  readonly kernelFreezes: number;
  readonly lostBytes: number;
  readonly framesRefused: number;
  readonly droppedByLimit: number;
  readonly rowsLost: number;
  readonly statementsReduced: number;
}

/** A single execution, for "slowest statements" and drill-down. */
export interface ExecutionFacts {
  readonly tsUs: number;
  readonly fingerprint: string;
  readonly statement: string;
  readonly status: string;
  readonly sqlstate: string | null;
  readonly durationUs: number | null;
  readonly rowsReturned: number | null;
  readonly rowsAffected: number | null;
  readonly sessionId: string;
  readonly client: string;
  readonly server: string;
  readonly user: string | null;
  readonly database: string | null;
  /** Sets of parameters that were executed as one; null for all other statements. */
  readonly batchCount: number | null;
  /** What PREPARE, EXECUTE, DECLARE, FETCH or MOVE makes or runs; null for all others, and where it was not seen. */
  readonly source: { readonly fingerprint: string; readonly normalized: string } | null;
}

/** Everything that the report of one window needs; analysis/report.ts is a pure function of it. */
export interface WindowFacts {
  readonly window: Window;
  readonly scope: Scope;
  readonly extent: Window;
  readonly steps: readonly ActivityStep[];
  readonly edges: readonly EdgeFacts[];
  readonly classes: readonly ClassFacts[];
  readonly classSteps: readonly ClassStep[];
  /** What is usual of these classes, for each hour of the window of which enough is known. */
  readonly classSeasons: readonly ClassSeasonFacts[];
  readonly deliveries: readonly DeliveryFacts[];
  readonly repetitions: readonly RepetitionFacts[];
  readonly errors: readonly ErrorFacts[];
  readonly errorSteps: readonly ErrorStep[];
  readonly channels: readonly ChannelFacts[];
  readonly channelsCount: number;
  readonly transactionShapes: readonly TransactionShapeFacts[];
  readonly ddl: readonly DdlFacts[];
  readonly ddlCount: number;
  readonly sessionEvents: readonly SessionEventFacts[];
  readonly replication: readonly ReplicationFacts[];
  readonly slowest: readonly ExecutionFacts[];
  readonly capture: CaptureFacts;
  /** By name; every collector that stored anything about the window. */
  readonly collectors: readonly CollectorFacts[];
  /** What `nodeSeconds` covers: the window and the time before it from which the usual is learnt. */
  readonly healthWindow: Window;
  readonly nodeSeconds: readonly NodeSeconds[];
  /** What is usual in the hours of `healthWindow`, by earlier ones. */
  readonly seasons: readonly SeasonFacts[];
  /** What its servers were asked for, of the same time, or of its last three hours. */
  readonly workloadMix: readonly ClassCourse[];
  readonly classForecast: ClassForecastFacts;
  readonly openTransactions: OpenTransactionsFacts;
  readonly bigTransactions: BigTransactionsFacts;
  readonly valuePlaces: readonly ValuePlaceFacts[];
  /** In the steps of the report, by time. */
  readonly missed: readonly MissedFacts[];
  readonly errorDiagnosis: ErrorDiagnosisFacts;
  readonly lowTps: LowTpsFacts;
}

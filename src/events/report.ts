/**
 * The report of a window: what analysis finds, `report` prints, the API serves and the page shows.
 * Rates are 0 to 1, null where there was nothing to count; times are microseconds.
 */
import type {
  ChannelFacts,
  CollectorFacts,
  DdlFacts,
  ExecutionFacts,
  Scope,
  SessionEventFacts,
  Window,
  ReplicationFacts,
} from './facts.ts';
import type { ClassForecast } from './class-forecast.ts';
import type { ErrorConcern, ErrorDiagnosis } from './error-diagnosis.ts';
import type { BigTransactions } from './big-transactions.ts';
import type { HotValueRow } from './hot-values.ts';
import type { Finding } from './finding.ts';
import type { HealthInterval } from './health.ts';
import type { OpenTransactions } from './open-transactions.ts';
import type { Incident } from './incidents.ts';
import type { LowTps } from './low-tps.ts';
import type { RepetitionRow } from './repetitions.ts';
import type { QueryClusters } from './query-clusters.ts';
import type { SlowClasses } from './slow-classes.ts';
import type { HighlightPart } from './sentence.ts';

export type { HighlightPart } from './sentence.ts';

/** One step of the time lines. */
export interface SeriesPoint {
  readonly startUs: number;
  readonly tps: number;
  readonly commits: number;
  readonly rollbacks: number;
  readonly requests: number;
  readonly answers: number;
  readonly errors: number;
  /** P1, P2; null in a step without answers or requests. */
  readonly yield: number | null;
  readonly responseRate: number | null;
  /** P6; null in a step without answers. */
  readonly responseTimeMeanUs: number | null;
  readonly responseTimeP50Us: number | null;
  readonly responseTimeP95Us: number | null;
  readonly responseTimeP99Us: number | null;
  readonly responseTimeMaxUs: number | null;
  readonly connectionsOpen: number;
  readonly connectionsInTransaction: number;
  readonly outstanding: number;
  readonly requestBytes: number;
  readonly responseBytes: number;
  readonly lostBytes: number;
  readonly lostPacketsMin: number;
}

export interface ResponseTimes {
  readonly meanUs: number | null;
  readonly p50Us: number | null;
  readonly p95Us: number | null;
  readonly p99Us: number | null;
  readonly maxUs: number | null;
}

/** P1 to P6 over the whole window. */
export interface Overview {
  readonly requests: number;
  readonly answers: number;
  readonly normal: number;
  readonly errors: number;
  readonly unanswered: number;
  readonly yield: number | null;
  /** Yield that blames only errors whose concern is the database or its operation, not the application's own. */
  readonly databaseYield: number | null;
  readonly responseRate: number | null;
  readonly abnormalShare: number | null;
  readonly transactions: number;
  readonly commits: number;
  readonly rollbacks: number;
  /** Of rollbacks: of transactions that BEGIN opened and that ran a statement; the only ones in the rollback rate. */
  readonly explicitRollbacks: number;
  /** Of transactions: single statements that the server committed or rolled back by itself. */
  readonly implicitTransactions: number;
  readonly rollbackRate: number | null;
  readonly tpsMean: number;
  readonly tpsMax: number;
  readonly responseTime: ResponseTimes;
  readonly rowsReturned: number;
  readonly rowsAffected: number;
  readonly requestBytes: number;
  readonly responseBytes: number;
  readonly connectionsOpenMax: number;
}

/** A trend of a class's mean response time, shown only where a test finds one. */
export interface Trend {
  /** Relative change per hour: 0.1 is ten percent longer each hour. */
  readonly changePerHour: number;
  readonly pValue: number;
}

/** P8, R2: one class of statements. */
export interface ClassRow {
  readonly rank: number;
  readonly fingerprint: string;
  readonly normalized: string;
  readonly command: string;
  readonly kind: string;
  readonly tables: readonly string[];
  readonly calls: number;
  readonly errors: number;
  readonly unanswered: number;
  /** Of the response time of all statements of the window. */
  readonly shareOfTime: number | null;
  readonly durationSumUs: number;
  readonly responseTime: ResponseTimes;
  readonly rowsReturned: number;
  readonly rowsAffected: number;
  readonly rowsAffectedMax: number;
  readonly responseBytes: number;
  readonly trend: Trend | null;
}

/** P3, R1: one error code. */
export interface ErrorRow {
  readonly sqlstate: string;
  readonly errorClass: string;
  /** In plain words: what this class of error means. */
  readonly meaning: string;
  /** Whose business it is: the application, the database, or a consequence of an earlier error. */
  readonly concern: ErrorConcern;
  readonly count: number;
  /** Of all errors, and of all answers. */
  readonly shareOfErrors: number;
  readonly shareOfAnswers: number | null;
  readonly firstUs: number;
  readonly lastUs: number;
  readonly sampleMessage: string;
  readonly classes: readonly {
    readonly fingerprint: string;
    readonly normalized: string;
    readonly count: number;
  }[];
  readonly sessions: number;
  readonly clients: readonly string[];
  /** Counts in the steps of the report's series. */
  readonly overTime: readonly number[];
}

export interface NodeRow {
  readonly node: string;
  /** What people call it; null where nobody named it. */
  readonly name: string | null;
  /** Who talks there, of the channels that the report lists: at most five of each, those with the most statements. */
  readonly applications: readonly string[];
  readonly users: readonly string[];
  readonly role: 'client' | 'server';
  readonly requests: number;
  readonly answers: number;
  readonly errors: number;
  readonly yield: number | null;
  readonly responseRate: number | null;
  readonly tps: number;
  readonly rollbackRate: number | null;
  readonly responseTime: ResponseTimes;
  readonly connectionsOpenMax: number;
}

export interface TransactionShapeRow {
  readonly shape: string;
  readonly count: number;
  readonly rollbacks: number;
  readonly statementsMean: number;
  readonly rowsAffected: number;
  readonly durationMeanUs: number;
  readonly durationMaxUs: number;
  readonly example: readonly string[];
}

export interface CaptureQuality {
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
  readonly clientOnlySessions: number;
  readonly serverOnlySessions: number;
  readonly connectionsDoubled: number;
  readonly connectionsLoadedTwice: number;
  readonly rowsRetired: number;
  /** One sentence: what this report therefore does not know. */
  readonly verdict: string;
  readonly complete: boolean;
}

export type MissedKind =
  | 'kernel_drops'
  | 'kernel_freezes'
  | 'lost_bytes'
  | 'frames_refused'
  | 'limits'
  | 'rows_lost'
  | 'reduced';

/** One thing that the capture of one collector missed without a break. */
export interface MissedPeriod extends Window {
  readonly collector: string;
  readonly kind: MissedKind;
  /** Packets, freezes, bytes, messages, rows or statements, by the kind. */
  readonly count: number;
  /** What was missed, without its time. */
  readonly parts: readonly HighlightPart[];
}

/** What one collector missed. */
export interface CollectorRow extends CollectorFacts {
  readonly verdict: string;
  readonly complete: boolean;
}

export type HighlightTopic =
  | 'health'
  | 'load'
  | 'errors'
  | 'response'
  | 'transactions'
  | 'trend'
  | 'ddl'
  | 'logins'
  | 'capture';

/** One thing that stands out in the window; the parts joined (texts carry their own spaces) make one sentence. */
export interface Highlight {
  readonly severity: 'info' | 'notice' | 'warning';
  readonly topic: HighlightTopic;
  readonly parts: readonly HighlightPart[];
}

export interface Report {
  readonly formatVersion: 1;
  readonly window: Window;
  readonly extent: Window;
  readonly scope: Scope;
  readonly stepUs: number;
  /** What stands out, most severe first, at most six. */
  readonly highlights: readonly Highlight[];
  readonly overview: Overview;
  readonly series: readonly SeriesPoint[];
  /** What people call the nodes, by address; those that nobody named are left out. */
  readonly names: Readonly<Record<string, string>>;
  readonly nodes: readonly NodeRow[];
  /** By total time, most first. */
  readonly expensive: readonly ClassRow[];
  /** By mean response time, longest first. */
  readonly slow: readonly ClassRow[];
  /** By rows affected, most first. */
  readonly writers: readonly ClassRow[];
  readonly slowest: readonly ExecutionFacts[];
  readonly errors: readonly ErrorRow[];
  readonly transactionShapes: readonly TransactionShapeRow[];
  readonly channels: readonly ChannelFacts[];
  readonly channelsCount: number;
  readonly ddl: readonly DdlFacts[];
  readonly ddlCount: number;
  readonly sessionEvents: readonly SessionEventFacts[];
  /** By their greatest replay lag, greatest first. */
  readonly replication: readonly ReplicationFacts[];
  readonly capture: CaptureQuality;
  readonly collectors: readonly CollectorRow[];
  /** H1 to H6: the states of the nodes in the window, worst nodes first, each node's in order of time. */
  readonly health: readonly HealthInterval[];
  /** P8: where the important classes go, most response time first. */
  readonly classForecast: readonly ClassForecast[];
  /** What is not well by the plain definitions of H1 to H5, to be read beside; at most 200. */
  readonly plainHealth: readonly HealthInterval[];
  /** F1: values that stand out, contended ones first. */
  readonly hotValues: readonly HotValueRow[];
  /** What every analyzer found, the most severe first. */
  readonly findings: readonly Finding[];
  /** Findings that belong together, as stories; the most severe first. */
  readonly incidents: readonly Incident[];
  /** D3, P7. */
  readonly openTransactions: OpenTransactions;
  /** D4. */
  readonly bigTransactions: BigTransactions;
  /** By time, the first hundred; what was missed, when. */
  readonly missed: readonly MissedPeriod[];
  readonly missedCount: number;
  /** D1: what is behind failed statements. */
  readonly errorDiagnosis: ErrorDiagnosis;
  /** D2: when TPS was low, and whose doing it was. */
  readonly lowTps: LowTps;
  /** D5: classes slower than the mean. */
  readonly slowClasses: SlowClasses;
  /** D5: lists whose rows are asked for one by one. */
  readonly repetitions: readonly RepetitionRow[];
  /** F2: what queries ask for, by clusters. */
  readonly queryClusters: QueryClusters;
}

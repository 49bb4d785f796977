/**
 * D1, what is behind failed statements and refused logins: errors by cause on each database node, with the failures that only followed from
 * them, and what is new or comes in a burst. What the store answers (Facts), and what the report tells of it.
 */

/** Whose business an error is: the application, the database, its operation, or a consequence of an earlier error. */
export type ErrorConcern = 'application' | 'database' | 'operation' | 'follow_on';

/** A minute in which it happened; minutes without any are left out. */
export interface MinuteCount {
  readonly startUs: number;
  readonly count: number;
}

/** One code with one root-cause class on one database node. */
export interface ErrorCauseFacts {
  /** address:port */
  readonly server: string;
  readonly sqlstate: string;
  readonly errorClass: string;
  /** Statements that failed with it, and refused logins; statements that it made fail later in their transaction are not in it. */
  readonly count: number;
  /** Statements that the server ignored because this error had ended their transaction. */
  readonly followOn: number;
  /** Of count: logins that the server refused with it. */
  readonly logins: number;
  /** Of count: those for which a client's request to cancel was seen while they ran. */
  readonly cancelRequested: number;
  readonly firstUs: number;
  readonly lastUs: number;
  /** When the store saw it for the first time on this node, as far back as it remembers. */
  readonly firstSeenUs: number;
  readonly sessions: number;
  /** Session ids of those that met it most, at most ten. */
  readonly channels: readonly string[];
  /** At most twenty. */
  readonly clients: readonly string[];
  readonly applications: readonly string[];
  /** The classes that failed most with it, most first, at most five. */
  readonly classes: readonly {
    readonly fingerprint: string;
    readonly normalized: string;
    readonly tables: readonly string[];
    readonly count: number;
  }[];
  /** The first one in the window. */
  readonly example: {
    readonly tsUs: number;
    readonly sessionId: string;
    readonly client: string;
    readonly message: string;
  };
  /** In the judged minutes and the history before them. */
  readonly minutes: readonly MinuteCount[];
}

export interface ErrorDiagnosisFacts {
  /** From here to the end of the window minutes are told; before `judgedFromUs` they are history only. */
  readonly historyFromUs: number;
  readonly judgedFromUs: number;
  /** Answers of each node by minute: a minute without a row is one in which the node was silent. */
  readonly answers: readonly (MinuteCount & { readonly server: string })[];
  readonly causes: readonly ErrorCauseFacts[];
}

/** A stretch of minutes in which a code came more often than its own past explains. */
export interface ErrorBurst {
  readonly fromUs: number;
  readonly toUs: number;
  readonly count: number;
  /** Of its fullest minute: how many came, how many usually come, and how many would have been too many. */
  readonly minuteCount: number;
  readonly usualPerMinute: number;
  readonly threshold: number;
}

/** A transaction that statements probably waited for until they failed (see OpenTransactionRow.gaveUp). */
export interface ErrorHolder {
  readonly sessionId: string;
  readonly client: string;
  readonly clientPort: number;
  /** Its application, else its user. */
  readonly name: string | null;
  readonly sinceUs: number;
  /** null: still open when last seen. */
  readonly endUs: number | null;
  /** Of the failures. */
  readonly count: number;
}

export interface ErrorCauseRow extends Omit<ErrorCauseFacts, 'minutes'> {
  readonly meaning: string;
  readonly concern: ErrorConcern;
  /** One sentence: what to do about errors of this class. */
  readonly advice: string;
  /** count and followOn, of all failures of the window. */
  readonly shareOfFailures: number;
  /** count, of the node's answers in the judged minutes; null when it gave none, and for logins, which are no answers. */
  readonly shareOfAnswers: number | null;
  /** Tables of the classes, each once. */
  readonly tables: readonly string[];
  /** Its first time falls into the window, and the store remembers long enough before it to say so. */
  readonly isNew: boolean;
  readonly bursts: readonly ErrorBurst[];
  /** Of errors that a wait ends with: the transactions that were probably waited for; most failures first, at most three. */
  readonly holders: readonly ErrorHolder[];
}

export interface ErrorDiagnosis {
  /** Failed statements, those that only followed among them, and refused logins. */
  readonly failures: number;
  /** Of them: refused logins. */
  readonly logins: number;
  readonly followOn: number;
  /** Distinct codes, those that only follow left out. */
  readonly codes: number;
  /** Failures whose code the taxonomy does not know. */
  readonly unclassified: number;
  readonly unclassifiedShare: number | null;
  /** Too little is stored from before the window to say what is new or a burst. */
  readonly learning: boolean;
  /** Most failures first, at most fifty. */
  readonly causes: readonly ErrorCauseRow[];
  readonly causesCount: number;
}

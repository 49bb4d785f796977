/**
 * D3 and P7: transactions that are open at the end of a window, and those that were open long in it. What the store
 * answers (Facts) and what the report shows (Row).
 */
import type {
  ClassText,
  StatementStepFacts,
  StepTimesFacts,
  TransactionTypeFacts,
  TransactionTypeName,
} from './transaction-types.ts';

/** Open for longer than this is long, whatever its type: no person waits half a minute for one step of a dialogue. */
export const LONG_TRANSACTION_US = 30_000_000;

/** One transaction with BEGIN, as it stood at `asOfUs`. */
export interface OpenTransactionFacts {
  readonly sessionId: string;
  readonly client: string;
  readonly clientPort: number;
  readonly server: string;
  readonly user: string | null;
  readonly database: string | null;
  readonly application: string | null;
  /** Bytes of the session were lost: its end may have been among them. */
  readonly torn: boolean;
  readonly sinceUs: number;
  /** The moment for which the rest holds: its end when that lies in the window, else the end of the window or capture. */
  readonly asOfUs: number;
  /** When it ended, be it behind the window; null: it was still open when last seen. */
  readonly endUs: number | null;
  readonly outcome: 'commit' | 'rollback' | null;
  /** Those told until asOfUs; BEGIN is not counted. */
  readonly statements: number;
  readonly rowsAffected: number;
  /** Of statements other than BEGIN: sent last, and when its answer ended; null without one, or without an answer. */
  readonly lastStatementUs: number | null;
  readonly lastAnswerUs: number | null;
  /** When its COMMIT or ROLLBACK was sent; null while it is open, or where it ended without. */
  readonly endAskedUs: number | null;
  readonly lastFingerprint: string | null;
  /** A request is being worked on; null: not known (of what is not answered yet nothing is stored). */
  readonly working: boolean | null;
  /** Fingerprints as they were run: all of them, or the first and the last hundred. */
  readonly sequence: readonly string[];
  /** Statements at the end of `sequence` that had no answer at asOfUs; and when the one before them, or BEGIN, was answered. */
  readonly unanswered: number;
  readonly answeredUs: number | null;
  /** That others were waiting at asOfUs for at least a second, on the same server; with what they asked. */
  readonly waiting: readonly WaitingFacts[];
}

/** What it has run and been answered. */
export function answeredStatements({
  sequence,
  unanswered,
}: Pick<OpenTransactionFacts, 'sequence' | 'unanswered'>): readonly string[] {
  return unanswered === 0 ? sequence : sequence.slice(0, -unanswered);
}

export interface WaitingFacts {
  readonly sessionId: string;
  /** Host. */
  readonly client: string;
  readonly fingerprint: string;
  readonly sinceUs: number;
}

/**
 * Statements of one class and host that failed in the window since they had waited too long: for a lock, or for longer than
 * a statement may take (then for a second or more).
 */
export interface GaveUpFacts {
  /**
   * The transactions that were open on its server from before they were sent until they had failed, but their own: places in
   * `open`, and behind those in `ended`. At least one; whether they waited for one of them, their tables must tell.
   */
  readonly during: readonly number[];
  /** Host. */
  readonly client: string;
  readonly fingerprint: string;
  readonly sqlstate: string;
  /** It says itself that it waited for a lock, and not only that it took too long. */
  readonly forLock: boolean;
  readonly count: number;
  /** From being sent to having failed. */
  readonly longestUs: number;
}

/** A transaction that was longer than LONG_TRANSACTION_US, or is so far. */
export interface LongTransactionFacts {
  readonly sinceUs: number;
  /** null: still open when last seen. */
  readonly endUs: number | null;
  readonly type: string;
}

export interface OpenTransactionsFacts {
  readonly asOfUs: number;
  /** Open at asOfUs for a second or more, the oldest first, at most fifty. */
  readonly open: readonly OpenTransactionFacts[];
  readonly openCount: number;
  /**
   * Long ones that ended in the window, the longest first, at most twenty; behind them, at most twenty as well, those of five seconds
   * and more that others may have waited for.
   */
  readonly ended: readonly OpenTransactionFacts[];
  readonly endedCount: number;
  /** Most first, at most a thousand. */
  readonly gaveUp: readonly GaveUpFacts[];
  /** All that were long in the window, ended or not, at most five thousand. */
  readonly long: readonly LongTransactionFacts[];
  /** What was usual until asOfUs; empty when nothing is open or long. */
  readonly types: readonly TransactionTypeFacts[];
  readonly steps: readonly StatementStepFacts[];
  readonly stepTimes: readonly StepTimesFacts[];
  readonly classes: readonly ClassText[];
}

export interface NextStatement {
  /** null: COMMIT or ROLLBACK. */
  readonly fingerprint: string | null;
  readonly text: string;
  readonly probability: number;
}

export interface ResembledType extends TransactionTypeName {
  /** 0 to 1: of the statements so far, how well they agree with the beginning of the type. */
  readonly similarity: number;
  /** Of the transactions that begin like this one, those of types like this. */
  readonly share: number;
}

/** Of those that stood where it stands: when half of them had ended, and eight of ten. */
export interface TimeLeft {
  readonly lowUs: number;
  readonly medianUs: number;
  readonly highUs: number;
}

export interface OpenTransactionRow
  extends Omit<
    OpenTransactionFacts,
    'sequence' | 'unanswered' | 'answeredUs' | 'waiting' | 'lastFingerprint'
  > {
  readonly ageUs: number;
  /** The age from which it is long, and whether it is. */
  readonly thresholdUs: number;
  readonly long: boolean;
  readonly lastFingerprint: string | null;
  readonly lastText: string | null;
  /** null: like nothing that is known. */
  readonly resembles: ResembledType | null;
  /** Most probable first, at most three; empty of ended ones, and where no guess is better than 0.3. */
  readonly next: readonly NextStatement[];
  /** That it commits at last, by those that stood where it stands; null where that tells no more than commitUsual. */
  readonly commitProbability: number | null;
  /** The share of all transactions of its server that commit; null where none is known. */
  readonly commitUsual: number | null;
  /** null where fewer than ten stood where it stands for as long. */
  readonly timeLeft: TimeLeft | null;
  /** D4: that it becomes big (big-transactions.ts), given its type and the rows so far; null with fewer than fifty known. */
  readonly bigProbability: number | null;
  readonly waitingCount: number;
  /** At most ten, the longest wait first. */
  readonly waiting: readonly (WaitingFacts & { readonly text: string })[];
  /** Statements of others that failed in the window since they had waited too long, probably for it. */
  readonly gaveUpCount: number;
  /** Most first, at most a thousand of all transactions. */
  readonly gaveUp: readonly (Omit<GaveUpFacts, 'during' | 'forLock'> & {
    readonly text: string;
  })[];
}

/** P7: one step of the time lines. */
export interface OpenTransactionPoint {
  readonly startUs: number;
  /** At the end of the step, older than LONG_TRANSACTION_US. */
  readonly longCount: number;
  readonly oldestSinceUs: number | null;
  /** Of the oldest; null: not known, as of one that never ended. */
  readonly oldestType: string | null;
}

export interface OpenTransactions {
  readonly asOfUs: number;
  readonly openCount: number;
  /** Of all that are open. */
  readonly longCount: number;
  readonly open: readonly OpenTransactionRow[];
  readonly endedCount: number;
  /** The long ones, then those that were not long and that others waited for. */
  readonly ended: readonly OpenTransactionRow[];
  /** Steps in which any was long. */
  readonly course: readonly OpenTransactionPoint[];
}

/**
 * D4: statements and transactions that change very much at once. What the store answers (Facts) and what the report
 * shows (Row).
 */
import type { Histogram } from '../core/histogram.ts';
import type { ClassText, TransactionTypeFacts, TransactionTypeName } from './transaction-types.ts';

/**
 * From when a statement or a transaction is big. Rows: what fills a log, holds row locks and delays replicas noticeably
 * (research on big transactions); statements: an application's loop that should be a set operation; time: locks that
 * long are seen by everybody. A server whose transactions are all small has an earlier limit: the rows that all but one
 * in a thousand of them stayed under, never below `rowsLeast`.
 */
export const BIG = { rows: 10_000, rowsLeast: 1_000, statements: 1_000, durationUs: 60_000_000 };

/** A class with executions of more than BIG.rowsLeast rows in the window. */
export interface BigClassFacts {
  readonly fingerprint: string;
  readonly server: string;
  /** In the window, answered or not. */
  readonly executions: number;
  readonly rowsAffected: number;
  readonly rowsAffectedMax: number;
  /** Executions with more than BIG.rows rows; and those with more than BIG.rowsLeast, by bucket of core/histogram.ts. */
  readonly bigCount: number;
  readonly spread: Histogram;
  /** Mean rows of an execution in the seven days before the window; null when there was none. */
  readonly rowsMeanBefore: number | null;
}

/** Transactions of one type in the window. */
export interface BigTypeFacts {
  readonly type: string;
  readonly server: string;
  readonly statements: readonly string[];
  readonly transactions: number;
  readonly rowsAffected: number;
  readonly rowsAffectedMax: number;
  readonly bigRowsCount: number;
  readonly spread: Histogram;
  readonly manyStatementsCount: number;
  readonly longCount: number;
  /** The largest one. */
  readonly sessionId: string;
  readonly largestUs: number;
}

export interface BigTransactionsFacts {
  readonly classes: readonly BigClassFacts[];
  readonly types: readonly BigTypeFacts[];
  /** Of whole hours before the window. */
  readonly before: readonly TransactionTypeFacts[];
  readonly texts: readonly ClassText[];
}

export interface BigClassRow {
  readonly fingerprint: string;
  readonly text: string;
  readonly server: string;
  readonly rowsThreshold: number;
  readonly executions: number;
  readonly bigCount: number;
  readonly bigShare: number;
  /** Surely (95 %) more than this share. */
  readonly bigShareLeast: number;
  readonly rowsAffected: number;
  readonly rowsAffectedMax: number;
  readonly rowsMeanBefore: number | null;
  /** The share is beyond the alert level. */
  readonly alert: boolean;
  /** Types of transactions that contain it, the most frequent first, at most five. */
  readonly types: readonly (TransactionTypeName & { readonly transactions: number })[];
}

export interface BigTypeRow extends TransactionTypeName {
  readonly server: string;
  readonly transactions: number;
  readonly rowsThreshold: number;
  /** Beyond the threshold of rows, of statements, of time. */
  readonly bigRowsCount: number;
  readonly manyStatementsCount: number;
  readonly longCount: number;
  readonly rowsAffected: number;
  readonly rowsAffectedMax: number;
  /** Of all rows that transactions changed in the window. */
  readonly shareOfRows: number;
  /** In the seven days before: transactions, and those of them with rows beyond the threshold. */
  readonly transactionsBefore: number;
  readonly bigRowsBefore: number;
  readonly sessionId: string;
  readonly largestUs: number;
}

/** How much more often a class stands in big transactions than in all. */
export interface BigRelation {
  readonly fingerprint: string;
  readonly text: string;
  readonly server: string;
  readonly transactions: number;
  readonly bigCount: number;
  /** P(class | big) / P(class). */
  readonly lift: number;
  /** Of a G-test of independence with one degree of freedom. */
  readonly pValue: number;
}

export interface BigTransactions {
  readonly classes: readonly BigClassRow[];
  readonly types: readonly BigTypeRow[];
  readonly relations: readonly BigRelation[];
}

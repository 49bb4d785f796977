/**
 * Types of transactions: the sequence of statement classes between BEGIN and COMMIT or ROLLBACK, loops collapsed
 * (core/loops.ts). The store counts them by the hour; diagnoses compare open transactions with them.
 */
import type { Histogram } from '../core/histogram.ts';
import type { ClassMeaning } from './class-meaning.ts';

/** Statements before the next that are told from each other; more told nothing more (research on TPC-C). */
export const CONTEXT_MAX = 4;
/** Hex digits: a context is fingerprints, one behind the other. */
export const FINGERPRINT_SIZE = 16;

/** What the transactions of one type on one server did before some moment. */
export interface TransactionTypeFacts {
  /** 16 hex digits. */
  readonly type: string;
  readonly server: string;
  /** Fingerprints of its statements in order, loops collapsed; at most 256. */
  readonly statements: readonly string[];
  readonly transactions: number;
  readonly rollbacks: number;
  readonly statementsCount: number;
  readonly rowsAffected: number;
  readonly rowsAffectedMax: number;
  readonly durationSumUs: number;
  readonly durationMaxUs: number;
  readonly durations: Histogram;
  /** Transactions by the rows that each affected, in the same buckets. */
  readonly rowsSpread: Histogram;
}

/** How often one statement, COMMIT or ROLLBACK came behind others on one server. */
export interface StatementStepFacts {
  readonly server: string;
  /** At most four fingerprints, oldest first, nothing between; fewer than four: from the beginning of the transaction. */
  readonly context: string;
  /** A fingerprint, `commit` or `rollback`. */
  readonly next: string;
  /** Times, those of a day ago counted half. */
  readonly weight: number;
}

/**
 * How long transactions with BEGIN stayed at one point of their steps until the next, and what was left to them until
 * their end, by those that have ended. A loop counts each of its turns.
 */
export interface StepTimesFacts extends Pick<StatementStepFacts, 'server' | 'context' | 'next'> {
  readonly commits: number;
  /** From the answer of the last statement of `context` to that of `next`. */
  readonly stays: Histogram;
  /** From the answer of the last statement of `context` to that of COMMIT or ROLLBACK. */
  readonly lefts: Histogram;
}

/** What a fingerprint stands for, as far as a sentence about it needs it. */
export interface ClassText
  extends Pick<ClassMeaning, 'normalized' | 'command' | 'kind' | 'tables'> {
  readonly fingerprint: string;
}

/** A type as a person reads it. */
export interface TransactionTypeName {
  readonly type: string;
  /** `SELECT customer, UPDATE district, 9 more` */
  readonly text: string;
}

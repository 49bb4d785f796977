/** D5, classes slower than the databases' mean: how much time they cost beyond it, and what can be seen of why. */
import type { Evidence } from './health.ts';
import type { UsualHour } from './seasons.ts';

export type SlowSign =
  /** Its answers are large. */
  | 'large_result'
  /** A writer whose executions are of two kinds, short and long, on a table that is written by others or itself at once. */
  | 'lock_like'
  /** A reader whose executions are of two kinds: what is asked for decides. */
  | 'parameter_dependent'
  /** From one moment on it takes longer, and the others do not: like another plan. */
  | 'sudden_change'
  /** The rows of its large answers arrive slowly once the first is there: as when the client does not read. */
  | 'slow_fetch'
  /** It takes longer when more is asked of the databases at once. */
  | 'queue_bound'
  /** LIKE with a pattern that begins with a wildcard: no index helps. */
  | 'leading_wildcard'
  /** No WHERE and no LIMIT. */
  | 'no_predicate'
  | 'select_star';

/** How the rows of a class's large answers arrive, in the newest minutes in which it ran. */
export interface DeliveryFacts {
  readonly fingerprint: string;
  readonly executions: number;
  /** From the request to the first byte of the answer, and from there to its end. */
  readonly firstSumUs: number;
  readonly deliverySumUs: number;
  readonly bytes: number;
}

export interface SlowClassRow {
  readonly fingerprint: string;
  readonly normalized: string;
  readonly tables: readonly string[];
  readonly answered: number;
  readonly meanUs: number;
  /** What its executions took beyond as many average ones. */
  readonly excessUs: number;
  /** Of the response time of all classes. */
  readonly shareOfTime: number;
  /** Probability of such a mean by chance, at least 1e-7. */
  readonly pValue: number;
  readonly signs: readonly { readonly sign: SlowSign; readonly evidence: readonly Evidence[] }[];
  /** When it changed suddenly; null when it did not. */
  readonly changedUs: number | null;
  /** What it takes in hours like that of its change, else of its last execution; null when too few are known. */
  readonly usual: UsualHour | null;
}

export interface SlowClasses {
  /** Of all answered statements; null without any. */
  readonly meanUs: number | null;
  /** By share of time, most first, at most thirty. */
  readonly classes: readonly SlowClassRow[];
  readonly classesCount: number;
}

/** F1, the values that executions are given: what the store answers, and the rows that the report shows. */

/** A value that comes often, by its keyed hash. */
export interface ValueFacts {
  /** 16 hex digits; equal values of one collector have equal ones. */
  readonly hash: string;
  /** What may be shown of it; '' when nothing may. */
  readonly shown: string;
  /** At least so many executions had it. */
  readonly calls: number;
  /** Most executions with it under way at once, of those that took long, and the time in which three or more were. */
  readonly waitingMax: number;
  readonly contendedUs: number;
}

/** One place of a class: a parameter, or a literal of its text. */
export interface ValuePlaceFacts {
  readonly fingerprint: string;
  readonly normalized: string;
  readonly kind: string;
  readonly tables: readonly string[];
  readonly server: string;
  /** `$1`: the first parameter; `?2`: the second literal of the normalised text. */
  readonly place: string;
  /** Executions with a value there; estimated where not all were looked at. */
  readonly calls: number;
  readonly looked: number;
  /** Different values in the minute that had most. */
  readonly distinct: number;
  /** Greatest rank correlation of its integers with time within a minute, 0 to 1. */
  readonly order: number;
  /** Of those looked at: values that begin with `%`. */
  readonly leadingWildcards: number;
  /** Most calls first, at most 32. */
  readonly values: readonly ValueFacts[];
  readonly firstUs: number;
  readonly lastUs: number;
}

export type HotValueKind =
  /** Three or more executions that write or lock waited on one value at once. */
  | 'contended'
  /** One value has a far greater share than its like. */
  | 'hot'
  /** Nearly all writes go to one value. */
  | 'single'
  /** Each new row has a higher value than the ones before: all are written at one end. */
  | 'append';

export interface HotValueRow {
  readonly kind: HotValueKind;
  readonly fingerprint: string;
  readonly normalized: string;
  readonly server: string;
  readonly place: string;
  readonly calls: number;
  readonly looked: number;
  readonly distinct: number;
  /** The value concerned: its hash, what may be shown, its share; null of what is about no single value. */
  readonly hash: string | null;
  readonly shown: string;
  readonly share: number | null;
  readonly waitingMax: number;
  readonly contendedUs: number;
  /** Exponent of Zipf's law that fits the frequent values; null for fewer than five of them. 0: all alike. */
  readonly zipf: number | null;
  readonly firstUs: number;
  readonly lastUs: number;
}

/** What each server was asked for, minute by minute: by this a changed workload is told from a slower database. */

/** One class on one server; '' stands for all that are not among its heaviest. */
export interface ClassCourse {
  readonly node: string;
  readonly fingerprint: string;
  /** The minutes with answers, in order of time, and of each how many and how long they took in sum. */
  readonly minutesUs: readonly number[];
  readonly answered: readonly number[];
  readonly durationSumsUs: readonly number[];
}

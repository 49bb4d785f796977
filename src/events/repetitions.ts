/** N+1: a SELECT gives a list, and the session asks for each of its rows by itself. */

/** Of a window: how often a host ran one class again and again right behind another. */
export interface RepetitionFacts {
  readonly client: string;
  readonly server: string;
  readonly leadingFingerprint: string;
  readonly leadingNormalized: string;
  readonly fingerprint: string;
  readonly normalized: string;
  /** Runs of five executions and more, without a pause of 100 ms. */
  readonly runs: number;
  /** Of them: with as many executions as the list had rows, or up to a fifth fewer. The rest is of these. */
  readonly matchedRuns: number;
  readonly executions: number;
  readonly executionsMax: number;
  readonly durationSumUs: number;
  /** From the first request of each run to its last answer: what the list took longer because of it. */
  readonly elapsedSumUs: number;
  /** Whole minutes. */
  readonly firstUs: number;
  readonly lastUs: number;
}

export interface RepetitionRow extends RepetitionFacts {
  /** Executions of an average run. */
  readonly lengthMean: number;
  /** Of the requests, and of the response time, of the host at this database. */
  readonly shareOfRequests: number;
  readonly shareOfTime: number;
}

/** From when on D5 calls a class slow, and what it needs to see a sign; each with the reason of its default. */

export interface SlowClassesSettings {
  /** Fewer executions have no mean worth comparing (research: Welch's test from 30 on). */
  readonly answeredMin: number;
  /** One-sided: of a thousand classes that are like the others, one is told. */
  readonly pValueMax: number;
  /** Classes that take less of the time are left out: a millisecond a day helps nobody. */
  readonly shareMin: number;
  /** Bytes of an average answer: 64 KiB are 45 packets of Ethernet. */
  readonly largeBytes: number;
  /** Two kinds of executions: so much longer the long ones are ... */
  readonly apartFactor: number;
  /** ... each with this share of all. */
  readonly apartShare: number;
  /** A sudden change: so many times as long as before, ... */
  readonly changeFactor: number;
  /** ... by this much at least, */
  readonly changeFloorUs: number;
  /** ... with so many steps before and after it, */
  readonly changeStepsMin: number;
  /** ... while all others together did not get longer by this factor: or it is the database. */
  readonly othersFactor: number;
  /** ... or while it made this share of all the time that came on top: nine tenths leave no doubt whose change it was. */
  readonly aloneShare: number;
  /**
   * ... or while it grew by so many times what the others grew by, both as a multiple and in time an execution: a network
   * adds the same to all, a busy machine multiplies all, and neither, nor both together, does that to one class.
   */
  readonly aloneFactor: number;
  /** Slow fetch: executions with large answers that were looked at, ... */
  readonly fetchExecutionsMin: number;
  /** ... whose rows arrive for this share of the response time, ... */
  readonly fetchShare: number;
  /** ... and for so long, ... */
  readonly fetchFloorUs: number;
  /** ... and with no more bytes a second: a server and a network of a gigabit bring ten times as many. */
  readonly fetchBytesPerSecondMax: number;
  /** Queueing: steps with enough executions, ... */
  readonly queueStepsMin: number;
  /** ... of which the busiest third has so many times the requests of the quietest, ... */
  readonly queueRateFactor: number;
  /** ... takes so many times as long, ... */
  readonly queueTimeFactor: number;
  /** ... with so many executions under way at once: below there is nobody to wait for, ... */
  readonly queueUnderWayMin: number;
  /** ... while the time of the quietest third is the same in both halves of the window within this factor, ... */
  readonly queueAloneFactor: number;
  /** ... and the time goes with the requests (rank correlation; research: 0.6). */
  readonly queueCorrelationMin: number;
  /** ... more than two series do that wander by themselves: with the other conditions none in 45,000 hours of noise (false-queues.ts). */
  readonly queuePValueMax: number;
  /** Leading wildcard: this share of the values that are given begins with `%`. */
  readonly wildcardShare: number;
  /** N+1: so many runs, one might be chance, ... */
  readonly repetitionRunsMin: number;
  /** ... of those behind the list this share has as many executions as it has rows: else something else decides, ... */
  readonly repetitionMatchedShare: number;
  /** ... of so many executions on average: a join saves all but one of their round trips, ... */
  readonly repetitionLengthMin: number;
  /** ... and they are this share of what the host asks of the database, by number or by time. */
  readonly repetitionShareMin: number;
}

export const defaultSlowClassesSettings: SlowClassesSettings = {
  answeredMin: 30,
  pValueMax: 0.001,
  shareMin: 0.01,
  largeBytes: 65_536,
  apartFactor: 8,
  apartShare: 0.1,
  changeFactor: 2,
  changeFloorUs: 1_000,
  changeStepsMin: 5,
  othersFactor: 1.3,
  aloneShare: 0.9,
  aloneFactor: 10,
  fetchExecutionsMin: 10,
  fetchShare: 0.8,
  fetchFloorUs: 10_000,
  fetchBytesPerSecondMax: 10_000_000,
  queueStepsMin: 20,
  queueRateFactor: 1.5,
  queueTimeFactor: 2,
  queueUnderWayMin: 2,
  queueAloneFactor: 1.5,
  queueCorrelationMin: 0.6,
  queuePValueMax: 0.01,
  wildcardShare: 0.5,
  repetitionRunsMin: 10,
  repetitionMatchedShare: 0.8,
  repetitionLengthMin: 8,
  repetitionShareMin: 0.05,
};

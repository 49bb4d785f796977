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
};

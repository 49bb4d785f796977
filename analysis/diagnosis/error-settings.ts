/** From when on D1 calls a failure new, a burst, or too much; each with the reason of its default. */

export interface ErrorDiagnosisSettings {
  /** A minute with fewer failures of a code is no burst: a handful is handled one by one. */
  readonly burstMin: number;
  /**
   * A minute is a burst when its count has less than this probability: with a hundred codes judged each minute, one
   * false burst in seven days.
   */
  readonly burstProbability: number;
  /** And when its share of the answers is so many times the usual: doubled load brings doubled errors, and no news. */
  readonly burstShareFactor: number;
  /**
   * And so many times the fullest minute before it: rates of errors wander (batches, users that come and go), with longer
   * tails than the distribution has.
   */
  readonly burstRecordFactor: number;
  /** Minutes of history without which nothing is called new or a burst: half an hour shows what is usual at that time. */
  readonly historyMinutesMin: number;
  /** A code that was never seen is told from so many on: one or two may be a person at a console. */
  readonly newMin: number;
  /** A cause that fails this share of all answers is told even if it is usual: one of twenty is felt by users. */
  readonly shareMax: number;
  /** Bursts of one code that are so many minutes apart are one. */
  readonly gapMinutesMax: number;
}

export const defaultErrorDiagnosisSettings: ErrorDiagnosisSettings = {
  burstMin: 5,
  burstProbability: 1e-5,
  burstShareFactor: 1.5,
  burstRecordFactor: 1.25,
  historyMinutesMin: 30,
  newMin: 3,
  shareMax: 0.05,
  gapMinutesMax: 2,
};

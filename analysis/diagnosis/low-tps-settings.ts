/** From when on D2 calls TPS low, and what it needs to say whose doing that is; each with the reason of its default. */
import { LOSSY_SHARE } from '../../src/events/quality.ts';

export interface LowTpsSettings {
  /** A minute is low below this share of the usual TPS, and ... */
  readonly lowShare: number;
  /** ... so many median absolute deviations below it: half of a load that swings by half means nothing. */
  readonly deviations: number;
  /** So many low minutes out of four make an episode, so that one short pause is none. */
  readonly lowOfFour: number;
  /** It ends when a minute is above this share of the usual. */
  readonly endShare: number;
  /** Minutes from which the usual is learnt: a quarter of an hour at least, the last hour at most. */
  readonly historyMinutesMin: number;
  /** The plain rule: a yield below this is low (research: the alarm of monitor P1). */
  readonly yieldMin: number;
  /** More than this share of the answers are the database's own errors: it fails, whatever else happens. */
  readonly databaseErrorsShare: number;
  /** A host whose requests fell to this share of the usual asks less. */
  readonly fewerRequestsShare: number;
  /** A host waits when its mean response time is so many times the usual. */
  readonly slowFactor: number;
  /** ... and at least so much longer: nobody loses transactions to a tenth of a millisecond. */
  readonly slowFloorUs: number;
  /** A host is not answered when less than this share of its requests is answered within 10 s. */
  readonly answeredShare: number;
  /** Transactions got longer when they have so many times the usual requests. */
  readonly longerFactor: number;
  /**
   * The way is slow, not the statements, when BEGIN and COMMIT (without any, the shortest answers, one in twenty) are longer
   * by this share of what the mean is: a statement that waits for a lock does not delay a BEGIN, a network does.
   */
  readonly delayedShare: number;
  /** From this share of missing bytes on the capture cannot be trusted (research: quality gate). */
  readonly lostShare: number;
}

export const defaultLowTpsSettings: LowTpsSettings = {
  lowShare: 0.5,
  deviations: 4,
  lowOfFour: 3,
  endShare: 0.7,
  historyMinutesMin: 15,
  yieldMin: 0.95,
  databaseErrorsShare: 0.01,
  fewerRequestsShare: 0.7,
  slowFactor: 2,
  slowFloorUs: 1_000,
  answeredShare: 0.9,
  longerFactor: 1.5,
  delayedShare: 0.6,
  lostShare: LOSSY_SHARE,
};

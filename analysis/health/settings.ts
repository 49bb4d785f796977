/**
 * The thresholds of the states, with the reason of each default. All can be set for all nodes, or for one. Formulas and
 * defaults follow the project's study of definitions; the null tests beside this folder measure what they cost in false
 * states.
 */
import { LOSSY_SHARE } from '../../src/events/quality.ts';

export interface HealthSettings {
  /** Which definitions make the states: the refined ones, or the plain ones of health/plain.ts. */
  readonly definition: 'refined' | 'plain';
  /** H5: a mean response time beyond this is slow; null: learnt, twice the baseline or four deviations above it. */
  readonly slowUs: number | null;
  /** The learnt threshold is never below this: nobody is woken for 3 ms in place of 1. */
  readonly slowFloorUs: number;
  /** Before there is a baseline, only this is slow: a second is too long for any statement of an OLTP application. */
  readonly slowLearningUs: number;
  /** H3: deviation around the line, as a share of the mean, sampling noise taken off. Half the mean is felt by users. */
  readonly jitterShare: number;
  /** H3: deviations smaller than this are not felt, whatever share of a short mean they are. */
  readonly jitterFloorUs: number;
  /** H4: growth of the response time within ten minutes that counts. */
  readonly growthShare: number;
  /** H4, of an application: loss of its connections within ten minutes that counts. */
  readonly connectionsLossShare: number;
  /** H1: T_h lies between these, 20 times the usual response time in between: a report may take a second, a hang lasts. */
  readonly hangMinUs: number;
  readonly hangMaxUs: number;
  /** H1 needs so many requests without an answer: one alone may be a long statement. */
  readonly hangOutstandingMin: number;
  /** H2: refused connections within ten seconds. One may be a wrong password. */
  readonly refusedMin: number;
  /** H2, of an application: without a connection for so long. A pool that reconnects takes a few seconds. */
  readonly applicationGoneUs: number;
  /** A second that lost more than this share of its bytes tells nothing. */
  readonly lostShareMax: number;
  /** Plain H5: the mean of the line through a minute. A second, as nothing is learnt. */
  readonly plainSlowUs: number;
  /** Plain H3: the root of the variance around that line. Half of what is slow. */
  readonly plainDeviationUs: number;
  /** Plain H4: the slope of that line, as growth in a minute. */
  readonly plainGrowthPerMinuteUs: number;
  /** Plain H4, of an application: the slope of its connections, as loss in a minute. As many as the refined one demands. */
  readonly plainConnectionsLossPerMinute: number;
}

export const defaultHealthSettings: HealthSettings = {
  definition: 'refined',
  slowUs: null,
  slowFloorUs: 20_000,
  slowLearningUs: 1_000_000,
  jitterShare: 0.5,
  jitterFloorUs: 20_000,
  growthShare: 0.3,
  connectionsLossShare: 0.2,
  hangMinUs: 5_000_000,
  hangMaxUs: 60_000_000,
  hangOutstandingMin: 3,
  refusedMin: 3,
  applicationGoneUs: 30_000_000,
  lostShareMax: LOSSY_SHARE,
  plainSlowUs: 1_000_000,
  plainDeviationUs: 500_000,
  plainGrowthPerMinuteUs: 200_000,
  plainConnectionsLossPerMinute: 3,
};

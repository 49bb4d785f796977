/** From when on open transactions are worth a finding (D3, P7). */
import { SECOND_US } from '../../src/core/time.ts';

export interface OpenTransactionFindingSettings {
  /** Nothing was asked for so long: less may be a client that computes between two statements. */
  readonly idleLeastUs: number;
  /** From then on changes that are not committed are worth a warning: replicas and vacuum feel them. */
  readonly idleWarningUs: number;
  /** A wait that callers give up at, or as many that wait or have given up: critical while it lasts. */
  readonly waitCriticalUs: number;
  readonly waitingCritical: number;
  /** A COMMIT that takes so long is what keeps others waiting, and not what was before it. */
  readonly endingLeastUs: number;
  /** So many idle ones at once are told in one finding: a leak, not a forgotten terminal. */
  readonly manyLeast: number;
  /** D4: told when becoming big is as probable as this, and not certain already. */
  readonly bigProbabilityLeast: number;
}

export const defaultOpenTransactionFindingSettings: OpenTransactionFindingSettings = {
  idleLeastUs: 30 * SECOND_US,
  idleWarningUs: 300 * SECOND_US,
  waitCriticalUs: 30 * SECOND_US,
  waitingCritical: 3,
  endingLeastUs: SECOND_US,
  manyLeast: 5,
  bigProbabilityLeast: 0.8,
};

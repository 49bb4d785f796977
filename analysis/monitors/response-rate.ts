/**
 * P2, response rate, by cohort: of the requests of a stretch of time, the share that was answered within 10 s. Dividing
 * the answers of a second by its requests would exceed 1 while a queue drains. Requests of the last 10 s before the end
 * of the data cannot be judged yet and are left out (ActivityStep.requestsJudged), so the newest steps have no rate.
 */
import type { ActivityStep } from '../../src/events/facts.ts';
import { shareOf } from '../share.ts';

type Cohort = Pick<ActivityStep, 'requestsJudged' | 'requestsJudgedAnswered'>;

/** null when no request can be judged. */
export function responseRateOf(cohort: Cohort): number | null {
  return shareOf(cohort.requestsJudgedAnswered, cohort.requestsJudged);
}

/** Requests that had no answer after 10 s. */
export function unansweredOf(cohort: Cohort): number {
  return Math.max(0, cohort.requestsJudged - cohort.requestsJudgedAnswered);
}

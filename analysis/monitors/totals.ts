/** Sums of activity: of the steps of a window, or of the edges of a node. Counts add up, greatest values stay greatest. */
import { addHistograms } from '../../src/core/histogram.ts';
import type { ActivityStep } from '../../src/events/facts.ts';

export type ActivityTotals = Omit<ActivityStep, 'startUs' | 'stepUs'>;

export const NO_ACTIVITY: ActivityTotals = {
  requests: 0,
  requestsJudged: 0,
  requestsJudgedAnswered: 0,
  answers: 0,
  normal: 0,
  errors: 0,
  commits: 0,
  rollbacks: 0,
  implicitTransactions: 0,
  emptyTransactions: 0,
  explicitRollbacks: 0,
  durationSumUs: 0,
  durationMaxUs: 0,
  durations: new Map(),
  rowsReturned: 0,
  rowsAffected: 0,
  requestBytes: 0,
  responseBytes: 0,
  lostBytes: 0,
  lostPacketsMin: 0,
  connectionsOpened: 0,
  connectionsClosed: 0,
  connectionsRefused: 0,
  connectionsOpenMax: 0,
  connectionsInTransactionMax: 0,
  outstandingMax: 0,
  outstandingAgeMaxUs: 0,
};

/** The fields that hold a greatest value; all other numbers are counts. */
const GREATEST: ReadonlySet<keyof ActivityTotals> = new Set([
  'durationMaxUs',
  'connectionsOpenMax',
  'connectionsInTransactionMax',
  'outstandingMax',
  'outstandingAgeMaxUs',
]);

/** The activity of all parts together. */
export function totalsOf(parts: Iterable<ActivityTotals>): ActivityTotals {
  const totals: { -readonly [Field in keyof ActivityTotals]: ActivityTotals[Field] } = {
    ...NO_ACTIVITY,
  };
  const fields = Object.keys(NO_ACTIVITY) as (keyof ActivityTotals)[]; // An object literal has no further keys.
  for (const part of parts) {
    for (const field of fields) {
      if (field === 'durations') totals.durations = addHistograms(totals.durations, part.durations);
      else if (GREATEST.has(field)) totals[field] = Math.max(totals[field], part[field]);
      else totals[field] += part[field];
    }
  }
  return totals;
}

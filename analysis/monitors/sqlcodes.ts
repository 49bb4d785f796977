/**
 * P3, abnormal SQLCODE share, and R1, SQLCODE types: each error code that was seen, its root-cause class in words, its
 * share of all errors and of all answers, and when it came. Two classes may hide behind one code (57014: cancelled by
 * the user, or by a timeout): each is a row, and both carry the code's counts over time.
 */
import type { ErrorFacts, ErrorStep } from '../../src/events/facts.ts';
import type { ErrorRow, SeriesPoint } from '../../src/events/report.ts';
import { errorMeaning } from '../../src/sql/error-classes.ts';
import { shareOf, sumOf } from '../share.ts';

/** One row a code, most frequent first. `series` are the steps that `overTime` counts in. */
export function errorRows(
  errors: readonly ErrorFacts[],
  steps: readonly ErrorStep[],
  answers: number,
  series: readonly Pick<SeriesPoint, 'startUs'>[],
): ErrorRow[] {
  const errorsCount = sumOf(errors, (row) => row.count);
  const overTime = countsOverTime(steps, series);
  return errors
    .map((facts) => {
      const { meaning, concern } = errorMeaning(facts.errorClass);
      return {
        sqlstate: facts.sqlstate,
        errorClass: facts.errorClass,
        meaning,
        concern,
        count: facts.count,
        shareOfErrors: shareOf(facts.count, errorsCount) ?? 0,
        shareOfAnswers: shareOf(facts.count, answers),
        firstUs: facts.firstUs,
        lastUs: facts.lastUs,
        sampleMessage: facts.sampleMessage,
        classes: facts.classes,
        sessions: facts.sessions,
        clients: facts.clients,
        overTime: overTime.get(facts.sqlstate) ?? series.map(() => 0),
      };
    })
    .sort((a, b) => b.count - a.count || compare(a.sqlstate, b.sqlstate));
}

/** Of each code, its count in each step of the series; a step of the store counts where it starts. */
function countsOverTime(
  steps: readonly ErrorStep[],
  series: readonly Pick<SeriesPoint, 'startUs'>[],
): Map<string, number[]> {
  const starts = series.map((point) => point.startUs);
  const codes = new Map<string, number[]>();
  for (const step of steps) {
    let counts = codes.get(step.sqlstate);
    if (counts === undefined) {
      counts = starts.map(() => 0);
      codes.set(step.sqlstate, counts);
    }
    const index = lastNotAfter(starts, step.startUs);
    if (index >= 0) counts[index] = (counts[index] ?? 0) + step.count;
  }
  return codes;
}

/** Index of the greatest of the sorted values that is not above `value`; -1 when all are. */
function lastNotAfter(sorted: readonly number[], value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] ?? 0) <= value) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/**
 * P1, yield: normal answers / all answers. An answer is normal when it is no error (warnings and "no data" are normal).
 * Beside it the yield that is the database's own: 1 - errors that are the database's or its operation's / all answers,
 * so that an application that tries duplicate keys does not make its database look ill.
 * Source: mission P1; research on server-class errors as in DeepFlow's split of SQLSTATE classes.
 */
import type { ActivityStep } from '../../src/events/facts.ts';
import type { ErrorRow } from '../../src/events/report.ts';
import { shareOf, sumOf } from '../share.ts';

/** null without answers. */
export function yieldOf(counts: Pick<ActivityStep, 'answers' | 'normal'>): number | null {
  return shareOf(counts.normal, counts.answers);
}

/** null without answers. */
export function databaseYieldOf(
  answers: number,
  errors: readonly Pick<ErrorRow, 'concern' | 'count'>[],
): number | null {
  const own = errors.filter(({ concern }) => concern === 'database' || concern === 'operation');
  return shareOf(answers - sumOf(own, (row) => row.count), answers);
}

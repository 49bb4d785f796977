/**
 * P5, TPS: transactions ended per second, commits and rollbacks together as the server counts them (pg_stat_database:
 * xact_commit + xact_rollback); an autocommitted statement is one transaction. Seconds outside the stored data were not
 * observed and do not dilute the rate.
 */
import type { ActivityStep, Window } from '../../src/events/facts.ts';
import { SECOND_US } from '../../src/core/time.ts';

/** Both stretches, or an empty one when they do not meet. */
export function overlapOf(a: Window, b: Window): Window {
  const fromUs = Math.max(a.fromUs, b.fromUs);
  return { fromUs, toUs: Math.max(fromUs, Math.min(a.toUs, b.toUs)) };
}

/** Seconds of `observed` in a stretch; at least one, because activity is counted by whole seconds. */
export function secondsObserved(stretch: Window, observed: Window): number {
  const { fromUs, toUs } = overlapOf(stretch, observed);
  return Math.max(SECOND_US, toUs - fromUs) / SECOND_US;
}

/** Transactions ended per second. */
export function tpsOf(
  counts: Pick<ActivityStep, 'commits' | 'rollbacks'>,
  stretch: Window,
  observed: Window,
): number {
  return (counts.commits + counts.rollbacks) / secondsObserved(stretch, observed);
}

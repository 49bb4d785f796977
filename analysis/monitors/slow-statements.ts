/**
 * P8, top slow SQL: the classes of statements by total response time (what costs most, with each class's share of all)
 * and by mean response time (what is slowest), percentiles from each class's own histogram. Share of time: the class's
 * sum of response times / that of all statements of the window.
 */
import type { ActivityStep, ClassFacts, ClassStep } from '../../src/events/facts.ts';
import type { ClassRow, Trend } from '../../src/events/report.ts';
import { shareOf, sumOf } from '../share.ts';
import { classesByRowsAffected } from './affected-rows.ts';
import { responseTimesOf } from './response-time.ts';
import { trendsOf } from './trend.ts';

/** Rows of each list; more than a person reads at once. */
const LISTED_MAX = 20;

export interface RankedClasses {
  /** By total time, most first. */
  readonly expensive: readonly ClassRow[];
  /** By mean response time, longest first; classes without any answer are not in it. */
  readonly slow: readonly ClassRow[];
  /** R2 (affected-rows.ts): by rows affected, most first. */
  readonly writers: readonly ClassRow[];
}

/** The three rankings of the window's classes. */
export function rankedClasses(
  classes: readonly ClassFacts[],
  classSteps: readonly ClassStep[],
  totals: Pick<ActivityStep, 'durationSumUs'>,
): RankedClasses {
  const expensive = top(classes, (facts) => facts.durationSumUs);
  const slow = top(
    classes.filter((facts) => facts.answered > 0),
    (facts) => facts.durationSumUs / facts.answered,
  );
  const writers = classesByRowsAffected(classes).slice(0, LISTED_MAX);
  const shown = new Set([...expensive, ...slow, ...writers].map((facts) => facts.fingerprint));
  const trends = trendsOf(classSteps, shown);
  // Activity counts an answer when it comes, a class its request: at the window's edges the two differ a little.
  const allUs = Math.max(
    totals.durationSumUs,
    sumOf(classes, (facts) => facts.durationSumUs),
  );
  const rows = (ranked: readonly ClassFacts[]): ClassRow[] =>
    ranked.map((facts, index) =>
      classRow(facts, index + 1, allUs, trends.get(facts.fingerprint) ?? null),
    );
  return { expensive: rows(expensive), slow: rows(slow), writers: rows(writers) };
}

/** The greatest by `value`; equals stand by fingerprint, so that a report is always the same. */
function top(classes: readonly ClassFacts[], value: (facts: ClassFacts) => number): ClassFacts[] {
  return [...classes]
    .sort((a, b) => value(b) - value(a) || (a.fingerprint < b.fingerprint ? -1 : 1))
    .slice(0, LISTED_MAX);
}

function classRow(facts: ClassFacts, rank: number, allUs: number, trend: Trend | null): ClassRow {
  return {
    rank,
    fingerprint: facts.fingerprint,
    normalized: facts.normalized,
    command: facts.command,
    kind: facts.kind,
    tables: facts.tables,
    calls: facts.calls,
    errors: facts.errors,
    unanswered: facts.unanswered,
    shareOfTime: shareOf(facts.durationSumUs, allUs),
    durationSumUs: facts.durationSumUs,
    responseTime: responseTimesOf(facts),
    rowsReturned: facts.rowsReturned,
    rowsAffected: facts.rowsAffected,
    rowsAffectedMax: facts.rowsAffectedMax,
    responseBytes: facts.responseBytes,
    trend,
  };
}

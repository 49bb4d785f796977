/** Statement classes over a window, as a whole and step by step. */
import { bucketSql } from '../../core/histogram.ts';
import type { ClassMeaning } from '../../events/class-meaning.ts';
import type { ClassFacts, ClassStep, Window } from '../../events/facts.ts';
import type { Store } from '../store.ts';
import type { ClassDescriptions } from './class-descriptions.ts';
import {
  ask,
  histogramOf,
  IN_SCOPE,
  inWindow,
  type JsonHistogram,
  moment,
  type Parameters,
  us,
} from './ask.ts';
import { type Course, stepsOfCourse } from './course.ts';
import { MINUTE_US } from '../../core/time.ts';
import { wholeHoursOf, wholeMinutesOf } from './steps.ts';

/** Classes of one window; beyond, those with the least response time in sum are left out. */
const CLASSES_MAX = 5_000;

/** Classes whose course over time is read: those with the most response time in sum. */
const STEPPED_CLASSES_MAX = 200;

/** What is summed up, as it stands in `events` and in the rollups. */
interface Sums {
  readonly ofEvents: string;
  readonly ofRollup: string;
}

/** Answers and their response time: the course of a class. */
const COURSE: Sums = {
  ofEvents: 'count(duration_us) AS done, sum(ifNull(duration_us, 0)) AS spent',
  ofRollup: 'sum(answered) AS done, sum(duration_sum_us) AS spent',
};

const ALL: Sums = {
  ofEvents: `${COURSE.ofEvents},
    count() AS n, countIf(status IN ('error', 'cancelled')) AS failed, countIf(status = 'unanswered') AS silent,
    max(ifNull(duration_us, 0)) AS longest,
    sumMapIf(map(${bucketSql('assumeNotNull(duration_us)')}, toUInt64(1)), duration_us IS NOT NULL) AS spread,
    sum(ifNull(rows_returned, 0)) AS returned, sum(ifNull(rows_affected, 0)) AS affected,
    max(ifNull(rows_affected, 0)) AS affectedMax, sum(bytes_response) AS bytes, min(ts) AS first, max(ts) AS last`,
  ofRollup: `${COURSE.ofRollup},
    sum(calls) AS n, sum(errors) AS failed, sum(unanswered) AS silent, max(duration_max_us) AS longest,
    sumMap(durations) AS spread, sum(rows_returned) AS returned, sum(rows_affected) AS affected,
    max(rows_affected_max) AS affectedMax, sum(bytes_response) AS bytes, min(first_ts) AS first, max(last_ts) AS last`,
};

/**
 * A subquery of one row per class and step, exact for any window: whole hours come from the rollup by hour where the window
 * is one step, other whole minutes from that by minute, what lies before the first and after the last of them from the
 * events; all from the events where steps are shorter than a minute.
 * @param stepUs null: one step, the window
 * @param extra a condition behind AND, or nothing
 */
function source(
  window: Window,
  stepUs: number | null,
  sums: Sums,
  extra: string,
): { sql: string; parameters: Parameters } {
  const seconds = `toInt64({stepSeconds:UInt32})`;
  const stepOf = (column: string): string =>
    stepUs === null ? '0' : `intDiv(toUnixTimestamp(${column}), ${seconds}) * ${seconds}`;
  const from = (table: string, column: string, columns: string, period: string): string =>
    `SELECT fingerprint, ${stepOf(column)} AS moment, ${columns}
    FROM ${table} WHERE ${period}${extra} AND ${IN_SCOPE} GROUP BY fingerprint, moment`;
  const fromEvents = (period: string): string => from('events', 'ts', sums.ofEvents, period);
  const fromRollup = (table: string, period: string): string =>
    from(table, 't', sums.ofRollup, period);
  const stepSeconds = Math.max(1, Math.round((stepUs ?? 0) / 1_000_000));
  const { firstMinuteUs, lastMinuteUs } = wholeMinutesOf(window);
  const byMinute = stepUs === null || stepUs >= MINUTE_US;
  if (!byMinute || firstMinuteUs >= lastMinuteUs) {
    return { sql: fromEvents(inWindow('ts')), parameters: { stepSeconds } };
  }
  const during = (column: string, from: string, to: string): string =>
    `${column} >= ${moment(from)} AND ${column} < ${moment(to)}`;
  const { firstHourUs, lastHourUs } = wholeHoursOf(window);
  const parts: string[] = [];
  let minutes = during('t', 'firstMinuteUs', 'lastMinuteUs');
  if (stepUs === null && firstHourUs < lastHourUs) {
    parts.push(fromRollup('class_1h', during('t', 'firstHourUs', 'lastHourUs')));
    minutes += ` AND NOT (${during('t', 'firstHourUs', 'lastHourUs')})`;
  }
  if (parts.length === 0 || firstMinuteUs < firstHourUs || lastHourUs < lastMinuteUs)
    parts.push(fromRollup('class_1m', minutes));
  if (window.fromUs < firstMinuteUs || lastMinuteUs < window.toUs) {
    const before = during('ts', 'fromUs', 'firstMinuteUs');
    const behind = during('ts', 'lastMinuteUs', 'toUs');
    parts.push(fromEvents(`((${before}) OR (${behind}))`));
  }
  const parameters = { stepSeconds, firstMinuteUs, lastMinuteUs, firstHourUs, lastHourUs };
  return { sql: parts.join(' UNION ALL '), parameters };
}

/** A class without what its fingerprint stands for. */
export type ClassSums = Omit<ClassFacts, keyof ClassMeaning>;

interface ClassRow extends Omit<ClassSums, 'durations'> {
  readonly durations: JsonHistogram;
}

/** Those with the most response time first. @throws MirrorSqlError */
export async function readClassSums(
  store: Store,
  window: Window,
  parameters: Parameters,
): Promise<ClassSums[]> {
  const from = source(window, null, ALL, '');
  const rows = await ask<ClassRow>(
    store,
    `SELECT fingerprint, sum(n) AS calls, sum(failed) AS errors, sum(silent) AS unanswered, sum(done) AS answered,
      sum(spent) AS durationSumUs, max(longest) AS durationMaxUs, sumMap(spread) AS durations,
      sum(returned) AS rowsReturned, sum(affected) AS rowsAffected, max(affectedMax) AS rowsAffectedMax,
      sum(bytes) AS responseBytes, ${us('min(first)')} AS firstUs, ${us('max(last)')} AS lastUs
    FROM (${from.sql}) GROUP BY fingerprint ORDER BY durationSumUs DESC, calls DESC, fingerprint LIMIT ${CLASSES_MAX}`,
    { ...parameters, ...from.parameters },
    { leading: true },
  );
  return rows.map((row) => ({ ...row, durations: histogramOf(row.durations) }));
}

/** The same with what they stand for. @throws MirrorSqlError */
export async function describeClasses(
  sums: readonly ClassSums[],
  descriptions: ClassDescriptions,
): Promise<ClassFacts[]> {
  const described = await descriptions.of(sums.map(({ fingerprint }) => fingerprint));
  return sums.map((one) => ({ ...one, ...described(one.fingerprint) }));
}

/** The course of the classes with the most response time, `fingerprints` in that order. */
export async function readClassSteps(
  store: Store,
  window: Window,
  stepUs: number,
  parameters: Parameters,
  fingerprints: readonly string[],
): Promise<ClassStep[]> {
  const from = source(window, stepUs, COURSE, ' AND fingerprint IN {fingerprints:Array(String)}');
  const courses = await ask<Course>(
    store,
    `SELECT fingerprint, groupArray(moment) AS starts, groupArray(count) AS answered, groupArray(sumUs) AS sumsUs FROM (
      SELECT fingerprint, moment, sum(done) AS count, sum(spent) AS sumUs
      FROM (${from.sql}) GROUP BY fingerprint, moment ORDER BY fingerprint, moment
    ) GROUP BY fingerprint ORDER BY fingerprint`,
    {
      ...parameters,
      ...from.parameters,
      fingerprints: fingerprints.slice(0, STEPPED_CLASSES_MAX),
    },
  );
  return courses.flatMap(stepsOfCourse).map((step) => Object.assign(step, { stepUs }));
}

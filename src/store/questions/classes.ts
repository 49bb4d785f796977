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

const FROM_EVENTS = `SELECT fingerprint, TIME AS moment,
    count() AS n, countIf(status IN ('error', 'cancelled')) AS failed, countIf(status = 'unanswered') AS silent,
    count(duration_us) AS done, sum(ifNull(duration_us, 0)) AS spent, max(ifNull(duration_us, 0)) AS longest,
    sumMapIf(map(${bucketSql('assumeNotNull(duration_us)')}, toUInt64(1)), duration_us IS NOT NULL) AS spread,
    sum(ifNull(rows_returned, 0)) AS returned, sum(ifNull(rows_affected, 0)) AS affected,
    max(ifNull(rows_affected, 0)) AS affectedMax, sum(bytes_response) AS bytes, min(ts) AS first, max(ts) AS last
  FROM events WHERE PERIOD AND ${IN_SCOPE} GROUP BY fingerprint, moment`;

const FROM_ROLLUP = `SELECT fingerprint, TIME AS moment,
    sum(calls) AS n, sum(errors) AS failed, sum(unanswered) AS silent,
    sum(answered) AS done, sum(duration_sum_us) AS spent, max(duration_max_us) AS longest,
    sumMap(durations) AS spread,
    sum(rows_returned) AS returned, sum(rows_affected) AS affected,
    max(rows_affected_max) AS affectedMax, sum(bytes_response) AS bytes, min(first_ts) AS first, max(last_ts) AS last
  FROM TABLE WHERE PERIOD AND ${IN_SCOPE} GROUP BY fingerprint, moment`;

/**
 * A subquery of one row per class and step, exact for any window: whole hours come from the rollup by hour where the window
 * is one step, other whole minutes from that by minute, what lies before the first and after the last of them from the
 * events; all from the events where steps are shorter than a minute.
 * @param stepUs null: one step, the window
 */
function source(
  window: Window,
  stepUs: number | null,
  extra: string,
): { sql: string; parameters: Parameters } {
  const seconds = `toInt64({stepSeconds:UInt32})`;
  const stepOf = (column: string): string =>
    stepUs === null ? '0' : `intDiv(toUnixTimestamp(${column}), ${seconds}) * ${seconds}`;
  const fromEvents = (period: string): string =>
    FROM_EVENTS.replace('TIME', stepOf('ts')).replace('PERIOD', `${period}${extra}`);
  const stepSeconds = Math.max(1, Math.round((stepUs ?? 0) / 1_000_000));
  const { firstMinuteUs, lastMinuteUs } = wholeMinutesOf(window);
  const byMinute = stepUs === null || stepUs >= MINUTE_US;
  if (!byMinute || firstMinuteUs >= lastMinuteUs) {
    return { sql: fromEvents(inWindow('ts')), parameters: { stepSeconds } };
  }
  const moment = (name: string): string => `fromUnixTimestamp64Micro({${name}:Int64}, 'UTC')`;
  const during = (column: string, from: string, to: string): string =>
    `${column} >= ${moment(from)} AND ${column} < ${moment(to)}`;
  const around = (column: string, from: string, to: string): string =>
    `(${column} < ${moment(from)} OR ${column} >= ${moment(to)})`;
  const fromRollup = (table: string, period: string): string =>
    FROM_ROLLUP.replace('TABLE', table)
      .replace('TIME', stepOf('t'))
      .replace('PERIOD', `${period}${extra}`);
  const { firstHourUs, lastHourUs } = wholeHoursOf(window);
  const parts: string[] = [];
  let minutes = during('t', 'firstMinuteUs', 'lastMinuteUs');
  if (stepUs === null && firstHourUs < lastHourUs) {
    parts.push(fromRollup('class_1h', during('t', 'firstHourUs', 'lastHourUs')));
    minutes += ` AND ${around('t', 'firstHourUs', 'lastHourUs')}`;
  }
  if (parts.length === 0 || firstMinuteUs < firstHourUs || lastHourUs < lastMinuteUs)
    parts.push(fromRollup('class_1m', minutes));
  if (window.fromUs < firstMinuteUs || lastMinuteUs < window.toUs) {
    const ends = around('ts', 'firstMinuteUs', 'lastMinuteUs');
    parts.push(fromEvents(`${inWindow('ts')} AND ${ends}`));
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
  const from = source(window, null, '');
  const rows = await ask<ClassRow>(
    store,
    `SELECT fingerprint, sum(n) AS calls, sum(failed) AS errors, sum(silent) AS unanswered, sum(done) AS answered,
      sum(spent) AS durationSumUs, max(longest) AS durationMaxUs, sumMap(spread) AS durations,
      sum(returned) AS rowsReturned, sum(affected) AS rowsAffected, max(affectedMax) AS rowsAffectedMax,
      sum(bytes) AS responseBytes, ${us('min(first)')} AS firstUs, ${us('max(last)')} AS lastUs
    FROM (${from.sql}) GROUP BY fingerprint ORDER BY durationSumUs DESC, calls DESC, fingerprint LIMIT ${CLASSES_MAX}`,
    { ...parameters, ...from.parameters },
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
  const from = source(window, stepUs, ' AND fingerprint IN {fingerprints:Array(String)}');
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

/**
 * The minutes before the end of a window, of the classes that take most of the response time: for their forecast. All
 * from the rollup: `SELECT t, sum(duration_sum_us) / sum(answered) FROM class_1m WHERE fingerprint = '...' GROUP BY t
 * ORDER BY t` shows the same.
 */
import type { ClassForecastFacts } from '../../events/class-forecast.ts';
import type { Extent, Scope, Window } from '../../events/facts.ts';
import { LOSSY_SHARE } from '../../events/quality.ts';
import type { Store } from '../store.ts';
import type { ClassDescriptions } from './class-descriptions.ts';
import { ask, IN_SCOPE, type Parameters, parametersOf } from './ask.ts';
import { type Course, stepsOfCourse } from './course.ts';
import { MINUTE_US, HOUR_US } from '../../core/time.ts';

/** An hour that the line goes through, and one before it in which its like is tried. */
const KNOWN_US = 2 * HOUR_US;
/** More classes with a forecast nobody reads. */
const CLASSES_MAX = 10;

const MINUTES = `t >= toDateTime({fromSeconds:Int64}, 'UTC') AND t < toDateTime({toSeconds:Int64}, 'UTC') AND ${IN_SCOPE}`;

const LAST_HOUR = `${MINUTES} AND t >= toDateTime({hourSeconds:Int64}, 'UTC') AND fingerprint != '0000000000000000'`;

/** Chosen before their minutes are told: those of all classes are many. `total` is of all of them. */
const BUSIEST = `SELECT fingerprint, sum(duration_sum_us) AS spent, sum(spent) OVER () AS total FROM class_1m WHERE ${LAST_HOUR}
  GROUP BY fingerprint ORDER BY spent DESC, fingerprint LIMIT ${CLASSES_MAX}`;

interface Busy {
  readonly fingerprint: string;
  /** Response time in sum, and that of all classes, in the last hour; microseconds. */
  readonly spent: number;
  readonly total: number;
}

/** @throws MirrorSqlError */
export async function readClassForecast(
  store: Store,
  window: Window,
  extent: NonNullable<Extent>,
  scope: Scope,
  descriptions: ClassDescriptions,
): Promise<ClassForecastFacts> {
  const toUs = Math.floor(Math.min(window.toUs, extent.toUs) / MINUTE_US) * MINUTE_US;
  const known = { fromUs: toUs - KNOWN_US, toUs };
  const parameters = {
    ...parametersOf(known, scope),
    fromSeconds: known.fromUs / 1_000_000,
    hourSeconds: (toUs - HOUR_US) / 1_000_000,
    toSeconds: toUs / 1_000_000,
  };
  const [{ busiest, courses }, lossy] = await Promise.all([
    readCourses(store, parameters),
    ask<{ startUs: number }>(
      store,
      `SELECT toInt64(toUnixTimestamp(toStartOfMinute(t))) * 1000000 AS startUs
      FROM activity_1s WHERE ${MINUTES} GROUP BY startUs
      HAVING sum(lost_bytes) > ${LOSSY_SHARE} * (sum(bytes_request) + sum(bytes_response)) ORDER BY startUs`,
      parameters,
    ),
  ]);
  const described = await descriptions.of(busiest.map(({ fingerprint }) => fingerprint));
  return {
    window: known,
    classes: busiest.map(({ fingerprint, spent, total }) => ({
      fingerprint,
      normalized: described(fingerprint).normalized,
      shareOfTime: spent / total,
    })),
    minutes: courses.flatMap(stepsOfCourse),
    lossyMinutesUs: lossy.map(({ startUs }) => startUs),
  };
}

/** Courses in order of their fingerprints, and whose they are, the busiest first. */
async function readCourses(
  store: Store,
  parameters: Parameters,
): Promise<{ readonly busiest: Busy[]; readonly courses: Course[] }> {
  const busiest = (await ask<Busy>(store, BUSIEST, parameters, { leading: true })).filter(
    ({ spent }) => spent > 0,
  );
  if (busiest.length === 0) return { busiest, courses: [] };
  const courses = await ask<Course>(
    store,
    `SELECT fingerprint, groupArray(at) AS starts, groupArray(count) AS answered, groupArray(sumUs) AS sumsUs FROM (
      SELECT fingerprint, toInt64(toUnixTimestamp(t)) AS at, sum(class_1m.answered) AS count, sum(duration_sum_us) AS sumUs
      FROM class_1m WHERE ${MINUTES} AND fingerprint IN {fingerprints:Array(String)}
      GROUP BY fingerprint, at ORDER BY at
    ) GROUP BY fingerprint ORDER BY fingerprint`,
    { ...parameters, fingerprints: busiest.map(({ fingerprint }) => fingerprint) },
  );
  return { busiest, courses };
}

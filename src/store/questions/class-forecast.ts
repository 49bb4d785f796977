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
import { ask, IN_SCOPE, parametersOf } from './ask.ts';
import { type Course, stepsOfCourse } from './course.ts';
import { MINUTE_US, HOUR_US } from '../../core/time.ts';

/** An hour that the line goes through, and one before it in which its like is tried. */
const KNOWN_US = 2 * HOUR_US;
/** More classes with a forecast nobody reads. */
const CLASSES_MAX = 10;

const MINUTES = `t >= toDateTime({fromSeconds:Int64}, 'UTC') AND t < toDateTime({toSeconds:Int64}, 'UTC') AND ${IN_SCOPE}`;

const LAST_HOUR = `${MINUTES} AND t >= toDateTime({hourSeconds:Int64}, 'UTC') AND fingerprint != '0000000000000000'`;

/** Chosen before the minutes are told: those of all classes are many. GLOBAL: on a cluster chosen once, not by each shard. */
const BUSIEST = `SELECT fingerprint FROM class_1m WHERE ${LAST_HOUR}
  GROUP BY fingerprint HAVING sum(duration_sum_us) > 0
  ORDER BY sum(duration_sum_us) DESC, fingerprint LIMIT ${CLASSES_MAX}`;

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
  const [courses, lossy] = await Promise.all([
    ask<SharedCourse>(
      store,
      `SELECT fingerprint, sumIf(sumUs, at >= {hourSeconds:Int64}) AS spent,
        spent / (SELECT sum(duration_sum_us) FROM class_1m WHERE ${LAST_HOUR}) AS share,
        groupArray(at) AS starts, groupArray(count) AS answered, groupArray(sumUs) AS sumsUs
      FROM (
        SELECT fingerprint, toInt64(toUnixTimestamp(t)) AS at, sum(class_1m.answered) AS count, sum(duration_sum_us) AS sumUs
        FROM class_1m WHERE ${MINUTES} AND fingerprint GLOBAL IN (${BUSIEST})
        GROUP BY fingerprint, at ORDER BY at
      ) GROUP BY fingerprint ORDER BY spent DESC, fingerprint`,
      parameters,
    ),
    ask<{ startUs: number }>(
      store,
      `SELECT toInt64(toUnixTimestamp(toStartOfMinute(t))) * 1000000 AS startUs
      FROM activity_1s WHERE ${MINUTES} GROUP BY startUs
      HAVING sum(lost_bytes) > ${LOSSY_SHARE} * (sum(bytes_request) + sum(bytes_response)) ORDER BY startUs`,
      parameters,
    ),
  ]);
  const described = await descriptions.of(courses.map(({ fingerprint }) => fingerprint));
  return {
    window: known,
    classes: courses.map(({ fingerprint, share }) => ({
      fingerprint,
      normalized: described(fingerprint).normalized,
      shareOfTime: share,
    })),
    minutes: [...courses]
      .sort((a, b) => (a.fingerprint < b.fingerprint ? -1 : 1))
      .flatMap(stepsOfCourse),
    lossyMinutesUs: lossy.map(({ startUs }) => startUs),
  };
}

interface SharedCourse extends Course {
  /** Of the last hour. */
  readonly share: number;
}

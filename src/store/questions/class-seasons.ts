/**
 * What is usual for classes in an hour: medians of their mean response times in earlier hours, as of nodes (seasons.ts) but
 * with all minutes of these hours. An hour can be computed again with
 * `SELECT t, sum(duration_sum_us) / sum(answered) FROM class_1h WHERE fingerprint = '...' GROUP BY t ORDER BY t`.
 */
import type { Scope, Window } from '../../events/facts.ts';
import type { ClassSeasonFacts } from '../../events/seasons.ts';
import { SECOND_US } from '../../core/time.ts';
import type { Store } from '../store.ts';
import { ask } from './ask.ts';
import { ALIKE, ANSWERS_MIN, HOURS_BEFORE, hoursAsked, seasonOf } from './seasons.ts';

/** As many as are told as slow (analysis/diagnosis/slow-classes.ts). */
const CLASSES_MAX = 30;

interface ClassHours {
  readonly fingerprint: string;
  readonly hours: readonly number[];
  readonly means: readonly number[];
}

/** @param fingerprints those with the most response time first @throws MirrorSqlError */
export async function readClassSeasons(
  store: Store,
  window: Window,
  scope: Scope,
  fingerprints: readonly string[],
): Promise<ClassSeasonFacts[]> {
  if (fingerprints.length === 0) return [];
  const { targets, parameters } = hoursAsked(window, scope);
  const known = await ask<ClassHours>(
    store,
    `SELECT fingerprint, groupArray(hour) AS hours, groupArray(mean_us) AS means FROM (
      SELECT fingerprint, toInt64(toUnixTimestamp(t)) AS hour, sum(duration_sum_us) / sum(answered) AS mean_us
      FROM class_1h WHERE fingerprint IN {fingerprints:Array(String)} AND ${HOURS_BEFORE} AND ${ALIKE}
      GROUP BY fingerprint, hour HAVING sum(answered) >= ${ANSWERS_MIN} AND mean_us > 0 ORDER BY fingerprint, hour
    ) GROUP BY fingerprint ORDER BY fingerprint`,
    { ...parameters, fingerprints: fingerprints.slice(0, CLASSES_MAX) },
  );
  return known.flatMap(({ fingerprint, hours, means }) => {
    const own = hours.map((seconds, index) => ({ seconds, meanUs: means[index] ?? 0 }));
    return targets.flatMap((hourUs) => {
      const season = seasonOf(own, hourUs / SECOND_US);
      return season === undefined ? [] : [{ fingerprint, hourUs, ...season }];
    });
  });
}

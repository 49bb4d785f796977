/**
 * What each server was asked for, minute by minute, from `class_1m`: the same numbers are those of
 * `SELECT t, fingerprint, sum(answered), sum(duration_sum_us) FROM class_1m WHERE server_ip = '...' GROUP BY 1, 2 ORDER BY 1, 2`.
 */
import { MINUTE_US, SECOND_US } from '../../core/time.ts';
import type { Window } from '../../events/facts.ts';
import type { ClassCourse } from '../../events/workload-mix.ts';
import type { Store } from '../store.ts';
import { ask, IN_SCOPE, type Parameters } from './ask.ts';

/** Of each server, by time; what the others take together is rarely a tenth. */
const CLASSES_MAX = 30;
const SERVERS_MAX = 40;
/** Of a longer window the end is told. */
const MINUTES_MAX = 180;

const MINUTES = `t >= toDateTime({mixFrom:Int64}, 'UTC') AND t < toDateTime({mixTo:Int64}, 'UTC') AND ${IN_SCOPE}`;

/** Chosen before the minutes are told: those of all classes are many. GLOBAL: on a cluster chosen once, not by each shard. */
const HEAVIEST = `SELECT server_ip, server_port, fingerprint FROM class_1m WHERE ${MINUTES}
  GROUP BY server_ip, server_port, fingerprint
  ORDER BY sum(duration_sum_us) DESC, fingerprint LIMIT ${CLASSES_MAX} BY server_ip, server_port`;

/** @throws MirrorSqlError */
export async function readWorkloadMix(
  store: Store,
  window: Window,
  parameters: Parameters,
): Promise<ClassCourse[]> {
  const fromUs = Math.max(window.fromUs, window.toUs - MINUTES_MAX * MINUTE_US);
  return ask<ClassCourse>(
    store,
    `SELECT concat(ip, ':', toString(port)) AS node, class AS fingerprint, groupArray(at) AS minutesUs,
      groupArray(count) AS answered, groupArray(spent) AS durationSumsUs
    FROM (
      SELECT server_ip AS ip, server_port AS port,
        if((server_ip, server_port, fingerprint) GLOBAL IN (${HEAVIEST}), toString(fingerprint), '') AS class,
        toInt64(toUnixTimestamp(t)) * 1000000 AS at, toInt64(sum(class_1m.answered)) AS count,
        toInt64(sum(duration_sum_us)) AS spent
      FROM class_1m WHERE ${MINUTES}
      GROUP BY ip, port, at, class HAVING count > 0 ORDER BY ip, port, class, at
    ) GROUP BY ip, port, class ORDER BY node, fingerprint LIMIT ${SERVERS_MAX * (CLASSES_MAX + 1)}`,
    {
      ...parameters,
      mixFrom: Math.floor(fromUs / MINUTE_US) * (MINUTE_US / SECOND_US),
      mixTo: Math.ceil(window.toUs / SECOND_US),
    },
  );
}

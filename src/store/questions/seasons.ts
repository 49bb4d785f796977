/**
 * What is usual for nodes in an hour: medians of the mean response times of earlier hours, from `class_1h`. Minutes in which a
 * node was not well, by `states` and by `findings` that warn, are taken out of their hours (they stand in `class_1m`),
 * so that an incident does not become the norm. An hour of one node can be computed again with
 * `SELECT t, sum(duration_sum_us) / sum(answered) FROM class_1h WHERE server_ip = '...' GROUP BY t ORDER BY t`.
 */
import type { Scope, Window } from '../../events/facts.ts';
import { SEASON_BASES, type SeasonFacts } from '../../events/seasons.ts';
import { HOUR_US, SECOND_US } from '../../core/time.ts';
import type { Store } from '../store.ts';
import { ask, IN_SCOPE, parametersOf } from './ask.ts';

/** Five weeks: five hours of the week, so that one that was not as usual does not decide. */
const WEEKS_HOURS = 5 * 7 * 24;
/** Days change faster than weeks repeat: two weeks of them. */
const DAYS_HOURS = 14 * 24;
const ANY_HOURS = 24;
/** A mean of fewer answers is no figure of an hour. */
const ANSWERS_MIN = 100;
/** The median of three is not moved by one of them. */
const HOURS_MIN = 3;
/** What lasted longer was a condition and no incident; without its minutes nothing might be left. */
const INCIDENT_MAX_US = 6 * HOUR_US;
/** Of each role: as many as are judged (node-seconds.ts). */
const NODES_MAX = 500;
/** A window of more hours is not judged whole (node-seconds.ts). */
const TARGETS_MAX = 9;

/** Hours of the day that are looked at, and the last day. */
const ALIKE = `(intDiv(toUnixTimestamp(t), 3600) % 24 IN (
      SELECT intDiv(arrayJoin(range({newestSeconds:Int64}, {untilSeconds:Int64}, 3600)), 3600) % 24)
    OR t >= toDateTime({newestSeconds:Int64} - ${ANY_HOURS * 3_600}, 'UTC'))`;

/** Both ends of each edge as (role, node). */
const ENDS = `arrayJoin([('server', concat(server_ip, ':', toString(server_port))), ('client', toString(client_ip))]) AS who`;

/** Sums of an hour or a minute of `table`, first by edge, since classes are many. */
function edgesOf(table: string, condition: string): string {
  return `SELECT server_ip, server_port, client_ip, toInt64(toUnixTimestamp(t)) AS at, toInt64(sum(duration_sum_us)) AS spent_us,
      toInt64(sum(answered)) AS count FROM ${table} WHERE ${HOURS_BEFORE} AND ${ALIKE} AND ${condition}
    GROUP BY server_ip, server_port, client_ip, at`;
}

const NOT_WELL = `SELECT role, node, since_ts AS since, until_ts AS until FROM states FINAL
    WHERE state NOT IN ('healthy', 'idle', 'unknown') AND until_ts >= toDateTime({oldestSeconds:Int64}, 'UTC') AND since_ts < toDateTime({newestSeconds:Int64}, 'UTC')
      AND until_ts - since_ts <= {incidentSeconds:Int64}
    UNION ALL SELECT role, node, since_ts AS since, ifNull(until_ts, seen_ts) AS until FROM findings FINAL
    WHERE severity >= 'warning' AND node != '' AND until >= toDateTime({oldestSeconds:Int64}, 'UTC') AND since_ts < toDateTime({newestSeconds:Int64}, 'UTC')
      AND until - since_ts <= {incidentSeconds:Int64}`;

/** Every minute that a stretch touches. */
const BAD_MINUTES = `SELECT DISTINCT role, node,
      arrayJoin(range(toUnixTimestamp(toStartOfMinute(since)), toUnixTimestamp(toStartOfMinute(until)) + 60, 60)) AS minute
    FROM (${NOT_WELL})`;

const HOURS_BEFORE = `t >= toDateTime({oldestSeconds:Int64}, 'UTC') AND t < toDateTime({newestSeconds:Int64}, 'UTC') AND ${IN_SCOPE}`;

interface Row {
  readonly role: SeasonFacts['role'];
  readonly node: string;
  readonly target: number;
  readonly medians: readonly number[];
  readonly hours: readonly number[];
}

/** For each node and each hour of the window of which enough is known. @throws MirrorSqlError */
export async function readSeasons(
  store: Store,
  window: Window,
  scope: Scope,
): Promise<SeasonFacts[]> {
  const newest = Math.floor(window.fromUs / HOUR_US) * HOUR_US;
  const until = Math.min(window.toUs, newest + TARGETS_MAX * HOUR_US);
  const rows = await ask<Row>(
    store,
    `WITH ln(spent / answers) AS value, (target - hour) % 604800 = 0 AS week, (target - hour) % 86400 = 0
        AND target - hour <= ${DAYS_HOURS * 3_600} AS day, target - hour <= ${ANY_HOURS * 3_600} AS recent
    SELECT role, node, toInt64(target) AS target, [countIf(week), countIf(day), countIf(recent)] AS hours,
      arrayMap(one -> if(isNaN(one), 0, exp(one)), [quantileExactInclusiveIf(0.5)(value, week),
        quantileExactInclusiveIf(0.5)(value, day), quantileExactInclusiveIf(0.5)(value, recent)]) AS medians
    FROM (
      SELECT role, node, hour, sum(spent_us) AS spent, sum(count) AS answers FROM (
        SELECT who.1 AS role, who.2 AS node, at AS hour, spent_us, count, ${ENDS} FROM (${edgesOf('class_1h', '1')})
        UNION ALL
        SELECT role, node, intDiv(at, 3600) * 3600, -spent_us, -count, who FROM (
          SELECT who.1 AS role, who.2 AS node, at, spent_us, count, ${ENDS}
          FROM (${edgesOf('class_1m', `toUnixTimestamp(t) IN (SELECT minute FROM (${BAD_MINUTES}))`)}))
        WHERE (role, node, toUInt32(at)) IN (SELECT role, node, toUInt32(minute) FROM (${BAD_MINUTES}))
      ) GROUP BY role, node, hour HAVING answers >= ${ANSWERS_MIN} AND spent > 0
    ) ARRAY JOIN range({newestSeconds:Int64}, {untilSeconds:Int64}, 3600) AS target
    GROUP BY role, node, target ORDER BY role DESC, node, target LIMIT ${2 * NODES_MAX * TARGETS_MAX}`,
    {
      ...parametersOf(window, scope),
      oldestSeconds: newest / SECOND_US - WEEKS_HOURS * 3_600,
      newestSeconds: newest / SECOND_US,
      untilSeconds: Math.ceil(until / SECOND_US),
      incidentSeconds: INCIDENT_MAX_US / SECOND_US,
    },
  );
  return rows.flatMap(seasonOf);
}

/** The closest likeness of which there are enough hours. */
function seasonOf({ role, node, target, hours, medians }: Row): SeasonFacts[] {
  const found = hours.findIndex((count) => count >= HOURS_MIN);
  const basis = SEASON_BASES[found];
  const medianUs = medians[found];
  if (basis === undefined || medianUs === undefined) return [];
  return [{ role, node, hourUs: target * SECOND_US, basis, hours: hours[found] ?? 0, medianUs }];
}

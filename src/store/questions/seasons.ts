/**
 * What is usual for nodes in an hour: medians of the mean response times of earlier hours, from `class_1h`. Minutes in which a
 * node was not well, by `states` and by `findings` that warn, are taken out of their hours (they stand in `class_1m`),
 * so that an incident does not become the norm. An hour of one node can be computed again with
 * `SELECT t, sum(duration_sum_us) / sum(answered) FROM class_1h WHERE server_ip = '...' GROUP BY t ORDER BY t`.
 */
import type { Scope, Window } from '../../events/facts.ts';
import { nodeKey, SEASON_BASES, type SeasonFacts, type UsualHour } from '../../events/seasons.ts';
import { DAY_US, HOUR_US, SECOND_US } from '../../core/time.ts';
import type { Store } from '../store.ts';
import { ask, IN_SCOPE, type Parameters, parametersOf } from './ask.ts';

/** Five weeks: five hours of the week, so that one that was not as usual does not decide. */
const WEEKS_HOURS = 5 * 7 * 24;
/** Days change faster than weeks repeat: two weeks of them. */
const DAYS_HOURS = 14 * 24;
const ANY_HOURS = 24;
const DAY_SECONDS = DAY_US / SECOND_US;
/** A mean of fewer answers is no figure of an hour. */
export const ANSWERS_MIN = 100;
/** The median of three is not moved by one of them. */
const HOURS_MIN = 3;
/** What lasted longer was a condition and no incident; without its minutes nothing might be left. */
const INCIDENT_MAX_US = 6 * HOUR_US;
/** Of each role: as many as are judged (node-seconds.ts). */
const NODES_MAX = 500;
/** A window of more hours is not judged whole (node-seconds.ts). */
const TARGETS_MAX = 9;

/** Hours of the day that are looked at, and the last day. */
export const ALIKE = `(intDiv(toUnixTimestamp(t), 3600) % 24 IN {hoursOfDay:Array(UInt8)}
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

export const HOURS_BEFORE = `t >= toDateTime({oldestSeconds:Int64}, 'UTC') AND t < toDateTime({newestSeconds:Int64}, 'UTC') AND ${IN_SCOPE}`;

interface NodeHours {
  readonly role: SeasonFacts['role'];
  readonly node: string;
  /** Their beginnings, in seconds; of each the sum of the response times in microseconds, and the answers. */
  readonly hours: readonly number[];
  readonly spent: readonly number[];
  readonly answers: readonly number[];
}

/** Sums by node and hour of what `edges` gives. */
function byNode(edges: string, condition: string): string {
  return `SELECT role, node, groupArray(hour) AS hours, groupArray(spent) AS spent, groupArray(answers) AS answers FROM (
      SELECT who.1 AS role, who.2 AS node, intDiv(at, 3600) * 3600 AS hour, sum(spent_us) AS spent, sum(count) AS answers
      FROM (SELECT at, spent_us, count, ${ENDS} FROM (${edges}))
      WHERE ${condition} GROUP BY role, node, hour ORDER BY role DESC, node, hour
    ) GROUP BY role, node ORDER BY role DESC, node LIMIT ${2 * NODES_MAX}`;
}

/** The hours of the window, at most nine, and the parameters by which the hours before them are asked for. */
export function hoursAsked(
  window: Window,
  scope: Scope,
): { readonly targets: readonly number[]; readonly parameters: Parameters } {
  const newest = Math.floor(window.fromUs / HOUR_US) * HOUR_US;
  const until = Math.min(window.toUs, newest + TARGETS_MAX * HOUR_US);
  const targets = Array.from(
    { length: Math.ceil((until - newest) / HOUR_US) },
    (_, index) => newest + index * HOUR_US,
  );
  return {
    targets,
    parameters: {
      ...parametersOf(window, scope),
      hoursOfDay: targets.map((hourUs) => (hourUs / HOUR_US) % 24),
      oldestSeconds: newest / SECOND_US - WEEKS_HOURS * 3_600,
      newestSeconds: newest / SECOND_US,
    },
  };
}

/** For each node and each hour of the window of which enough is known. @throws MirrorSqlError */
export async function readSeasons(
  store: Store,
  window: Window,
  scope: Scope,
): Promise<SeasonFacts[]> {
  const { targets, parameters: asked } = hoursAsked(window, scope);
  const parameters = { ...asked, incidentSeconds: INCIDENT_MAX_US / SECOND_US };
  const [known, bad] = await Promise.all([
    ask<NodeHours>(store, byNode(edgesOf('class_1h', 'true'), 'true'), parameters),
    ask(store, `SELECT 1 FROM (${NOT_WELL}) LIMIT 1`, parameters),
  ]);
  if (known.length === 0) return [];
  const badHours = bad.length === 0 ? [] : await ask<NodeHours>(store, BAD_HOURS, parameters);
  const badOf = new Map(badHours.map((one) => [nodeKey(one), one]));
  return known.flatMap((node) => {
    const { role } = node;
    const hours = hoursOf(node, badOf.get(nodeKey(node)));
    const seasons: SeasonFacts[] = [];
    for (const hourUs of targets) {
      const season = seasonOf(hours, hourUs / SECOND_US);
      if (season !== undefined) seasons.push({ role, node: node.node, hourUs, ...season });
    }
    return seasons;
  });
}

/** What the minutes in which a node was not well had of its hours: by their times, as only days that have any need be read. */
const BAD_HOURS = byNode(
  edgesOf(
    'class_1m',
    `t IN (SELECT t FROM (SELECT toDateTime(minute, 'UTC') AS t FROM (${BAD_MINUTES})) WHERE ${ALIKE})`,
  ),
  `(role, node, toUInt32(at)) IN (SELECT role, node, toUInt32(minute) FROM (${BAD_MINUTES}))`,
);

export interface Hour {
  readonly seconds: number;
  readonly meanUs: number;
}

/** Those with enough answers, `bad` taken out. */
function hoursOf({ hours, spent, answers }: NodeHours, bad: NodeHours | undefined): Hour[] {
  return hours.flatMap((seconds, index) => {
    const badAt = bad?.hours.indexOf(seconds) ?? -1;
    const sumUs = (spent[index] ?? 0) - (bad?.spent[badAt] ?? 0);
    const count = (answers[index] ?? 0) - (bad?.answers[badAt] ?? 0);
    return count >= ANSWERS_MIN && sumUs > 0 ? [{ seconds, meanUs: sumUs / count }] : [];
  });
}

/** By the closest likeness of which there are enough hours. */
export function seasonOf(hours: readonly Hour[], target: number): UsualHour | undefined {
  const alike = {
    'hour of the week': (seconds: number) => (target - seconds) % (7 * DAY_SECONDS) === 0,
    'hour of the day': (seconds: number) =>
      (target - seconds) % DAY_SECONDS === 0 && target - seconds <= DAYS_HOURS * 3_600,
    'any hour': (seconds: number) => target - seconds <= ANY_HOURS * 3_600,
  };
  for (const basis of SEASON_BASES) {
    const own = hours.filter(({ seconds }) => alike[basis](seconds));
    if (own.length < HOURS_MIN) continue;
    return { basis, hours: own.length, medianUs: geometricMedianOf(own) };
  }
  return undefined;
}

/** Between the two in the middle lies their geometric mean: response times differ by factors. */
function geometricMedianOf(hours: readonly Hour[]): number {
  const means = hours.map(({ meanUs }) => meanUs).sort((a, b) => a - b);
  const lower = means[(means.length - 1) >> 1] ?? 0;
  const upper = means[means.length >> 1] ?? 0;
  return Math.sqrt(lower * upper);
}

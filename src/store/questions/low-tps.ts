/**
 * What D2 needs: each minute of the busiest pairs of application host and database node, of the judged time and of the hour
 * before it. To see the numbers: `mirrorsql query "SELECT toStartOfMinute(t) AS minute, server_ip, client_ip,
 * sum(commits) + sum(rollbacks) - sum(empty_transactions) AS transactions FROM activity_1s GROUP BY ALL ORDER BY minute"`,
 * and of BEGIN: `"SELECT t, sum(answered), sum(duration_sum_us) FROM class_1m WHERE fingerprint IN (SELECT fingerprint FROM classes
 * WHERE command = 'BEGIN') GROUP BY t ORDER BY t"`.
 */
import { bucketMiddleSql } from '../../core/histogram.ts';
import type { Window } from '../../events/facts.ts';
import type { EdgeMinute, LowTpsFacts } from '../../events/low-tps.ts';
import type { Store } from '../store.ts';
import {
  ask,
  CAPTURE_IN_WINDOW,
  IN_SCOPE,
  moment,
  OF_COLLECTOR,
  type Parameters,
  SECOND_IN_WINDOW,
  SERVER,
  us,
} from './ask.ts';
import { MINUTE_US } from '../../core/time.ts';

const HISTORY_US = 3_600_000_000;
/** Of a longer window only the end is judged. */
const JUDGED_MAX_US = 6 * 3_600_000_000;
/** All other hosts of a node are told as one. */
const EDGES_MAX = 100;
const CAPTURES_MAX = 1_000;

/** The busiest pairs, the others of each node together as ''. First by pair: seconds are many, and pairs few. */
const MINUTES = `SELECT server_ip, server_port, if(place <= ${EDGES_MAX}, client_ip, '') AS client, minute,
    sum(asked) AS requests, sum(answeredInTime) AS requestsAnswered, sum(answered) AS answers, sum(good) AS normal,
    sum(ended) AS transactions, sum(spentUs) AS durationSumUs, sumMap(spread) AS durations,
    arraySum(mapValues(durations)) AS counted, sum(refused) AS connectionsRefused, max(open) AS connectionsOpen,
    max(waiting) AS outstanding, max(ageUs) AS outstandingAgeMaxUs, sum(size) AS bytes, sum(lost) AS lostBytes
  FROM (
    SELECT *, dense_rank() OVER (ORDER BY total DESC, ${SERVER}, client_ip) AS place FROM (
      SELECT *, sum(asked) OVER (PARTITION BY server_ip, server_port, client_ip) AS total FROM (
        SELECT server_ip, server_port, client_ip, toStartOfMinute(t) AS minute, sum(requests) AS asked,
          sum(requests_answered) AS answeredInTime, sum(a.answers) AS answered, sum(a.normal) AS good,
          sum(commits) + sum(rollbacks) - sum(empty_transactions) AS ended, sum(duration_sum_us) AS spentUs,
          sumMap(a.durations) AS spread, sum(connections_refused) AS refused, max(connections_open) AS open,
          max(a.outstanding) AS waiting, max(outstanding_age_max_us) AS ageUs,
          sum(bytes_request) + sum(bytes_response) AS size, sum(lost_bytes) AS lost
        FROM activity_1s AS a WHERE ${SECOND_IN_WINDOW} AND ${IN_SCOPE}
        GROUP BY server_ip, server_port, client_ip, minute
      )
    )
  ) GROUP BY server_ip, server_port, client, minute`;

/** The bucket below which, or in which, one in twenty of the answers lies. */
const FLOOR = bucketMiddleSql(
  'tupleElement(arrayFirst(one -> one.2 >= 0.05 * counted, arrayZip(mapKeys(durations), arrayCumSum(mapValues(durations)))), 1)',
);

type Control = Pick<EdgeMinute, 'begins' | 'beginSumUs' | 'ends' | 'endSumUs'>;
type ControlMinute = Control & Pick<EdgeMinute, 'server' | 'client' | 'startUs'>;
const NO_CONTROL: Control = { begins: 0, beginSumUs: 0, ends: 0, endSumUs: 0 };

/** BEGIN, and COMMIT or ROLLBACK, by minute and pair. */
const CONTROL_MINUTES = `SELECT ${SERVER} AS server, client_ip AS client,
    toInt64(toUnixTimestamp(t)) * 1000000 AS startUs,
    sumIf(c.answered, fingerprint IN beginning) AS begins, sumIf(c.duration_sum_us, fingerprint IN beginning) AS beginSumUs,
    sumIf(c.answered, fingerprint NOT IN beginning) AS ends, sumIf(c.duration_sum_us, fingerprint NOT IN beginning) AS endSumUs
  FROM class_1m AS c
  WHERE t >= ${moment('fromUs')} AND t < ${moment('toUs')}
    AND ${IN_SCOPE} AND fingerprint IN (
      SELECT fingerprint FROM classes WHERE command IN ('BEGIN', 'START TRANSACTION', 'COMMIT', 'END', 'ROLLBACK'))
  GROUP BY server, client, startUs`.replaceAll(
  'beginning',
  "(SELECT fingerprint FROM classes WHERE command IN ('BEGIN', 'START TRANSACTION'))",
);

/** @throws MirrorSqlError */
export async function readLowTps(
  store: Store,
  window: Window,
  scoped: Parameters,
): Promise<LowTpsFacts> {
  const judgedFromUs = Math.max(window.fromUs, window.toUs - JUDGED_MAX_US);
  const historyFromUs = Math.floor((judgedFromUs - HISTORY_US) / MINUTE_US) * MINUTE_US;
  // From a whole second before the first minute on: SECOND_IN_WINDOW takes seconds that overlap.
  const parameters = { ...scoped, fromUs: historyFromUs };
  const [minutes, control, captured] = await Promise.all([
    ask<Omit<EdgeMinute, keyof Control>>(
      store,
      `SELECT ${SERVER} AS server, client, toInt64(toUnixTimestamp(minute)) * 1000000 AS startUs, requests, requestsAnswered,
        answers, normal, transactions, durationSumUs, if(counted = 0, NULL, ${FLOOR}) AS floorUs, connectionsRefused,
        connectionsOpen, outstanding, outstandingAgeMaxUs, bytes, lostBytes
      FROM (${MINUTES}) ORDER BY startUs, server, client`,
      parameters,
    ),
    ask<ControlMinute>(store, CONTROL_MINUTES, parameters),
    ask<{ fromUs: number; toUs: number }>(
      store,
      `SELECT ${us('first_packet_ts')} AS fromUs, ${us('last_packet_ts')} AS toUs FROM captures FINAL
      WHERE ${CAPTURE_IN_WINDOW} AND ${OF_COLLECTOR}
      ORDER BY fromUs LIMIT ${CAPTURES_MAX}`,
      parameters,
    ),
  ]);
  const key = ({ server, client, startUs }: Pick<EdgeMinute, 'server' | 'client' | 'startUs'>) =>
    `${server} ${client} ${startUs}`;
  const controlOf = new Map(
    control.map((row) => {
      const { begins, beginSumUs, ends, endSumUs } = row;
      return [key(row), { begins, beginSumUs, ends, endSumUs }];
    }),
  );
  return {
    historyFromUs,
    judgedFromUs,
    // Into the rows themselves: copies of so many columns cost as much as all else that is done to them.
    minutes: minutes.map((row) => Object.assign(row, controlOf.get(key(row)) ?? NO_CONTROL)),
    captured,
  };
}

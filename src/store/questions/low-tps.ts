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
  IN_SCOPE,
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

/** BEGIN, and COMMIT or ROLLBACK, by minute and pair. */
const CONTROL_MINUTES = `SELECT ${SERVER} AS server, client_ip AS client,
    toInt64(toUnixTimestamp(t)) * 1000000 AS startUs,
    sumIf(c.answered, fingerprint IN beginning) AS begins, sumIf(c.duration_sum_us, fingerprint IN beginning) AS beginSumUs,
    sumIf(c.answered, fingerprint NOT IN beginning) AS ends, sumIf(c.duration_sum_us, fingerprint NOT IN beginning) AS endSumUs
  FROM class_1m AS c
  WHERE t >= fromUnixTimestamp64Micro({fromUs:Int64}, 'UTC') AND t < fromUnixTimestamp64Micro({toUs:Int64}, 'UTC')
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
  const [minutes, captured] = await Promise.all([
    ask<EdgeMinute>(
      store,
      `SELECT minutes.server AS server, minutes.client AS client, minutes.startUs AS startUs, requests, requestsAnswered, answers, normal, transactions, durationSumUs,
        if(counted = 0, NULL, ${bucketMiddleSql(
          'tupleElement(arrayFirst(one -> one.2 >= 0.05 * counted, arrayZip(mapKeys(spread), arrayCumSum(mapValues(spread)))), 1)',
        )}) AS floorUs,
        begins, beginSumUs, ends, endSumUs, connectionsRefused, connectionsOpen, outstanding, outstandingAgeMaxUs, bytes, lostBytes
      FROM (
        SELECT ${SERVER} AS server, if((server_ip, server_port, client_ip) IN (
            SELECT server_ip, server_port, client_ip FROM activity_1s WHERE ${SECOND_IN_WINDOW} AND ${IN_SCOPE}
            GROUP BY server_ip, server_port, client_ip
            ORDER BY sum(requests) DESC, ${SERVER}, client_ip LIMIT ${EDGES_MAX}
          ), client_ip, '') AS client,
          toInt64(toUnixTimestamp(toStartOfMinute(t))) * 1000000 AS startUs,
          sum(a.requests) AS requests, sum(a.requests_answered) AS requestsAnswered, sum(a.answers) AS answers,
          sum(a.normal) AS normal, sum(a.commits) + sum(a.rollbacks) - sum(a.empty_transactions) AS transactions,
          sum(a.duration_sum_us) AS durationSumUs, sumMap(a.durations) AS spread, arraySum(mapValues(spread)) AS counted,
          sum(a.connections_refused) AS connectionsRefused, max(a.connections_open) AS connectionsOpen,
          max(a.outstanding) AS outstanding, max(a.outstanding_age_max_us) AS outstandingAgeMaxUs,
          sum(a.bytes_request) + sum(a.bytes_response) AS bytes, sum(a.lost_bytes) AS lostBytes
        FROM activity_1s AS a WHERE ${SECOND_IN_WINDOW} AND ${IN_SCOPE}
        GROUP BY server_ip, server_port, client, startUs
      ) AS minutes
      LEFT JOIN (${CONTROL_MINUTES}) AS control
        ON minutes.server = control.server AND minutes.client = control.client AND minutes.startUs = control.startUs
      ORDER BY startUs, server, client`,
      parameters,
    ),
    ask<{ fromUs: number; toUs: number }>(
      store,
      `SELECT ${us('first_packet_ts')} AS fromUs, ${us('last_packet_ts')} AS toUs FROM captures FINAL
      WHERE first_packet_ts < fromUnixTimestamp64Micro({toUs:Int64}, 'UTC')
        AND last_packet_ts >= fromUnixTimestamp64Micro({fromUs:Int64}, 'UTC')
        AND ${OF_COLLECTOR}
      ORDER BY fromUs LIMIT ${CAPTURES_MAX}`,
      parameters,
    ),
  ]);
  return { historyFromUs, judgedFromUs, minutes, captured };
}

/** Each second of the busiest nodes, for their health. */
import type { Extent, Window } from '../../events/facts.ts';
import type { NodeRole, NodeSecond } from '../../events/health.ts';
import type { Store } from '../store.ts';
import { bucketMiddleSql } from '../../core/histogram.ts';
import { ask, IN_SCOPE, type Parameters, parametersOf, SECOND_IN_WINDOW, SERVER } from './ask.ts';

/** What a node usually does is learnt from the hour before the window. */
const LEARNT_FROM_US = 3_600_000_000;
/** Of a longer window only the end is judged: seconds are many. */
const JUDGED_MAX_US = 6 * 3_600_000_000;
/** Of each role; those with the fewest requests are not judged. */
const NODES_MAX = 40;

/** What is read to judge `window`: from the hour before it, as far as there is data. */
export function healthWindowOf(window: Window, extent: NonNullable<Extent>): Window {
  const toUs = Math.min(window.toUs, extent.toUs);
  const judgedFromUs = Math.max(window.fromUs, toUs - JUDGED_MAX_US);
  return { fromUs: Math.max(extent.fromUs, judgedFromUs - LEARNT_FROM_US), toUs };
}

/** In order of time; seconds of which nothing is stored are left out. @throws MirrorSqlError */
export async function readNodeSeconds(
  store: Store,
  window: Window,
  parameters: Parameters,
): Promise<NodeSecond[]> {
  const asked = { ...parameters, fromUs: Math.round(window.fromUs), toUs: Math.round(window.toUs) };
  const both = await Promise.all([
    readRole(store, 'server', SERVER, asked),
    readRole(store, 'client', 'client_ip', asked),
  ]);
  return both.flat();
}

/** Of each role, for the one who keeps the states of all: see analysis/health/keeper.ts. */
const KEPT_NODES_MAX = 500;

/** The same for what one collector saw, of many more nodes. @throws MirrorSqlError */
export async function readNodeSecondsOf(
  store: Store,
  window: Window,
  collector: string,
): Promise<NodeSecond[]> {
  // Whole seconds: one that the window only touches at its end is the next window's.
  const asked = parametersOf(window, collector === '' ? {} : { collector });
  const both = await Promise.all([
    readRole(store, 'server', SERVER, asked, KEPT_NODES_MAX),
    readRole(store, 'client', 'client_ip', asked, KEPT_NODES_MAX),
  ]);
  return both.flat();
}

/** Start of the newest second of which a collector stored anything. @throws MirrorSqlError */
export async function readNewestSecond(
  store: Store,
  collector: string,
): Promise<number | undefined> {
  const [row] = await ask<{ rows: number; newestUs: number }>(
    store,
    `SELECT count() AS rows, toInt64(toUnixTimestamp(max(t))) * 1000000 AS newestUs FROM (
      SELECT max(t) AS t FROM activity_1s WHERE {collector:String} = '' OR collector = {collector:String}
        HAVING count() > 0
      UNION ALL
      SELECT max(t) AS t FROM capture_1s WHERE {collector:String} = '' OR collector = {collector:String}
        HAVING count() > 0)`,
    { collector },
  );
  return row === undefined || row.rows === 0 ? undefined : row.newestUs;
}

async function readRole(
  store: Store,
  role: NodeRole,
  node: string,
  parameters: Parameters,
  nodesMax = NODES_MAX,
): Promise<NodeSecond[]> {
  const rows = await ask<Omit<NodeSecond, 'role'>>(
    store,
    `SELECT ${node} AS node, toInt64(toUnixTimestamp(t)) * 1000000 AS startUs,
      sum(requests) AS requests, sum(answers) AS answers, sum(duration_sum_us) AS durationSumUs,
      sum(arraySum((bucket, n) -> n * pow(${bucketMiddleSql('bucket')}, 2), mapKeys(durations), mapValues(durations))) AS durationSquaresSum,
      sum(arraySum(mapValues(durations))) AS timedCount,
      sum(connections_open) AS connectionsOpen, sum(connections_in_transaction) AS connectionsInTransaction,
      sum(outstanding) AS outstanding, max(outstanding_age_max_us) AS outstandingAgeMaxUs,
      sum(connections_opened) AS connectionsOpened, sum(connections_closed) AS connectionsClosed,
      sum(connections_refused) AS connectionsRefused,
      sum(bytes_request) + sum(bytes_response) AS bytes, sum(lost_bytes) AS lostBytes
    FROM activity_1s FINAL
    WHERE ${SECOND_IN_WINDOW} AND ${IN_SCOPE} AND ${node} IN (
      SELECT ${node} FROM activity_1s WHERE ${SECOND_IN_WINDOW} AND ${IN_SCOPE}
      GROUP BY ${node} ORDER BY sum(requests) DESC, ${node} LIMIT ${nodesMax})
    GROUP BY node, t ORDER BY t`,
    parameters,
  );
  return rows.map((row) => ({ ...row, role }));
}

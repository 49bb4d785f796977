/** Each second of the busiest nodes, for their health. */
import type { Extent, Window } from '../../events/facts.ts';
import type { NodeSecond } from '../../events/health.ts';
import type { Store } from '../store.ts';
import { bucketMiddleSql } from '../../core/histogram.ts';
import { SECOND_US } from '../../core/time.ts';
import {
  ask,
  askBinary,
  IN_SCOPE,
  OF_COLLECTOR,
  type Parameters,
  parametersOf,
  SECOND_IN_WINDOW,
} from './ask.ts';
import { RowReader } from './row-reader.ts';

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
  return readNodes(store, window, parameters, NODES_MAX);
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
  return readNodes(store, window, asked, KEPT_NODES_MAX);
}

/** Start of the newest second of which a collector stored anything. @throws MirrorSqlError */
export async function readNewestSecond(
  store: Store,
  collector: string,
): Promise<number | undefined> {
  const [row] = await ask<{ rows: number; newestUs: number }>(
    store,
    `SELECT count() AS rows, toInt64(toUnixTimestamp(max(t))) * 1000000 AS newestUs FROM (
      SELECT max(t) AS t FROM activity_1s WHERE ${OF_COLLECTOR}
        HAVING count() > 0
      UNION ALL
      SELECT max(t) AS t FROM capture_1s WHERE ${OF_COLLECTOR}
        HAVING count() > 0)`,
    { collector },
  );
  return row === undefined || row.rows === 0 ? undefined : row.newestUs;
}

/**
 * Both roles from one reading. The nodes beyond the busiest stand together as '', which is also what a row says of the role
 * that it does not speak of; rows without either are left out.
 */
async function readNodes(
  store: Store,
  window: Window,
  parameters: Parameters,
  nodesMax: number,
): Promise<NodeSecond[]> {
  const busiest = (columns: string): string => `${columns} IN (
    SELECT ${columns} FROM activity_1s WHERE ${SECOND_IN_WINDOW} AND ${IN_SCOPE}
    GROUP BY ${columns} ORDER BY sum(requests) DESC, ${columns} LIMIT ${nodesMax})`;
  const answer = await askBinary(
    store,
    `SELECT server, port, client, toUInt32(t) AS second, ${NUMBERS.join(', ')}
    FROM (
      SELECT *, if(${busiest('(server_ip, server_port)')}, server_ip, '') AS server, server_port AS port,
        if(${busiest('client_ip')}, client_ip, '') AS client
      FROM activity_1s FINAL WHERE ${SECOND_IN_WINDOW} AND ${IN_SCOPE}
    ) AS a
    GROUP BY GROUPING SETS ((server, port, t), (client, t)) HAVING server != '' OR client != ''`,
    { ...parameters, fromUs: Math.round(window.fromUs), toUs: Math.round(window.toUs) },
  );
  return secondsOf(answer, window);
}

/** In the order in which `secondOf` reads them: all UInt64, the last one Float64. */
const NUMBERS = [
  'sum(a.requests)',
  'sum(a.answers)',
  'sum(a.duration_sum_us)',
  'sum(arraySum(mapValues(a.durations)))',
  'sum(a.connections_open)',
  'sum(a.connections_in_transaction)',
  'sum(a.outstanding)',
  'max(a.outstanding_age_max_us)',
  'sum(a.connections_opened)',
  'sum(a.connections_closed)',
  'sum(a.connections_refused)',
  'sum(a.bytes_request) + sum(a.bytes_response)',
  'sum(a.lost_bytes)',
  `sum(arraySum((bucket, n) -> n * pow(${bucketMiddleSql('bucket')}, 2), mapKeys(a.durations), mapValues(a.durations)))`,
];

function secondOf(reader: RowReader): NodeSecond {
  const server = reader.text();
  const port = reader.uint16();
  const client = reader.text();
  return {
    node: server === '' ? client : `${server}:${port}`,
    role: server === '' ? 'client' : 'server',
    startUs: reader.uint32() * SECOND_US,
    requests: reader.uint64(),
    answers: reader.uint64(),
    durationSumUs: reader.uint64(),
    timedCount: reader.uint64(),
    connectionsOpen: reader.uint64(),
    connectionsInTransaction: reader.uint64(),
    outstanding: reader.uint64(),
    outstandingAgeMaxUs: reader.uint64(),
    connectionsOpened: reader.uint64(),
    connectionsClosed: reader.uint64(),
    connectionsRefused: reader.uint64(),
    bytes: reader.uint64(),
    lostBytes: reader.uint64(),
    durationSquaresSum: reader.float64(),
  };
}

/** The rows of an answer, in order of time; in a second the servers first, then by name. No comparisons: rows are many. */
function secondsOf(answer: Buffer, { fromUs, toUs }: Window): NodeSecond[] {
  const first = Math.floor(fromUs / SECOND_US) - 1;
  const servers = new Map<string, NodeSecond[]>();
  const clients = new Map<string, NodeSecond[]>();
  for (const reader = new RowReader(answer); !reader.done; ) {
    const second = secondOf(reader);
    const nodes = second.role === 'server' ? servers : clients;
    let own = nodes.get(second.node);
    if (own === undefined) nodes.set(second.node, (own = []));
    own[second.startUs / SECOND_US - first] = second;
  }
  const inOrder = [servers, clients].flatMap((nodes) =>
    [...nodes.keys()].sort().map((node) => nodes.get(node) ?? []),
  );
  const rows: NodeSecond[] = [];
  for (let slot = 0; slot <= toUs / SECOND_US - first; slot++) {
    for (const own of inOrder) {
      const second = own[slot];
      if (second !== undefined) rows.push(second);
    }
  }
  return rows;
}

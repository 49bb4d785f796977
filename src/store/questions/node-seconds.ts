/** Each second of the busiest nodes, for their health. */
import type { Extent, Window } from '../../events/facts.ts';
import type { NodeSecond } from '../../events/health.ts';
import type { Store } from '../store.ts';
import { SECOND_US } from '../../core/time.ts';
import {
  ask,
  askNative,
  IN_SCOPE,
  OF_COLLECTOR,
  type Parameters,
  parametersOf,
  SECOND_IN_WINDOW,
} from './ask.ts';
import { nativeBlocks, type NativeBlock } from './native-blocks.ts';

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
const PORTS = 65_536;

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

/** Both roles from one reading: a row with a server speaks of that server, one with a client of that client. */
async function readNodes(
  store: Store,
  window: Window,
  parameters: Parameters,
  nodesMax: number,
): Promise<NodeSecond[]> {
  const busiest = (columns: string): string => `(${columns}) IN (
    SELECT ${columns} FROM activity_1s WHERE ${SECOND_IN_WINDOW} AND ${IN_SCOPE}
    GROUP BY ${columns} ORDER BY sum(requests) DESC, ${columns} LIMIT ${nodesMax})`;
  const answer = await askNative(
    store,
    `SELECT server_ip AS server, server_port AS port, client_ip AS client, toUInt32(t) AS second,
      ${Object.entries(SUMS)
        .map(([name, sum]) => `${sum} AS ${name}`)
        .join(', ')}
    FROM activity_1s AS a FINAL WHERE ${SECOND_IN_WINDOW} AND ${IN_SCOPE}
    GROUP BY GROUPING SETS ((server_ip, server_port, t), (client_ip, t))
    HAVING (client = '' AND ${busiest('server_ip, server_port')}) OR (server = '' AND ${busiest('client_ip')})`,
    { ...parameters, fromUs: Math.round(window.fromUs), toUs: Math.round(window.toUs) },
  );
  return secondsOf(answer, window);
}

/** As they are summed up, by the names that NodeSecond has for them. */
const SUMS = {
  requests: 'sum(a.requests)',
  answers: 'sum(a.answers)',
  durationSumUs: 'sum(a.duration_sum_us)',
  durationSquaresSum: 'sum(a.duration_squares_sum)',
  timedCount: 'sum(a.durations_count)',
  connectionsOpen: 'sum(a.connections_open)',
  connectionsInTransaction: 'sum(a.connections_in_transaction)',
  outstanding: 'sum(a.outstanding)',
  outstandingAgeMaxUs: 'max(a.outstanding_age_max_us)',
  connectionsOpened: 'sum(a.connections_opened)',
  connectionsClosed: 'sum(a.connections_closed)',
  connectionsRefused: 'sum(a.connections_refused)',
  bytes: 'sum(a.bytes_request) + sum(a.bytes_response)',
  lostBytes: 'sum(a.lost_bytes)',
} as const satisfies Readonly<Partial<Record<keyof NodeSecond, string>>>;

/** The rows of an answer, in order of time; in a second the servers first, then by name. No comparisons: rows are many. */
function secondsOf(answer: Buffer, { fromUs, toUs }: Window): NodeSecond[] {
  const first = Math.floor(fromUs / SECOND_US) - 1;
  const servers = new Map<string, NodeSecond[]>();
  const clients = new Map<string, NodeSecond[]>();
  for (const block of nativeBlocks(answer)) {
    for (const second of secondsIn(block)) {
      const nodes = second.role === 'server' ? servers : clients;
      let own = nodes.get(second.node);
      if (own === undefined) nodes.set(second.node, (own = []));
      own[second.startUs / SECOND_US - first] = second;
    }
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

function* secondsIn({ rowsCount, texts, numbers }: NativeBlock): Generator<NodeSecond> {
  const [servers, clients] = [texts.get('server'), texts.get('client')];
  const [ports, starts] = [numbers.get('port'), numbers.get('second')];
  const of = (name: keyof typeof SUMS): ArrayLike<number> => numbers.get(name) ?? [];
  const columns = {
    requests: of('requests'),
    answers: of('answers'),
    durationSumUs: of('durationSumUs'),
    durationSquaresSum: of('durationSquaresSum'),
    timedCount: of('timedCount'),
    connectionsOpen: of('connectionsOpen'),
    connectionsInTransaction: of('connectionsInTransaction'),
    outstanding: of('outstanding'),
    outstandingAgeMaxUs: of('outstandingAgeMaxUs'),
    connectionsOpened: of('connectionsOpened'),
    connectionsClosed: of('connectionsClosed'),
    connectionsRefused: of('connectionsRefused'),
    bytes: of('bytes'),
    lostBytes: of('lostBytes'),
  };
  // One text a server, not one a row: rows are put together by it.
  const names = new Map<number, string>();
  const nameOf = (server: string, index: number, port: number): string => {
    const key = index * PORTS + port;
    const name = names.get(key) ?? `${server}:${port}`;
    names.set(key, name);
    return name;
  };
  for (let row = 0; row < rowsCount; row++) {
    const index = servers?.indexes[row] ?? 0;
    const server = servers?.texts[index] ?? '';
    const client = clients?.texts[clients.indexes[row] ?? 0] ?? '';
    yield {
      node: server === '' ? client : nameOf(server, index, ports?.[row] ?? 0),
      role: server === '' ? 'client' : 'server',
      startUs: (starts?.[row] ?? 0) * SECOND_US,
      requests: columns.requests[row] ?? 0,
      answers: columns.answers[row] ?? 0,
      durationSumUs: columns.durationSumUs[row] ?? 0,
      durationSquaresSum: columns.durationSquaresSum[row] ?? 0,
      timedCount: columns.timedCount[row] ?? 0,
      connectionsOpen: columns.connectionsOpen[row] ?? 0,
      connectionsInTransaction: columns.connectionsInTransaction[row] ?? 0,
      outstanding: columns.outstanding[row] ?? 0,
      outstandingAgeMaxUs: columns.outstandingAgeMaxUs[row] ?? 0,
      connectionsOpened: columns.connectionsOpened[row] ?? 0,
      connectionsClosed: columns.connectionsClosed[row] ?? 0,
      connectionsRefused: columns.connectionsRefused[row] ?? 0,
      bytes: columns.bytes[row] ?? 0,
      lostBytes: columns.lostBytes[row] ?? 0,
    };
  }
}

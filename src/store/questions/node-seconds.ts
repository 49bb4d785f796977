/** Each second of the busiest nodes, for their health. */
import type { Extent, Window } from '../../events/facts.ts';
import type { NodeRole } from '../../events/health.ts';
import { columnsFrom, type NodeSeconds, type SecondColumn } from '../../events/node-seconds.ts';
import { nodeKey } from '../../events/seasons.ts';
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

/** Servers first, then by name. @throws MirrorSqlError */
export async function readNodeSeconds(
  store: Store,
  window: Window,
  parameters: Parameters,
): Promise<NodeSeconds[]> {
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
): Promise<NodeSeconds[]> {
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

/** Whose seconds they are: columns of a row that name a node, and all that a row tells of both roles. */
const ROLES = {
  server: {
    node: 'server_ip, server_port',
    told: "server_ip AS server, server_port AS port, CAST('' AS LowCardinality(String)) AS client",
  },
  client: {
    node: 'client_ip',
    told: "CAST('' AS LowCardinality(String)) AS server, toUInt16(0) AS port, client_ip AS client",
  },
} as const satisfies Readonly<Record<NodeRole, unknown>>;

/**
 * Of each role the busiest, chosen before their seconds are added up: of hundreds of clients that costs a tenth of choosing
 * afterwards. GLOBAL: on a cluster the choice is made once, and not by each shard.
 */
async function readNodes(
  store: Store,
  window: Window,
  parameters: Parameters,
  nodesMax: number,
): Promise<NodeSeconds[]> {
  const sums = Object.entries(SUMS).map(([name, sum]) => `toFloat64(${sum}) AS ${name}`);
  const seconds = ({ node, told }: (typeof ROLES)[NodeRole]): string =>
    `SELECT ${told}, toUInt32(t) AS second, ${sums.join(', ')}
    FROM activity_1s AS a FINAL WHERE ${SECOND_IN_WINDOW} AND ${IN_SCOPE} AND (${node}) GLOBAL IN (
      SELECT ${node} FROM activity_1s WHERE ${SECOND_IN_WINDOW} AND ${IN_SCOPE}
      GROUP BY ${node} ORDER BY sum(requests) DESC, ${node} LIMIT ${nodesMax})
    GROUP BY ${node}, t`;
  const answer = await askNative(
    store,
    `${seconds(ROLES.server)} UNION ALL ${seconds(ROLES.client)}`,
    { ...parameters, fromUs: Math.round(window.fromUs), toUs: Math.round(window.toUs) },
  );
  return secondsOf(answer, window);
}

/** As they are summed up, by the names of their columns: below 2^53, where a Float64 is exact and needs no reading. */
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
} as const satisfies Readonly<Record<Exclude<SecondColumn, 'startUs'>, string>>;
const SUM_NAMES = Object.keys(SUMS) as (keyof typeof SUMS)[];

/** A node while its rows are put together. */
interface Found {
  readonly node: string;
  readonly role: NodeRole;
  /** By second of the window: whether there is a row; then how many rows there are before it, of all nodes. */
  readonly places: Uint32Array;
  count: number;
}

/** Of an answer: its blocks, and for each row of a block the index of its node. */
interface Answered {
  readonly found: readonly Found[];
  readonly blocks: readonly { readonly block: NativeBlock; readonly nodes: Uint32Array }[];
}

/**
 * The rows of an answer by node, each node's in order of time. All nodes lie one after the other in the same columns,
 * which are filled one after the other: rows are many.
 */
function secondsOf(answer: Buffer, window: Window): NodeSeconds[] {
  const first = Math.floor(window.fromUs / SECOND_US) - 1;
  const { found, blocks } = nodesOf(answer, first, Math.ceil(window.toUs / SECOND_US) - first);
  const begins = placed(found);
  const all = columnsFrom(() => new Float64Array(begins.at(-1) ?? 0));
  for (const { block, nodes } of blocks) {
    const starts = block.numbers.get('second') ?? [];
    const places = new Uint32Array(block.rowsCount);
    for (let row = 0; row < block.rowsCount; row++) {
      const second = starts[row] ?? 0;
      const place = found[nodes[row] ?? 0]?.places[second - first] ?? 0;
      places[row] = place;
      all.startUs[place] = second * SECOND_US;
    }
    for (const name of SUM_NAMES) fill(all[name], places, block.numbers.get(name) ?? []);
  }
  return found
    .map(({ node, role, count }, index) => {
      const begin = begins[index] ?? 0;
      return {
        node,
        role,
        count,
        columns: columnsFrom((name) => all[name].subarray(begin, begin + count)),
      };
    })
    .sort((a, b) =>
      a.role === b.role ? (a.node < b.node ? -1 : 1) : a.role === 'server' ? -1 : 1,
    );
}

function fill(column: Float64Array, places: Uint32Array, values: ArrayLike<number>): void {
  for (let row = 0; row < places.length; row++) column[places[row] ?? 0] = values[row] ?? 0;
}

/** Says in `places` where the row of each second lies. @returns where the rows of each node begin, and where all end */
function placed(found: readonly Found[]): number[] {
  let before = 0;
  const begins = found.map(({ places }) => {
    const begin = before;
    for (let slot = 0; slot < places.length; slot++) {
      const rows = places[slot] ?? 0;
      places[slot] = before;
      before += rows;
    }
    return begin;
  });
  return [...begins, before];
}

/** @param slots seconds that rows may be of, from `first` on */
function nodesOf(answer: Buffer, first: number, slots: number): Answered {
  const found: Found[] = [];
  const indexes = new Map<string, number>();
  const indexOf = (node: string, role: NodeRole): number => {
    const key = nodeKey({ node, role });
    const known = indexes.get(key);
    if (known !== undefined) return known;
    indexes.set(key, found.length);
    return found.push({ node, role, places: new Uint32Array(slots), count: 0 }) - 1;
  };
  const blocks = [...nativeBlocks(answer)].map((block) => {
    const nodes = nodesIn(block, indexOf);
    const starts = block.numbers.get('second') ?? [];
    for (let row = 0; row < block.rowsCount; row++) {
      const own = found[nodes[row] ?? 0];
      if (own === undefined) continue;
      own.places[(starts[row] ?? 0) - first] = 1;
      own.count++;
    }
    return { block, nodes };
  });
  return { found, blocks };
}

/** Of each row the index of its node, for which a text is made once and not for every row. */
function nodesIn(
  { rowsCount, texts, numbers }: NativeBlock,
  indexOf: (node: string, role: NodeRole) => number,
): Uint32Array {
  const [servers, clients] = [texts.get('server'), texts.get('client')];
  const ports = numbers.get('port');
  const known = new Map<number, number>();
  const nodes = new Uint32Array(rowsCount);
  for (let row = 0; row < rowsCount; row++) {
    const text = servers?.indexes[row] ?? 0;
    const server = servers?.texts[text] ?? '';
    const client = clients?.indexes[row] ?? 0;
    const port = ports?.[row] ?? 0;
    const key = server === '' ? -1 - client : text * PORTS + port;
    let index = known.get(key);
    if (index === undefined) {
      index =
        server === ''
          ? indexOf(clients?.texts[client] ?? '', 'client')
          : indexOf(`${server}:${port}`, 'server');
      known.set(key, index);
    }
    nodes[row] = index;
  }
  return nodes;
}

/** What the collectors of a window could not see, each for itself and all together. */
import type { CaptureFacts, CollectorFacts, Window, WindowFacts } from '../../events/facts.ts';
import { Quality, QUALITY_IN_PART } from '../../events/quality.ts';
import type { Store } from '../store.ts';
import {
  ask,
  CAPTURE_IN_WINDOW,
  IN_SCOPE,
  inWindow,
  moment,
  OF_COLLECTOR,
  openSessions,
  type Parameters,
  us,
} from './ask.ts';
import {
  CAPTURE_SPANS,
  type CapturesOf,
  countDoubledByCaptures,
  countDoubledByCollectors,
} from './doubled-connections.ts';

/** Collectors told one by one; those with the fewest packets are left out of the list, not of the sums. */
const COLLECTORS_MAX = 200;

const ONE_WAY = `bitAnd(quality, ${Quality.OneWay}) != 0`;

type CaptureRow = Omit<
  CollectorFacts,
  'statementsWithFlaw' | 'encryptedSessions' | 'clientOnlySessions' | 'serverOnlySessions'
>;
interface Count {
  readonly collector: string;
  readonly count: number;
}

/** Connections that were open, and of how many only one way was seen. */
interface Connections extends Count {
  readonly clientOnly: number;
  readonly serverOnly: number;
}

export async function readCapture(
  store: Store,
  window: Window,
  parameters: Parameters,
): Promise<Pick<WindowFacts, 'capture' | 'collectors' | 'channelsCount'>> {
  const [captures, flawed, encrypted, connections, rowsRetired] = await Promise.all([
    ask<CaptureRow & CapturesOf>(
      store,
      `SELECT collector, ${us('min(first_packet_ts)')} AS firstUs, ${us('max(last_packet_ts)')} AS lastUs,
        sum(captures.packets) AS packets, sum(captures.bytes) AS bytes, sum(lost_bytes) AS lostBytes,
        sum(captures.gaps) AS gaps, sum(unanswered_requests) AS unanswered, sum(unmatched_answers) AS unmatchedAnswers,
        sum(frames_refused) AS framesRefused, sum(dropped_by_limit) AS droppedByLimit, ${CAPTURE_SPANS} AS spans
      FROM captures FINAL WHERE ${CAPTURE_IN_WINDOW} AND ${OF_COLLECTOR} GROUP BY collector`,
      parameters,
    ),
    ask<Count>(
      store,
      // Left to itself ClickHouse may read the moment of each execution first, of millions.
      `SELECT collector, count() AS count FROM events PREWHERE bitAnd(quality, ${QUALITY_IN_PART}) != 0
      WHERE ${inWindow('ts')} AND ${IN_SCOPE} GROUP BY collector`,
      parameters,
    ),
    ask<Count>(
      store,
      `SELECT collector, uniqExact(session_id) AS count FROM session_events
      WHERE type = 'encrypted' AND ${inWindow('ts')} AND ${IN_SCOPE} GROUP BY collector`,
      parameters,
    ),
    ask<Connections>(
      store,
      `SELECT collector, count() AS count, countIf(${ONE_WAY} AND bytes_response = 0) AS clientOnly,
        countIf(${ONE_WAY} AND bytes_request = 0) AS serverOnly
      FROM ${openSessions()} GROUP BY collector`,
      parameters,
    ),
    countRetired(store, parameters),
  ]);
  const rows = captures.map(({ spans: _spans, ...row }) => row);
  const oneWay = connections.filter(({ clientOnly, serverOnly }) => clientOnly + serverOnly > 0);
  const collectors = joined(rows, flawed, encrypted, oneWay);
  const [connectionsDoubled, connectionsLoadedTwice] = await Promise.all([
    collectors.length > 1 ? countDoubledByCollectors(store, parameters) : 0,
    countDoubledByCaptures(store, captures, window, parameters),
  ]);
  return {
    capture: { ...sumOf(collectors), connectionsDoubled, connectionsLoadedTwice, rowsRetired },
    channelsCount: connections.reduce((sum, { count }) => sum + count, 0),
    collectors: [...collectors]
      .sort((a, b) => b.packets - a.packets)
      .slice(0, COLLECTORS_MAX)
      .sort((a, b) => (a.collector < b.collector ? -1 : 1)),
  };
}

const NOTHING = {
  packets: 0,
  bytes: 0,
  lostBytes: 0,
  gaps: 0,
  statementsWithFlaw: 0,
  unanswered: 0,
  unmatchedAnswers: 0,
  framesRefused: 0,
  droppedByLimit: 0,
  encryptedSessions: 0,
  clientOnlySessions: 0,
  serverOnlySessions: 0,
} as const satisfies Omit<
  CaptureFacts,
  'connectionsDoubled' | 'connectionsLoadedTwice' | 'rowsRetired'
>;

/** A collector may have stored events of the window before it has told of its capture. */
function joined(
  captures: readonly CaptureRow[],
  flawed: readonly Count[],
  encrypted: readonly Count[],
  oneWay: readonly Connections[],
): CollectorFacts[] {
  const names = new Set(
    [...captures, ...flawed, ...encrypted, ...oneWay].map(({ collector }) => collector),
  );
  const countOf = (counts: readonly Count[], name: string): number =>
    counts.find(({ collector }) => collector === name)?.count ?? 0;
  return [...names].map((name) => ({
    ...NOTHING,
    firstUs: null,
    lastUs: null,
    ...captures.find(({ collector }) => collector === name),
    collector: name,
    statementsWithFlaw: countOf(flawed, name),
    encryptedSessions: countOf(encrypted, name),
    clientOnlySessions: oneWay.find(({ collector }) => collector === name)?.clientOnly ?? 0,
    serverOnlySessions: oneWay.find(({ collector }) => collector === name)?.serverOnly ?? 0,
  }));
}

function sumOf(
  collectors: readonly CollectorFacts[],
): Omit<CaptureFacts, 'connectionsDoubled' | 'connectionsLoadedTwice' | 'rowsRetired'> {
  const sums: Record<keyof typeof NOTHING, number> = { ...NOTHING };
  for (const name of Object.keys(NOTHING) as (keyof typeof NOTHING)[]) {
    for (const collector of collectors) sums[name] += collector[name];
  }
  return sums;
}

/** Summaries are not counted: they tell of the same rows. */
async function countRetired(store: Store, parameters: Parameters): Promise<number> {
  const [row] = await ask<{ count: number }>(
    store,
    `SELECT sum(dropped.rows) AS count FROM dropped FINAL
    WHERE table NOT IN ('class_1m', 'class_1h', 'error_1m', 'failures')
      AND first_ts < ${moment('toUs')}
      AND last_ts >= ${moment('fromUs')}`,
    parameters,
  );
  return row?.count ?? 0;
}

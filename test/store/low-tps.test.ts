/** D2 in the store: minutes of pairs of hosts and databases, and when anything was captured. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { bucketOf } from '../../src/core/histogram.ts';
import { decimalSeconds } from '../../src/store/captures.ts';
import { readWindowFacts } from '../../src/store/questions/window-facts.ts';
import { SegmentSink } from '../../src/store/segment-sink.ts';
import { SegmentWriter } from '../../src/store/writer.ts';
import { ipv4, makeActivity, makeClass, makeSession, makeStatement } from './synthetic.ts';
import { rowsOf, temporaryStore, type TemporaryStore } from './temporary-store.ts';

const SECOND = 1_000_000;
const MINUTE = 60 * SECOND;
const BASE_US = 1_790_000_040_000_000;
const window = { fromUs: BASE_US, toUs: BASE_US + 10 * MINUTE };

let temporary: TemporaryStore;

beforeAll(async () => {
  temporary = await temporaryStore();
  const { store } = temporary;
  const writer = new SegmentWriter(store);
  const sink = new SegmentSink({
    directory: temporary.directory,
    describe: () => ({ tables: [], columns: [] }),
    onSealed: (segment) => writer.enqueue(segment),
  });
  const second = (secondUs: number, given: Parameters<typeof makeActivity>[0] = {}): void =>
    sink.activity(makeActivity({ secondUs, answers: 10, requests: 12, commits: 5, ...given }));
  second(BASE_US - 61 * MINUTE);
  second(BASE_US - MINUTE, {
    requestsAnswered: 9,
    normal: 8,
    rollbacks: 3,
    emptyTransactions: 2,
    durationSumUs: 777,
    // Nine short answers, one of 5 %, and ninety long ones: the floor is the fifth of a hundred.
    durationBuckets: new Map([
      [bucketOf(100), 4],
      [bucketOf(300), 6],
      [bucketOf(9_000), 90],
    ]),
    connectionsOpen: 7,
    connectionsRefused: 1,
    outstanding: 4,
    outstandingAgeMaxUs: 12_000_000,
    requestBytes: 100,
    responseBytes: 200,
    lostBytes: 30,
  });
  second(BASE_US - MINUTE + 59 * SECOND, { connectionsOpen: 3, outstanding: 9 });
  const session = makeSession(0);
  for (const [number, command, durationUs] of [
    [1, 'BEGIN', 200],
    [2, 'START TRANSACTION', 300],
    [3, 'COMMIT', 900],
    [4, 'ROLLBACK', 100],
    [5, 'SELECT', 5_000],
  ] as const) {
    const statementClass = makeClass(number, { command, normalized: command });
    sink.statement(
      makeStatement(session, { tsUs: BASE_US - MINUTE + number, statementClass, durationUs }),
    );
  }
  second(BASE_US + 5 * SECOND, { clientAddress: ipv4(10, 0, 0, 2) });
  for (let host = 0; host < 120; host++) {
    second(BASE_US + 2 * MINUTE, { clientAddress: ipv4(10, 5, 0, host), requests: 1 });
  }
  sink.seal();
  await sink.settled();
  await writer.flush();
  await store.client.insert({
    table: 'captures',
    values: [
      { first_packet_ts: BASE_US - 5 * SECOND, last_packet_ts: BASE_US + 3 * MINUTE },
      { first_packet_ts: BASE_US - 5_000 * MINUTE, last_packet_ts: BASE_US - 4_000 * MINUTE },
    ].map(({ first_packet_ts, last_packet_ts }, index) => ({
      capture_id: String(index).repeat(32),
      first_packet_ts: decimalSeconds(first_packet_ts),
      last_packet_ts: decimalSeconds(last_packet_ts),
      stored_at: 1_790_000_000,
    })),
    format: 'JSONEachRow',
  });
});
afterAll(() => temporary.remove());

it('minutes add up seconds, the hour before is told, and captures that touch them', async () => {
  const { lowTps } = await readWindowFacts(temporary.store, window);
  expect(lowTps).toMatchObject({ historyFromUs: BASE_US - 60 * MINUTE, judgedFromUs: BASE_US });
  expect(lowTps.captured).toEqual([{ fromUs: BASE_US - 5 * SECOND, toUs: BASE_US + 3 * MINUTE }]);
  const first = lowTps.minutes[0];
  expect(first).toEqual({
    server: '10.0.1.1:5432',
    client: '10.0.0.1',
    startUs: BASE_US - MINUTE,
    requests: 24,
    requestsAnswered: 9,
    answers: 20,
    normal: 8,
    transactions: 11,
    durationSumUs: 777,
    floorUs: expect.closeTo(300, -1.5) as number,
    begins: 2,
    beginSumUs: 500,
    ends: 2,
    endSumUs: 1_000,
    connectionsRefused: 1,
    connectionsOpen: 7,
    outstanding: 9,
    outstandingAgeMaxUs: 12_000_000,
    bytes: 300,
    lostBytes: 30,
  });
  expect(lowTps.minutes[1]).toMatchObject({
    startUs: BASE_US,
    client: '10.0.0.2',
    floorUs: null,
    begins: 0,
    ends: 0,
  });
});

it('the hosts that ask least are told as one, so that nobody can fill a report with hosts', async () => {
  const { lowTps } = await readWindowFacts(temporary.store, window);
  const third = lowTps.minutes.filter(({ startUs }) => startUs === BASE_US + 2 * MINUTE);
  expect(third).toHaveLength(99);
  const rest = third.find(({ client }) => client === '');
  expect(rest).toMatchObject({ requests: 22, transactions: 110 });
  expect(
    await rowsOf(temporary.store, 'SELECT uniqExact(client_ip) AS hosts FROM activity_1s'),
  ).toEqual([{ hosts: 122 }]);
});

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bucketOf } from '../../src/core/histogram.ts';
import { Status } from '../../src/events/events.ts';
import { readWindowFacts } from '../../src/store/questions/window-facts.ts';
import { makeActivity, makeClass, makeSession, makeStatement } from './synthetic.ts';
import type { SegmentSink } from '../../src/store/segment-sink.ts';
import { temporaryStore, type TemporaryStore } from './temporary-store.ts';
import {
  BASE_US,
  change,
  HOUR,
  SECOND,
  storeThrough,
  Teller,
  window,
} from './transaction-teller.ts';

const read = makeClass(1);
const mass = makeClass(6, {
  normalized: 'DELETE FROM log WHERE day < ?',
  command: 'DELETE',
  kind: 'delete',
});

/** Only ever seen by itself. */
const alone = makeClass(7);

let temporary: TemporaryStore;

const usual = makeSession(1);
const idle = makeSession(2, { serverPort: 5433 });
const waiting = makeSession(3, { serverPort: 5433 });
const unended = makeSession(4, { serverPort: 5433 });
const batch = makeSession(5);

beforeAll(async () => {
  temporary = await temporaryStore();
  await storeThrough(temporary, tellAll);
});
afterAll(() => temporary.remove());

function tellAll(sink: SegmentSink): void {
  const teller = new Teller(sink);
  // The hour before: eighty transactions of one type on the server of `idle`.
  for (let index = 0; index < 80; index++) {
    const startUs = BASE_US - HOUR + index * SECOND;
    teller.begin(idle, startUs);
    teller.statement(idle, { statementClass: read, tsUs: startUs + 10 });
    teller.statement(idle, { statementClass: change, tsUs: startUs + 20, rowsAffected: 1 });
    teller.end(idle, startUs, startUs + 5_000, 2, 1);
  }
  // Open from 100 s to 400 s, idle since 101 s; another session waits from 200 s for the same table.
  teller.begin(idle, BASE_US + 100 * SECOND);
  teller.statement(idle, { statementClass: read, tsUs: BASE_US + 100 * SECOND + 5 });
  teller.statement(idle, { statementClass: change, tsUs: BASE_US + 101 * SECOND, rowsAffected: 3 });
  teller.begin(waiting, BASE_US + 199 * SECOND);
  teller.statement(waiting, {
    statementClass: change,
    tsUs: BASE_US + 200 * SECOND,
    durationUs: 200 * SECOND - 30_000,
    rowsAffected: 1,
  });
  teller.end(idle, BASE_US + 100 * SECOND, BASE_US + 400 * SECOND, 2, 3);
  teller.end(waiting, BASE_US + 199 * SECOND, BASE_US + 401 * SECOND, 1, 1);
  // Never ended: works when the capture ends at 600 s.
  teller.begin(unended, BASE_US + 500 * SECOND);
  teller.statement(unended, {
    statementClass: read,
    tsUs: BASE_US + 580 * SECOND,
    status: Status.Unanswered,
    durationUs: -1,
  });
  teller.sessionEnd(unended, BASE_US + 600 * SECOND, BASE_US + 500 * SECOND);
  // A batch: 3 of 4 executions delete 20,000 rows.
  for (let index = 0; index < 4; index++) {
    const startUs = BASE_US + index * 10 * SECOND;
    const rowsAffected = index === 0 ? 5 : 20_000;
    teller.begin(batch, startUs);
    teller.statement(batch, { statementClass: mass, tsUs: startUs + 1, rowsAffected });
    teller.end(batch, startUs, startUs + 2 * SECOND, 1, rowsAffected);
  }
  sink.statement(
    makeStatement(makeSession(6), { tsUs: BASE_US + 500 * SECOND, statementClass: alone }),
  );
  teller.begin(usual, BASE_US + 50 * SECOND);
  teller.statement(usual, { statementClass: read, tsUs: BASE_US + 50 * SECOND });
  teller.end(usual, BASE_US + 50 * SECOND, BASE_US + 51 * SECOND, 1);
  sink.activity(makeActivity({ secondUs: BASE_US + 599 * SECOND, serverPort: 5433, requests: 1 }));
}

describe('transactions that are open', () => {
  it('at the end of a window of the past are those that ended behind it', async () => {
    const { openTransactions } = await readWindowFacts(temporary.store, window(0, 300));
    expect(openTransactions.asOfUs).toBe(BASE_US + 300 * SECOND);
    expect(openTransactions.openCount).toBe(2);
    const [first, second] = openTransactions.open;
    expect(first).toMatchObject({
      sessionId: idle.id,
      client: '10.0.0.3',
      server: '10.0.1.1:5433',
      user: 'app2',
      sinceUs: BASE_US + 100 * SECOND,
      asOfUs: BASE_US + 300 * SECOND,
      endUs: BASE_US + 400 * SECOND,
      outcome: 'commit',
      torn: false,
      statements: 2,
      rowsAffected: 3,
      lastStatementUs: BASE_US + 101 * SECOND,
      lastAnswerUs: BASE_US + 101 * SECOND + 1_000,
      lastFingerprint: change.fingerprint,
      working: false,
      endAskedUs: null,
      sequence: [read.fingerprint, change.fingerprint],
      waiting: [
        {
          sessionId: waiting.id,
          client: '10.0.0.4',
          fingerprint: change.fingerprint,
          sinceUs: BASE_US + 200 * SECOND,
        },
      ],
    });
    expect(first).toMatchObject({ unanswered: 0, answeredUs: BASE_US + 101 * SECOND + 1_000 });
    expect(second).toMatchObject({ sessionId: waiting.id, working: true, waiting: [] });
    // Its only statement has no answer yet: it stands behind BEGIN.
    expect(second).toMatchObject({ unanswered: 1, answeredUs: BASE_US + 199 * SECOND + 1_000 });
  });

  it('bring what was usual with them', async () => {
    const { openTransactions } = await readWindowFacts(temporary.store, window(0, 300));
    const type = openTransactions.types.find(({ transactions }) => transactions >= 80);
    expect(type).toMatchObject({
      server: '10.0.1.1:5433',
      statements: [read.fingerprint, change.fingerprint],
      // With the one that is open now: its hour has begun.
      transactions: 81,
      rollbacks: 0,
      statementsCount: 162,
      rowsAffected: 83,
      rowsAffectedMax: 3,
      durationMaxUs: 300 * SECOND,
    });
    expect([...(type?.durations.values() ?? [])].reduce((a, b) => a + b, 0)).toBe(81);
    const behind = openTransactions.steps.filter(({ context }) => context === read.fingerprint);
    expect(behind.map(({ next }) => next)).toEqual([change.fingerprint]);
    // Eighty of the hour before and one of this: halved in a day.
    const hours = (1 / 24) * (300 / 3600);
    expect(behind[0]?.weight).toBeCloseTo(80 * 2 ** (-1 / 24 - hours) + 2 ** -hours, 6);
    // From answer to answer and to the end; the one that is open has ended since.
    const times = openTransactions.stepTimes.map(({ context, next, commits, stays, lefts }) => ({
      behind: context.length / 16,
      next,
      commits,
      stays: [...stays],
      lefts: [...lefts],
    }));
    expect(times).toContainEqual({
      behind: 2,
      next: 'commit',
      commits: 81,
      stays: [
        [bucketOf(5_000 - 1_020), 80],
        [bucketOf(299 * SECOND - 1_000), 1],
      ],
      lefts: [
        [bucketOf(5_000 - 1_020), 80],
        [bucketOf(299 * SECOND - 1_000), 1],
      ],
    });
    // Where the other one stands, behind BEGIN, and one step on.
    expect(new Set(times.map(({ behind }) => behind))).toEqual(new Set([0, 1, 2]));
    expect(openTransactions.classes).toContainEqual({
      fingerprint: change.fingerprint,
      normalized: change.normalized,
      command: 'UPDATE',
      kind: 'update',
      tables: ['t3'],
    });
  });

  it('are told with the texts of what came behind their last statement, of whatever type that was', async () => {
    // Of types there are too many to tell all: here is one that is not even stored.
    await temporary.store.writer.insert({
      table: 'transaction_steps_1h',
      values: [
        {
          t: (BASE_US - HOUR) / SECOND,
          server_ip: '10.0.1.1',
          server_port: 5433,
          context: `${read.fingerprint}${change.fingerprint}`,
          next: alone.fingerprint,
          steps: 3,
        },
      ],
      format: 'JSONEachRow',
    });
    const { openTransactions } = await readWindowFacts(temporary.store, window(0, 300));
    expect(openTransactions.classes.map(({ normalized }) => normalized)).toContain(
      alone.normalized,
    );
  });

  it('when the capture ended are told as they stood then', async () => {
    const { openTransactions } = await readWindowFacts(temporary.store, window(300, 3_600));
    expect(openTransactions.openCount).toBe(1);
    expect(openTransactions.open).toMatchObject([
      {
        sessionId: unended.id,
        sinceUs: BASE_US + 500 * SECOND,
        asOfUs: BASE_US + 600 * SECOND,
        endUs: null,
        outcome: null,
        statements: 1,
        lastAnswerUs: null,
        working: true,
      },
    ]);
    expect(openTransactions.ended).toMatchObject([
      {
        sessionId: idle.id,
        endUs: BASE_US + 400 * SECOND,
        endAskedUs: BASE_US + 400 * SECOND - 1_000,
        waiting: [{ sessionId: waiting.id }],
      },
      { sessionId: waiting.id, endUs: BASE_US + 401 * SECOND },
    ]);
    expect(openTransactions.endedCount).toBe(2);
    expect(openTransactions.long.map(({ sinceUs, endUs }) => [sinceUs, endUs])).toEqual([
      [BASE_US + 100 * SECOND, BASE_US + 400 * SECOND],
      [BASE_US + 199 * SECOND, BASE_US + 401 * SECOND],
      [BASE_US + 500 * SECOND, null],
    ]);
  });

  it('may work as long as their client has more requests waiting than are stored', async () => {
    const live = makeSession(6, { serverPort: 5434 });
    const since = BASE_US + 1_000 * SECOND;
    const tell = (outstanding: number, offset: number) =>
      storeThrough(temporary, (sink) => {
        const teller = new Teller(sink);
        teller.begin(live, since);
        teller.statement(live, { statementClass: read, tsUs: since + offset });
        teller.sessionEnd(live, since + 50 * SECOND + offset, since);
        sink.activity(
          makeActivity({
            secondUs: since + 50 * SECOND,
            clientAddress: live.clientAddress,
            serverPort: 5434,
            outstanding,
          }),
        );
      });
    const working = async () => {
      const { openTransactions } = await readWindowFacts(temporary.store, window(990, 1_100), {
        server: '10.0.1.1:5434',
      });
      return openTransactions.open.map((one) => one.working);
    };
    await tell(0, 1);
    expect(await working()).toEqual([false]);
    await tell(1, 2);
    expect(await working()).toEqual([null]);
  });

  it('are none where none were', async () => {
    const { openTransactions } = await readWindowFacts(temporary.store, window(60, 90));
    expect(openTransactions).toEqual({
      asOfUs: BASE_US + 90 * SECOND,
      openCount: 0,
      open: [],
      endedCount: 0,
      ended: [],
      long: [],
      types: [],
      gaveUp: [],
      steps: [],
      stepTimes: [],
      classes: [],
    });
  });

  it('of less than a second are counted only', async () => {
    const { openTransactions } = await readWindowFacts(temporary.store, window(45, 50.5));
    expect(openTransactions).toMatchObject({ openCount: 1, open: [], types: [] });
    const later = await readWindowFacts(temporary.store, window(45, 51));
    expect(later.openTransactions.open).toMatchObject([{ sessionId: usual.id }]);
  });

  it('can be narrowed to a server', async () => {
    const { openTransactions } = await readWindowFacts(temporary.store, window(0, 300), {
      server: '10.0.1.1:5432',
    });
    expect(openTransactions.openCount).toBe(0);
  });
});

describe('big statements and transactions', () => {
  it('are counted by class and by type, with what was usual before', async () => {
    const { bigTransactions } = await readWindowFacts(temporary.store, window(0, 100));
    expect(bigTransactions.classes).toMatchObject([
      {
        fingerprint: mass.fingerprint,
        server: '10.0.1.1:5432',
        executions: 4,
        rowsAffected: 60_005,
        rowsAffectedMax: 20_000,
        bigCount: 3,
        rowsMeanBefore: null,
      },
    ]);
    expect([...(bigTransactions.classes[0]?.spread.values() ?? [])]).toEqual([3]);
    expect(bigTransactions.types.map((type) => [type.transactions, type.bigRowsCount])).toEqual([
      [4, 3],
      [1, 0],
    ]);
    expect(bigTransactions.types[0]).toMatchObject({
      statements: [mass.fingerprint],
      rowsAffected: 60_005,
      rowsAffectedMax: 20_000,
      manyStatementsCount: 0,
      longCount: 0,
      sessionId: batch.id,
      largestUs: BASE_US + 30 * SECOND,
    });
    expect(bigTransactions.before).toMatchObject([{ transactions: 80, rowsAffected: 80 }]);
    expect(bigTransactions.texts.map(({ fingerprint }) => fingerprint)).toContain(mass.fingerprint);
  });

  it('are none where none were', async () => {
    const { bigTransactions } = await readWindowFacts(temporary.store, window(45, 100));
    expect(bigTransactions).toEqual({ classes: [], types: [], before: [], texts: [] });
  });
});

it('counts the open transactions of more sessions than it tells', async () => {
  const sessions = 2_100;
  const at = (seconds: number) => BASE_US + seconds * SECOND;
  const insert = (table: string, values: object[]) =>
    temporary.store.writer.insert({ table, values, format: 'JSONEachRow' });
  const id = (index: number) => index.toString(16).padStart(16, '0');
  const edge = { client_ip: '10.0.7.7', server_ip: '10.0.7.1', server_port: 5432 };
  await insert(
    'sessions',
    Array.from({ length: sessions }, (_, index) => ({
      ...edge,
      session_id: id(index),
      client_port: 1_024 + index,
      start_ts: at(4_000),
      end_ts: at(7_000),
      end_reason: 'capture_end',
      transaction_status: 'T',
      transaction_start_ts: at(5_000 + (index % 1_500)),
    })),
  );
  // The oldest has ended since its session was told of.
  await insert('transactions', [
    { ...edge, ts: at(6_999), start_ts: at(5_000), session_id: id(0), client_port: 1_024 },
  ]);
  const { openTransactions } = await readWindowFacts(temporary.store, window(6_900, 7_000), {
    client: edge.client_ip,
  });
  expect(openTransactions.open).toHaveLength(50);
  expect(openTransactions.openCount).toBe(sessions - 1);
});

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bucketOf } from '../../src/core/histogram.ts';
import { Status, type StatementEvent } from '../../src/events/events.ts';
import type { Session } from '../../src/events/session.ts';
import { readWindowFacts } from '../../src/store/questions/window-facts.ts';
import {
  makeActivity,
  makeClass,
  makeSession,
  makeStatement,
  makeTransactionEnd,
} from './synthetic.ts';
import type { SegmentSink } from '../../src/store/segment-sink.ts';
import { fillStore, temporaryStore, type TemporaryStore } from './temporary-store.ts';

const SECOND = 1_000_000;
const HOUR = 3_600 * SECOND;
/** The beginning of an hour. */
const BASE_US = 497_222 * HOUR;

const begin = makeClass(900, { normalized: 'BEGIN', command: 'BEGIN', kind: 'transaction' });
const commit = makeClass(901, { normalized: 'COMMIT', command: 'COMMIT', kind: 'transaction' });
const read = makeClass(1);
const change = makeClass(3);
const mass = makeClass(6, {
  normalized: 'DELETE FROM log WHERE day < ?',
  command: 'DELETE',
  kind: 'delete',
});

/** Only ever seen by itself. */
const alone = makeClass(7);

let temporary: TemporaryStore;

/** Tells one transaction: BEGIN, then statements at their seconds, then its end. */
class Teller {
  readonly #ids = new Map<Session, { transaction: number; sequence: number }>();
  readonly sink: SegmentSink;

  constructor(sink: SegmentSink) {
    this.sink = sink;
  }

  #next(session: Session) {
    let ids = this.#ids.get(session);
    if (ids === undefined) {
      ids = { transaction: 0, sequence: 0 };
      this.#ids.set(session, ids);
    }
    ids.sequence++;
    return ids;
  }

  statement(session: Session, fields: Partial<StatementEvent>): void {
    const { transaction, sequence } = this.#next(session);
    const { statementClass } = fields;
    this.sink.statement(
      makeStatement(session, {
        sequence,
        transactionId: transaction,
        command: statementClass?.command,
        durationUs: 1_000,
        ...fields,
        text: Buffer.from(statementClass?.normalized ?? ''),
        textEnd: statementClass?.normalized.length ?? 0,
      }),
    );
  }

  begin(session: Session, tsUs: number): void {
    const ids = this.#next(session);
    ids.transaction++;
    this.statement(session, { statementClass: begin, tsUs });
  }

  end(
    session: Session,
    startUs: number,
    endUs: number,
    statements: number,
    rowsAffected = 0,
  ): void {
    this.statement(session, { statementClass: commit, tsUs: endUs - 1_000 });
    const transactionId = this.#ids.get(session)?.transaction ?? 0;
    this.sink.transactionEnd(
      makeTransactionEnd(session, { startUs, endUs, transactionId, statements, rowsAffected }),
    );
  }

  sessionEnd(session: Session, tsUs: number, transactionStartUs: number): void {
    this.sink.sessionEvent({
      type: 'session_end',
      tsUs,
      session,
      startUs: BASE_US - HOUR,
      reason: 'capture_end',
      statements: 1,
      errors: 0,
      requestBytes: 1,
      responseBytes: 1,
      lostBytes: 0,
      lostPacketsMin: 0,
      transactionStatus: 'T',
      transactionStartUs,
      turns: undefined,
      quality: 0,
    });
  }
}

const usual = makeSession(1);
const idle = makeSession(2, { serverPort: 5433 });
const waiting = makeSession(3, { serverPort: 5433 });
const unended = makeSession(4, { serverPort: 5433 });
const batch = makeSession(5);

beforeAll(async () => {
  temporary = await temporaryStore();
  await storeThrough(tellAll);
});
afterAll(() => temporary.remove());

async function storeThrough(feed: (sink: SegmentSink) => void): Promise<void> {
  await fillStore(
    temporary,
    (sink) => {
      feed(sink);
    },
    {
      describe: (statement) => ({
        tables: [statement.split(' ')[statement.startsWith('U') ? 1 : 3] ?? ''],
        columns: [],
      }),
    },
  );
}

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

const window = (from: number, to: number) => ({
  fromUs: BASE_US + from * SECOND,
  toUs: BASE_US + to * SECOND,
});

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
      storeThrough((sink) => {
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

describe('statements that waited too long', () => {
  const failure = (errorClass: string, sqlstate: string) => ({
    status: Status.Error,
    error: { sqlstate, code: undefined, message: errorClass, severity: 'ERROR', errorClass },
  });
  const noLock = failure('lock_timeout', '55P03');
  const tooLong = failure('statement_timeout', '57014');
  const server = { serverPort: 5435 };
  const [holder, later, victim] = [7, 8, 9].map((index) => makeSession(index, server));
  const elsewhere = makeSession(9, { serverPort: 5436 });
  const at = (seconds: number): number => BASE_US + (2_000 + seconds) * SECOND;

  beforeAll(async () => {
    if (holder === undefined || later === undefined || victim === undefined) return;
    await storeThrough((sink) => {
      const teller = new Teller(sink);
      const fails = (
        session: Session,
        seconds: number,
        how: typeof noLock,
        lasted: number,
      ): void => {
        teller.statement(session, {
          ...how,
          statementClass: change,
          tsUs: at(seconds),
          durationUs: lasted * SECOND,
        });
      };
      teller.begin(holder, at(0));
      teller.statement(holder, { statementClass: change, tsUs: at(1), rowsAffected: 1 });
      teller.begin(later, at(50));
      teller.statement(later, { statementClass: change, tsUs: at(51), rowsAffected: 1 });
      // Before it, elsewhere, too short to have waited, not for having waited, and longer than it was open.
      fails(victim, -1, noLock, 3);
      fails(elsewhere, 10, noLock, 3);
      fails(victim, 10, tooLong, 0.9);
      fails(victim, 12, failure('deadlock', '40P01'), 2);
      fails(victim, 109, noLock, 3);
      // While the first was open; while both were; one that does not wait at all.
      fails(victim, 20, noLock, 2);
      fails(victim, 30, noLock, 4);
      fails(victim, 40, tooLong, 5);
      fails(victim, 60, noLock, 0.001);
      // The other one meets the first.
      fails(later, 70, noLock, 3);
      teller.end(holder, at(0), at(100), 1, 1);
      teller.end(later, at(50), at(110), 2, 1);
      sink.activity(makeActivity({ secondUs: at(299), serverPort: 5435, requests: 1 }));
    });
  });

  it('are told by host, class and code, with the transactions that were open from before them to their end', async () => {
    const { openTransactions } = await readWindowFacts(temporary.store, window(1_990, 2_300));
    const sessions = openTransactions.ended.map(({ sessionId }) => sessionId);
    expect(sessions).toEqual([holder?.id, later?.id]);
    const told = { client: '10.0.0.2', fingerprint: change.fingerprint };
    expect(openTransactions.gaveUp).toEqual([
      { ...told, during: [0], sqlstate: '55P03', forLock: true, count: 2, longestUs: 4 * SECOND },
      {
        ...told,
        client: '10.0.0.1',
        during: [0],
        sqlstate: '55P03',
        forLock: true,
        count: 1,
        longestUs: 3 * SECOND,
      },
      { ...told, during: [0, 1], sqlstate: '55P03', forLock: true, count: 1, longestUs: 1_000 },
      { ...told, during: [0], sqlstate: '57014', forLock: false, count: 1, longestUs: 5 * SECOND },
    ]);
  });

  it('come with transactions that were not long and were open while they waited', async () => {
    const [short, shorter, victims, bystander] = [10, 11, 12, 13].map((index) =>
      makeSession(index, { serverPort: 5437 }),
    );
    if (!short || !shorter || !victims || !bystander) throw new Error('no sessions');
    const seconds = (value: number) => at(400 + value);
    await storeThrough((sink) => {
      const teller = new Teller(sink);
      const holds = (session: Session, from: number, to: number): void => {
        teller.begin(session, seconds(from));
        teller.statement(session, { statementClass: change, tsUs: seconds(from) + 10 });
        teller.end(session, seconds(from), seconds(to), 1, 1);
      };
      holds(short, 0, 12);
      holds(shorter, 1, 5.5);
      // Ten seconds in which nobody fails.
      holds(bystander, 20, 30);
      for (const sent of [2, 3, 8])
        teller.statement(victims, {
          ...noLock,
          statementClass: change,
          tsUs: seconds(sent),
          durationUs: 2 * SECOND,
        });
      sink.activity(makeActivity({ secondUs: seconds(60), serverPort: 5437, requests: 1 }));
    });
    const { openTransactions } = await readWindowFacts(temporary.store, window(2_390, 2_460), {
      server: '10.0.1.1:5437',
    });
    expect(openTransactions).toMatchObject({ endedCount: 0, long: [] });
    expect(openTransactions.ended).toMatchObject([
      { sessionId: short.id, sinceUs: seconds(0), asOfUs: seconds(12), outcome: 'commit' },
    ]);
    expect(openTransactions.gaveUp).toMatchObject([{ during: [0], count: 3 }]);
  });

  it('or were answered when such a transaction ended, several at once', async () => {
    const sessions = [14, 15, 16, 17, 18].map((index) => makeSession(index, { serverPort: 5438 }));
    const [first, second, ...waiters] = sessions as [Session, Session, ...Session[]];
    const seconds = (value: number) => at(500 + value);
    await storeThrough((sink) => {
      const teller = new Teller(sink);
      const holds = (
        session: Session,
        from: number,
        to: number,
        waits: readonly number[],
      ): void => {
        teller.begin(session, seconds(from));
        teller.statement(session, { statementClass: change, tsUs: seconds(from) + 10 });
        teller.end(session, seconds(from), seconds(to), 1, 1);
        for (const [index, lateMs] of waits.entries()) {
          const sent = seconds(from + 1 + index);
          teller.statement(waiters[index] as Session, {
            statementClass: change,
            tsUs: sent,
            durationUs: seconds(to) + lateMs * 1_000 - sent,
          });
        }
      };
      // Three at once, a little before and behind its end; then two, and one much later.
      holds(first, 0, 10, [-50, 3, 90]);
      holds(second, 20, 30, [1, 2, 400]);
      sink.activity(makeActivity({ secondUs: seconds(60), serverPort: 5438, requests: 1 }));
    });
    const { openTransactions } = await readWindowFacts(temporary.store, window(2_490, 2_560), {
      server: '10.0.1.1:5438',
    });
    expect(openTransactions.gaveUp).toEqual([]);
    expect(openTransactions.ended.map(({ sessionId }) => sessionId)).toEqual([first.id]);
    expect(openTransactions.ended[0]?.waiting.map(({ sessionId }) => sessionId).sort()).toEqual(
      waiters.map(({ id }) => id).sort(),
    );
  });

  it('are those of the window', async () => {
    const { openTransactions } = await readWindowFacts(temporary.store, window(2_025, 2_050));
    expect(openTransactions.open.map(({ sessionId }) => sessionId)).toEqual([holder?.id]);
    expect(openTransactions.gaveUp).toMatchObject([
      { during: [0], sqlstate: '55P03', count: 1 },
      { during: [0], sqlstate: '57014', count: 1 },
    ]);
  });

  it('are not asked for where none failed so', async () => {
    const { openTransactions } = await readWindowFacts(temporary.store, window(2_080, 2_090));
    expect(openTransactions.open).toHaveLength(2);
    expect(openTransactions.gaveUp).toEqual([]);
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

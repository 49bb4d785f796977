/** Statements that gave up waiting, and short transactions that others waited for. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Status } from '../../src/events/events.ts';
import type { Session } from '../../src/events/session.ts';
import { readWindowFacts } from '../../src/store/questions/window-facts.ts';
import { makeActivity, makeSession } from './synthetic.ts';
import { temporaryStore, type TemporaryStore } from './temporary-store.ts';
import { BASE_US, change, SECOND, storeThrough, Teller, window } from './transaction-teller.ts';

let temporary: TemporaryStore;

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
    temporary = await temporaryStore();
    if (holder === undefined || later === undefined || victim === undefined) return;
    await storeThrough(temporary, (sink) => {
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

  afterAll(() => temporary.remove());

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
    await storeThrough(temporary, (sink) => {
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
    await storeThrough(temporary, (sink) => {
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

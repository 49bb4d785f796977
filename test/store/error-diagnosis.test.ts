/** D1 in the store: failures under their causes, what the store remembers of them, and cancels with their request. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Status, type StatementError, type StatementEvent } from '../../src/events/events.ts';
import { readWindowFacts } from '../../src/store/questions/window-facts.ts';
import { makeActivity, makeClass, makeSession, makeStatement, ipv4 } from './synthetic.ts';
import { fillStore, numberOf, temporaryStore, type TemporaryStore } from './temporary-store.ts';

const SECOND = 1_000_000;
const MINUTE = 60 * SECOND;
const BASE_US = 1_790_000_040_000_000;
const SERVER = '10.7.7.7:5432';

const session = makeSession(1, { serverAddress: ipv4(10, 7, 7, 7), application: 'orders' });
const other = makeSession(2, { serverAddress: ipv4(10, 7, 7, 7), application: undefined });
const insert = makeClass(0);
const select = makeClass(1);

function error(sqlstate: string, errorClass: string, message: string): StatementError {
  return { sqlstate, code: undefined, message, severity: 'ERROR', errorClass };
}
const DUPLICATE = error('23505', 'duplicate_key', 'duplicate key value violates "t0_pkey"');
const ABORTED = error('25P02', 'tx_aborted', 'current transaction is aborted');
const DEADLOCK = error('40P01', 'deadlock', 'deadlock detected');
const CANCELLED = error('57014', 'cancelled', 'canceling statement due to user request');

let temporary: TemporaryStore;
const window = { fromUs: BASE_US, toUs: BASE_US + 10 * MINUTE };

beforeAll(async () => {
  temporary = await temporaryStore();
  await fillStore(
    temporary,
    (sink) => {
      let sequence = 0;
      const fail = (
        atUs: number,
        failure: StatementError,
        transactionId: number,
        given: Partial<StatementEvent> = {},
      ): void => {
        sequence++;
        sink.statement(
          makeStatement(given.session ?? session, {
            tsUs: atUs,
            sequence,
            statementClass: insert,
            command: insert.command,
            status: failure === CANCELLED ? Status.Cancelled : Status.Error,
            error: failure,
            transactionId,
            durationUs: SECOND,
            ...given,
          }),
        );
      };
      // An hour before: the code was seen then, and once before the window in the transaction that goes on in it.
      fail(BASE_US - 60 * MINUTE, DUPLICATE, 1);
      fail(BASE_US - SECOND, DUPLICATE, 2);
      fail(BASE_US + SECOND, ABORTED, 2);
      // A transaction that failed twice, after a savepoint the second time: what is ignored belongs to the error before it.
      fail(BASE_US + 10 * SECOND, DUPLICATE, 3);
      fail(BASE_US + 11 * SECOND, ABORTED, 3, { statementClass: select });
      fail(BASE_US + 12 * SECOND, DEADLOCK, 3);
      fail(BASE_US + 13 * SECOND, ABORTED, 3);
      fail(BASE_US + 14 * SECOND, ABORTED, 3);
      // The same number of another session is another transaction; and one whose number is not known has no cause.
      fail(BASE_US + 20 * SECOND, ABORTED, 3, { session: other });
      fail(BASE_US + 21 * SECOND, ABORTED, -1);
      // Two cancelled statements; a request was seen for the first while it ran, for the second only after it had ended.
      fail(BASE_US + 30 * SECOND, CANCELLED, -1);
      fail(BASE_US + 40 * SECOND, CANCELLED, -1);
      for (const atUs of [BASE_US + 30.5 * SECOND, BASE_US + 45 * SECOND]) {
        sink.sessionEvent({
          type: 'cancel_request',
          tsUs: atUs,
          session: other,
          processId: 7,
          targetSessionId: session.id,
          targetUs: BASE_US,
        });
      }
      // A login that is refused before the server knows who it is, and before it was ever seen.
      sink.sessionEvent({
        type: 'login_failed',
        tsUs: BASE_US + 46 * SECOND,
        session: other,
        error: error('53300', 'too_many_connections', 'sorry, too many clients already'),
      });
      sink.statement(
        makeStatement(session, { tsUs: BASE_US + 50 * SECOND, statementClass: select }),
      );
      for (const atUs of [BASE_US - 2 * MINUTE, BASE_US, BASE_US + SECOND, BASE_US + MINUTE]) {
        sink.activity(
          makeActivity({ serverAddress: session.serverAddress, secondUs: atUs, answers: 20 }),
        );
      }
    },
    { describe: () => ({ tables: ['t0'], columns: [] }) },
  );
});
afterAll(() => temporary.remove());

it('failures stand under the code that began them, with what the store knows of it', async () => {
  const { errorDiagnosis } = await readWindowFacts(temporary.store, window, { server: SERVER });
  const short = errorDiagnosis.causes.map(
    ({ sqlstate, count, followOn, cancelRequested, sessions, firstSeenUs }) => [
      sqlstate,
      count,
      followOn,
      cancelRequested,
      sessions,
      firstSeenUs - BASE_US,
    ],
  );
  expect(short).toEqual([
    ['23505', 1, 2, 0, 1, -60 * MINUTE],
    ['40P01', 1, 2, 0, 1, 12 * SECOND],
    ['25P02', 2, 0, 0, 2, SECOND],
    ['57014', 2, 0, 1, 1, 30 * SECOND],
    ['53300', 1, 0, 0, 1, 46 * SECOND],
  ]);
  const [, , , , refused] = errorDiagnosis.causes;
  expect(refused).toMatchObject({
    logins: 1,
    classes: [],
    minutes: [{ startUs: BASE_US, count: 1 }],
    example: { message: 'sorry, too many clients already' },
  });
  const [duplicate] = errorDiagnosis.causes;
  expect(duplicate).toMatchObject({
    server: SERVER,
    errorClass: 'duplicate_key',
    firstUs: BASE_US + 10 * SECOND,
    lastUs: BASE_US + 11 * SECOND,
    channels: [session.id],
    clients: ['10.0.0.2'],
    applications: ['orders'],
    classes: [
      { fingerprint: insert.fingerprint, normalized: insert.normalized, tables: ['t0'], count: 1 },
    ],
    example: {
      tsUs: BASE_US + 10 * SECOND,
      sessionId: session.id,
      client: '10.0.0.2',
      message: DUPLICATE.message,
    },
    minutes: [
      { startUs: BASE_US - 60 * MINUTE, count: 1 },
      { startUs: BASE_US - MINUTE, count: 1 },
      { startUs: BASE_US, count: 1 },
    ],
  });
  expect(errorDiagnosis.answers).toEqual([
    { server: SERVER, startUs: BASE_US - 2 * MINUTE, count: 20 },
    { server: SERVER, startUs: BASE_US, count: 40 },
    { server: SERVER, startUs: BASE_US + MINUTE, count: 20 },
  ]);
});

it('an empty scope has no causes, and statements that went well are in no table of failures', async () => {
  const nothing = await readWindowFacts(temporary.store, window, { server: '10.7.7.7:1' });
  expect(nothing.errorDiagnosis).toMatchObject({ answers: [], causes: [] });
  expect(await numberOf(temporary.store, '(SELECT count() FROM failures)')).toBe(13);
  expect(await numberOf(temporary.store, '(SELECT sum(failures) FROM error_1m)')).toBe(13);
});

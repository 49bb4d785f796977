/** What the store keeps and is asked of the signs of slow classes: how large answers arrive, and what patterns begin with. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { UNKNOWN } from '../../src/events/events.ts';
import { readWindowFacts } from '../../src/store/questions/window-facts.ts';
import { ValueNames } from '../../src/store/values/value-names.ts';
import { makeClass, makeSession, makeStatement } from './synthetic.ts';
import { fillStore, rowsOf, temporaryStore, type TemporaryStore } from './temporary-store.ts';

/** The beginning of a minute. */
const START_US = 1_790_000_040_000_000;
const MINUTE_US = 60_000_000;
const MINUTES = 14;
const large = makeClass(1, { normalized: 'SELECT body FROM pages WHERE id = ?' });
const small = makeClass(2, { normalized: 'SELECT id FROM pages WHERE id = ?' });
const busy = makeClass(5, { normalized: 'SELECT body FROM news' });
const like = makeClass(4, { normalized: 'SELECT id FROM words WHERE word LIKE ?' });
const LIKE_TEXT = new TextEncoder().encode('SELECT id FROM words WHERE word LIKE $1');

let temporary: TemporaryStore;

beforeAll(async () => {
  temporary = await temporaryStore();
  await fillStore(
    temporary,
    (sink) => {
      const session = makeSession(1);
      for (let minute = 0; minute < MINUTES; minute++) {
        const tsUs = START_US + minute * MINUTE_US;
        const answered = { tsUs, firstRowUs: 1_000 + minute, durationUs: 51_000, rowsReturned: 10 };
        sink.statement(
          makeStatement(session, { ...answered, statementClass: large, responseBytes: 20_000 }),
        );
        // Its first row is not known, then: the answer is small. Neither says how rows arrive.
        sink.statement(
          makeStatement(session, {
            ...answered,
            statementClass: large,
            responseBytes: 20_000,
            firstRowUs: UNKNOWN,
          }),
        );
        sink.statement(
          makeStatement(session, { ...answered, statementClass: small, responseBytes: 200 }),
        );
      }
      for (let call = 0; call < 2_100; call++) {
        // The newest minute is enough: the hundred of the one before are not read.
        const minute = call < 100 ? MINUTES - 2 : MINUTES - 1;
        sink.statement(
          makeStatement(session, {
            ...{ tsUs: START_US + minute * MINUTE_US + call, statementClass: busy },
            ...{ firstRowUs: 1_000, durationUs: 2_000, responseBytes: 30_000 },
          }),
        );
      }
      for (let call = 0; call < 10; call++) {
        sink.statement(
          makeStatement(session, {
            ...{ tsUs: START_US + call, durationUs: 1_000, statementClass: like, text: LIKE_TEXT },
            bound: { values: () => [call < 3 ? `%end${String(call)}` : `x%${String(call)}`] },
          }),
        );
      }
    },
    { values: new ValueNames(Buffer.alloc(32, 7), 'masked') },
  );
}, 60_000);
afterAll(() => temporary.remove());

const window = { fromUs: START_US, toUs: START_US + MINUTES * MINUTE_US };

it('sums how the rows of large answers arrive, of the newest ten minutes, or fewer of a busy class', async () => {
  const { deliveries } = await readWindowFacts(temporary.store, window);
  const newest = [4, 5, 6, 7, 8, 9, 10, 11, 12, 13];
  const firstSumUs = newest.reduce((sum, minute) => sum + 1_000 + minute, 0);
  expect(deliveries).toEqual([
    {
      fingerprint: large.fingerprint,
      executions: 10,
      firstSumUs,
      deliverySumUs: 10 * 51_000 - firstSumUs,
      bytes: 200_000,
    },
    {
      fingerprint: busy.fingerprint,
      executions: 2_000,
      firstSumUs: 2_000_000,
      deliverySumUs: 2_000_000,
      bytes: 60_000_000,
    },
  ]);
});

it('asks only the window', async () => {
  const first = { fromUs: START_US, toUs: START_US + MINUTE_US };
  expect((await readWindowFacts(temporary.store, first)).deliveries).toMatchObject([
    { fingerprint: large.fingerprint, executions: 1, firstSumUs: 1_000 },
  ]);
});

it('counts the values that begin with a wildcard', async () => {
  const { valuePlaces } = await readWindowFacts(temporary.store, window);
  expect(valuePlaces).toMatchObject([
    { fingerprint: like.fingerprint, place: '$1', looked: 10, leadingWildcards: 3 },
  ]);
  expect(
    await rowsOf(
      temporary.store,
      "SELECT sum(leading_wildcards) AS n FROM value_1m WHERE place = '$1'",
    ),
  ).toEqual([{ n: 3 }]);
});

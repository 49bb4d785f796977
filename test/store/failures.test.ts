/** Failures by code and by cause: of two nodes, told by two collectors that see the same connection. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Status, type StatementError } from '../../src/events/events.ts';
import type { WindowFacts } from '../../src/events/facts.ts';
import type { Session } from '../../src/events/session.ts';
import { readWindowFacts } from '../../src/store/questions/window-facts.ts';
import { ipv4, makeActivity, makeClass, makeSession, makeStatement } from './synthetic.ts';
import { fillStore, temporaryStore, type TemporaryStore } from './temporary-store.ts';

const SECOND = 1_000_000;
const MINUTE = 60 * SECOND;
const BASE_US = 1_790_000_040_000_000;

const session = makeSession(1, { serverAddress: ipv4(10, 7, 7, 7) });
const other = makeSession(2, { serverAddress: ipv4(10, 7, 7, 8) });
const classes = Array.from({ length: 6 }, (_, number) => makeClass(number));

function error(sqlstate: string, errorClass: string, message = errorClass): StatementError {
  return { sqlstate, code: undefined, message, severity: 'ERROR', errorClass };
}
const DUPLICATE = error('23505', 'duplicate_key');
const ABORTED = error('25P02', 'tx_aborted');
const DEADLOCK = error('40P01', 'deadlock');
const STARTING = error('57P03', 'cannot_connect');

/** When, by which error, in which transaction, of which class and on which connection. */
type Failure = readonly [
  atUs: number,
  error: StatementError,
  transaction: number,
  statementClass?: number,
  session?: Session,
];

const EAST: readonly Failure[] = [
  // Too long before the window to be the cause of anything in it; the other one is not.
  [-61 * MINUTE, DEADLOCK, 2],
  [-59 * MINUTE, DUPLICATE, 3],
  [1 * SECOND, ABORTED, 2],
  [2 * SECOND, ABORTED, 3, 1],
  [3 * SECOND, DUPLICATE, 4],
  [4 * SECOND, ABORTED, 4],
  // Six classes fail with a code that the other node has too.
  [5 * SECOND, DUPLICATE, -1, 0, other],
  ...[1, 2, 3, 4, 5].flatMap((number): Failure[] => [
    [(10 + number) * SECOND, DUPLICATE, -1, number, other],
    [(20 + number) * SECOND, DUPLICATE, -1, number, other],
  ]),
  [70 * SECOND, DUPLICATE, -1],
  [80 * SECOND, DUPLICATE, -1],
  [90 * SECOND, STARTING, -1],
];

/** Later than all that the other one counted. */
const WEST_BEGINS = 100;

/** It counts statements and transactions of the same connection by itself, and did not see what failed first in the fourth. */
const WEST: readonly Failure[] = [
  [-10 * MINUTE, DEADLOCK, 3],
  [2 * SECOND, ABORTED, 3, 1],
  [4 * SECOND, ABORTED, 4],
];

let temporary: TemporaryStore;
let facts: WindowFacts;
let ofWest: WindowFacts;

beforeAll(async () => {
  temporary = await temporaryStore();
  for (const [collector, failures] of Object.entries({ east: EAST, west: WEST })) {
    await fillStore(
      temporary,
      (sink) => {
        failures.forEach(([atUs, failure, transactionId, number = 0, of = session], index) => {
          sink.statement(
            makeStatement(of, {
              tsUs: BASE_US + atUs,
              sequence: index + (collector === 'west' ? WEST_BEGINS : 1),
              statementClass: classes[number],
              command: classes[number]?.command,
              status: Status.Error,
              error: failure,
              transactionId,
              durationUs: SECOND,
            }),
          );
        });
        if (collector === 'east') {
          const tsUs = BASE_US + 91 * SECOND;
          sink.sessionEvent({ type: 'login_failed', tsUs, session: other, error: STARTING });
        }
        sink.activity(makeActivity({ secondUs: BASE_US, answers: 20 }));
      },
      { collector },
    );
  }
  const window = { fromUs: BASE_US, toUs: BASE_US + 10 * MINUTE };
  facts = await readWindowFacts(temporary.store, window);
  ofWest = await readWindowFacts(temporary.store, window, { collector: 'west' });
});
afterAll(() => temporary.remove());

function causesOf({ errorDiagnosis }: WindowFacts): unknown[] {
  return errorDiagnosis.causes.map(({ server, sqlstate, count, followOn, firstUs }) => [
    server,
    sqlstate,
    count,
    followOn,
    (firstUs - BASE_US) / SECOND,
  ]);
}

it('follow from what the same collector saw in the same transaction within an hour before the window', () => {
  expect(causesOf(facts)).toEqual([
    ['10.7.7.8:5432', '23505', 11, 0, 5],
    ['10.7.7.7:5432', '23505', 3, 2, 3],
    ['10.7.7.7:5432', '25P02', 2, 0, 1],
    ['10.7.7.7:5432', '40P01', 0, 1, 2],
    ['10.7.7.7:5432', '57P03', 1, 0, 90],
    ['10.7.7.8:5432', '57P03', 1, 0, 91],
  ]);
  expect(causesOf(ofWest)).toEqual([
    ['10.7.7.7:5432', '25P02', 1, 0, 4],
    ['10.7.7.7:5432', '40P01', 0, 1, 2],
  ]);
});

it('are told by code as they failed, without refused logins', () => {
  const told = facts.errors.map(({ sqlstate, count, firstUs, lastUs, sessions, clients }) => [
    sqlstate,
    count,
    (firstUs - BASE_US) / SECOND,
    (lastUs - BASE_US) / SECOND,
    sessions,
    clients,
  ]);
  expect(told).toEqual([
    ['23505', 14, 3, 80, 2, ['10.0.0.2', '10.0.0.3']],
    ['25P02', 5, 1, 4, 1, ['10.0.0.2']],
    ['57P03', 1, 90, 90, 1, ['10.0.0.2']],
  ]);
  expect(facts.errors.map(({ sampleMessage }) => sampleMessage)).toEqual([
    'duplicate_key',
    'tx_aborted',
    'cannot_connect',
  ]);
  expect(ofWest.errors.map(({ sqlstate, count }) => [sqlstate, count])).toEqual([['25P02', 2]]);
});

it('have the classes that failed most, of all nodes together and of each', () => {
  const named = (told: readonly { readonly fingerprint: string; readonly count: number }[]) =>
    told.map(({ fingerprint, count }) => [
      classes.findIndex((one) => one.fingerprint === fingerprint),
      count,
    ]);
  const [duplicates, aborted] = facts.errors;
  expect(named(duplicates?.classes ?? [])).toEqual([
    [0, 4],
    ...[1, 2, 3, 4].map((number) => [number, 2]),
  ]);
  expect(duplicates?.classes[0]?.normalized).toBe(classes[0]?.normalized);
  expect(named(aborted?.classes ?? [])).toEqual([
    [0, 3],
    [1, 2],
  ]);
  const [onOther, onFirst] = facts.errorDiagnosis.causes;
  expect(named(onOther?.classes ?? [])).toEqual([1, 2, 3, 4, 5].map((number) => [number, 2]));
  expect(named(onFirst?.classes ?? [])).toEqual([[0, 3]]);
});

it('are counted by code and step, in their order', () => {
  const [stepUs = 0] = facts.errorSteps.map((step) => step.stepUs);
  const counts = new Map<string, number>();
  for (const [atUs, { sqlstate }] of [...EAST, ...WEST]) {
    if (atUs < 0) continue;
    const key = `${Math.floor((BASE_US + atUs) / stepUs) * stepUs} ${sqlstate}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  expect(counts.size).toBeGreaterThan(4);
  expect(
    facts.errorSteps.map(({ startUs, sqlstate, count }) => [`${startUs} ${sqlstate}`, count]),
  ).toEqual([...counts].sort(([one], [two]) => (one < two ? -1 : 1)));
});

/** Open and big transactions of the bank's hour in sample-facts.ts: one that others wait for, and a batch that grew. */
import { bucketOf } from '../../src/core/histogram.ts';
import type { BigTransactionsFacts } from '../../src/events/big-transactions.ts';
import type { Window } from '../../src/events/facts.ts';
import type { OpenTransactionsFacts } from '../../src/events/open-transactions.ts';
import type { ClassText, TransactionTypeFacts } from '../../src/events/transaction-types.ts';
import { SECOND_US } from '../../src/core/time.ts';

const SERVER = '10.20.8.5:5432';
const READ = 'aaaaaaaaaaaaaaa1';
const TAKE = 'aaaaaaaaaaaaaaa2';
const GIVE = 'aaaaaaaaaaaaaaa3';
const CLEAN = 'aaaaaaaaaaaaaaa4';
const TRANSFER = 'bbbbbbbbbbbbbbb1';
const CLEANING = 'bbbbbbbbbbbbbbb2';

const texts: ClassText[] = [
  {
    fingerprint: READ,
    normalized: 'SELECT balance FROM accounts WHERE id = ?',
    command: 'SELECT',
    kind: 'select',
    tables: ['accounts'],
  },
  {
    fingerprint: TAKE,
    normalized: 'UPDATE accounts SET balance = balance - ? WHERE id = ?',
    command: 'UPDATE',
    kind: 'update',
    tables: ['accounts'],
  },
  {
    fingerprint: GIVE,
    normalized: 'INSERT INTO entries VALUES (?+)',
    command: 'INSERT',
    kind: 'insert',
    tables: ['entries'],
  },
  {
    fingerprint: CLEAN,
    normalized: 'DELETE FROM entries WHERE day < ?',
    command: 'DELETE',
    kind: 'delete',
    tables: ['entries'],
  },
];

const transfers: TransactionTypeFacts = {
  type: TRANSFER,
  server: SERVER,
  statements: [READ, TAKE, GIVE],
  transactions: 20_000,
  rollbacks: 200,
  statementsCount: 60_000,
  rowsAffected: 40_000,
  rowsAffectedMax: 3,
  durationSumUs: 20_000 * 9_000,
  durationMaxUs: 90_000,
  durations: new Map([[bucketOf(9_000), 20_000]]),
  rowsSpread: new Map([[bucketOf(2), 20_000]]),
};

export function sampleOpenTransactions({ toUs }: Window): OpenTransactionsFacts {
  const sinceUs = toUs - 420 * SECOND_US;
  return {
    asOfUs: toUs,
    openCount: 1,
    open: [
      {
        sessionId: 'ccccccccccccccc1',
        client: '10.20.1.11',
        clientPort: 50_122,
        server: SERVER,
        user: 'teller',
        database: 'bank',
        application: 'branch-office',
        torn: false,
        sinceUs,
        asOfUs: toUs,
        endUs: null,
        outcome: null,
        statements: 2,
        rowsAffected: 1,
        lastStatementUs: sinceUs + 2 * SECOND_US,
        lastAnswerUs: sinceUs + 2 * SECOND_US + 900,
        endAskedUs: null,
        lastFingerprint: TAKE,
        working: false,
        sequence: [READ, TAKE],
        unanswered: 0,
        answeredUs: sinceUs + 2 * SECOND_US + 900,
        waiting: [
          {
            sessionId: 'ccccccccccccccc2',
            client: '10.0.0.20',
            fingerprint: TAKE,
            sinceUs: toUs - 45 * SECOND_US,
          },
          {
            sessionId: 'ccccccccccccccc3',
            client: '10.0.0.20',
            fingerprint: TAKE,
            sinceUs: toUs - 8 * SECOND_US,
          },
          // A read waits for no row.
          {
            sessionId: 'ccccccccccccccc4',
            client: '10.0.0.20',
            fingerprint: READ,
            sinceUs: toUs - 8 * SECOND_US,
          },
        ],
      },
    ],
    gaveUp: [
      {
        during: [0],
        client: '10.0.0.20',
        fingerprint: TAKE,
        sqlstate: '55P03',
        forLock: true,
        count: 4,
        longestUs: 10 * SECOND_US,
      },
    ],
    endedCount: 0,
    ended: [],
    long: [{ sinceUs, endUs: null, type: '' }],
    types: [transfers],
    steps: [
      { server: SERVER, context: '', next: READ, weight: 20_000 },
      { server: SERVER, context: READ, next: TAKE, weight: 20_000 },
      { server: SERVER, context: READ + TAKE, next: GIVE, weight: 19_800 },
      { server: SERVER, context: READ + TAKE, next: 'rollback', weight: 200 },
      { server: SERVER, context: READ + TAKE + GIVE, next: 'commit', weight: 19_800 },
    ],
    stepTimes: [
      {
        server: SERVER,
        context: READ + TAKE,
        next: GIVE,
        commits: 19_800,
        // Fifteen had waited for minutes too: a person confirms the transfer.
        stays: new Map([
          [bucketOf(3_000), 19_785],
          [bucketOf(450 * SECOND_US), 15],
        ]),
        lefts: new Map([
          [bucketOf(5_000), 19_785],
          [bucketOf(450 * SECOND_US), 15],
        ]),
      },
      {
        server: SERVER,
        context: READ + TAKE,
        next: 'rollback',
        commits: 0,
        stays: new Map([[bucketOf(4_000), 200]]),
        lefts: new Map([[bucketOf(4_000), 200]]),
      },
      {
        server: SERVER,
        context: READ + TAKE + GIVE,
        next: 'commit',
        commits: 19_800,
        stays: new Map([[bucketOf(2_000), 19_800]]),
        lefts: new Map([[bucketOf(2_000), 19_800]]),
      },
    ],
    classes: texts,
  };
}

export function sampleBigTransactions({ fromUs }: Window): BigTransactionsFacts {
  const spread = new Map([[bucketOf(48_000), 6]]);
  return {
    classes: [
      {
        fingerprint: CLEAN,
        server: SERVER,
        executions: 8,
        rowsAffected: 288_040,
        rowsAffectedMax: 48_000,
        bigCount: 6,
        spread,
        rowsMeanBefore: 900,
      },
    ],
    types: [
      {
        type: CLEANING,
        server: SERVER,
        statements: [CLEAN],
        transactions: 8,
        rowsAffected: 288_040,
        rowsAffectedMax: 48_000,
        bigRowsCount: 6,
        spread,
        manyStatementsCount: 0,
        longCount: 0,
        sessionId: 'ccccccccccccccc9',
        largestUs: fromUs + 600 * SECOND_US,
      },
      {
        type: TRANSFER,
        server: SERVER,
        statements: [READ, TAKE, GIVE],
        transactions: 20_000,
        rowsAffected: 40_000,
        rowsAffectedMax: 3,
        bigRowsCount: 0,
        spread: new Map(),
        manyStatementsCount: 0,
        longCount: 0,
        sessionId: 'ccccccccccccccc8',
        largestUs: fromUs + 700 * SECOND_US,
      },
    ],
    before: [transfers],
    texts,
  };
}

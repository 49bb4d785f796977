/**
 * Faults that cost a database most of its transactions where nearly all of them are the transfers of `orders`: these have BEGIN and
 * COMMIT, which the reads of the shop have not. How strong a fault is, is drawn by seed, as in throughput.ts.
 */
import { delay } from '../lab/process.ts';
import { between, integerOf } from '../lab/random.ts';
import { transfers } from './everyday.ts';
import { impair } from './network.ts';
import { DATABASE, ORDERS_HOST, OTHER_HOST } from './places.ts';
import type { Scenario } from './scenario.ts';
import { connectOther, holdLock } from './stage.ts';
import { LOW_TPS_MS } from './throughput.ts';
import {
  allowedEverywhere,
  allowedFindings,
  clientState,
  expectedBlocker,
  expectedError,
  expectedFinding,
  serverState,
} from './truths.ts';

/** With these, five of six transactions are transfers. */
const ORDERS_PACE = 2;
const SHOP_PACE = 0.12;

export const transfersMostly: NonNullable<Scenario['before']> = ({ orders, shop }) => {
  orders.pace = ORDERS_PACE;
  shop.pace = SHOP_PACE;
  return Promise.resolve(undefined);
};

const quietOrders: Scenario = {
  name: 'quiet-orders',
  says: 'Nobody has anything to transfer: a fifth of the usual or less, the shop as ever, for four minutes.',
  before: transfersMostly,
  play: async ({ orders, random }) => {
    orders.pace = ORDERS_PACE * between(random, 0.02, 0.2);
    await delay(LOW_TPS_MS);
    orders.pace = ORDERS_PACE;
  },
  afterSeconds: 10,
  states: [],
  findings: [expectedFinding('low-tps/application')],
};

const fatterTransactions: Scenario = {
  name: 'fatter-transactions',
  says: 'A new release books 5 to 8 transfers in a transaction where it booked one, with as many statements as before.',
  before: transfersMostly,
  play: async ({ orders, random: drawn }) => {
    const usual = orders.work;
    const together = integerOf(drawn, 5, 8);
    orders.work = transfers('fatter', together);
    // BEGIN, COMMIT and three for each transfer.
    orders.pace = (ORDERS_PACE * 5) / (2 + 3 * together);
    await delay(LOW_TPS_MS);
    orders.work = usual;
    orders.pace = ORDERS_PACE;
  },
  afterSeconds: 10,
  states: allowedEverywhere(['jitter']),
  findings: [
    expectedFinding('low-tps/workload_change'),
    allowedFindings('open-transactions/', 'repeated-statements/', 'slow-classes/'),
  ],
};

const slowCommits: Scenario = {
  name: 'slow-commits',
  says: 'Each COMMIT of a transfer takes 1.2 to 3 s, in a deferred trigger, for four minutes.',
  before: transfersMostly,
  play: async ({ server, random }) => {
    const seconds = between(random, 1.2, 3).toFixed(3);
    await server.query(
      DATABASE,
      `CREATE FUNCTION check_slowly() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN PERFORM pg_sleep(${seconds}); RETURN NULL; END $$;
      CREATE CONSTRAINT TRIGGER check_slowly AFTER INSERT ON transfers DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION check_slowly()`,
    );
    await delay(LOW_TPS_MS);
    await server.query(DATABASE, 'DROP TRIGGER check_slowly ON transfers');
  },
  afterSeconds: 10,
  states: [
    serverState('slow', 'expected', 60),
    clientState(ORDERS_HOST, 'slow', 'expected', 60),
    ...allowedEverywhere(['jitter', 'sub_healthy']),
  ],
  findings: [
    expectedFinding('low-tps/database'),
    allowedFindings('open-transactions/', 'forecast/', 'slow-classes/'),
  ],
};

const heldLock: Scenario = {
  name: 'held-lock',
  says: 'Somebody locks the accounts and leaves the transaction open for four minutes: transfers wait, the shop reads on.',
  before: transfersMostly,
  play: () => holdLock('accounts', 'EXCLUSIVE', LOW_TPS_MS),
  afterSeconds: 15,
  states: [
    ...allowedEverywhere(['slow', 'jitter', 'sub_healthy']),
    // Of its usual answers three or four of a hundred are left: next to nothing, as hang is defined.
    serverState('hang', 'allowed'),
    clientState(ORDERS_HOST, 'hang', 'allowed'),
    clientState(OTHER_HOST, 'hang', 'allowed'),
  ],
  findings: [
    expectedFinding('low-tps/database'),
    allowedFindings('open-transactions/', 'forecast/', 'slow-classes/'),
  ],
};

const impatientTransfers: Scenario = {
  name: 'impatient-transfers',
  says: 'Somebody changes all accounts and leaves the transaction open for four minutes; transfers give up after 1.5 s.',
  settings: { lock_timeout: '1500' },
  before: transfersMostly,
  play: async () => {
    const client = await connectOther('psql');
    await client.query('BEGIN');
    await client.query('UPDATE accounts SET balance = balance + 0');
    await delay(LOW_TPS_MS);
    await client.query('ROLLBACK');
    await client.end();
  },
  afterSeconds: 15,
  states: allowedEverywhere(['slow', 'jitter', 'sub_healthy', 'hang']),
  findings: [
    expectedBlocker(OTHER_HOST),
    expectedError('55P03'),
    expectedFinding('low-tps/database'),
    allowedFindings('open-transactions/', 'forecast/', 'slow-classes/', 'big-transactions/'),
  ],
};

/** Somebody changes all accounts again and again, and commits 8 to 15 s later. Locked first: else one locks the other out. */
const holdShortly: Scenario['play'] = async ({ random }) => {
  const client = await connectOther('importer');
  const untilMs = Date.now() + LOW_TPS_MS;
  while (Date.now() < untilMs) {
    await client.query('BEGIN');
    await client.query('LOCK TABLE accounts IN SHARE ROW EXCLUSIVE MODE');
    await client.query('UPDATE accounts SET balance = balance + 0');
    await delay(between(random, 8_000, 15_000));
    await client.query('COMMIT');
    await delay(30_000);
  }
  await client.end();
};

const patientTransfers: Scenario = {
  name: 'patient-transfers',
  says: 'Somebody changes all accounts every half a minute and commits 8 to 15 s later; transfers wait that long.',
  before: transfersMostly,
  play: holdShortly,
  afterSeconds: 15,
  states: allowedEverywhere(['slow', 'jitter', 'sub_healthy', 'hang']),
  findings: [
    expectedBlocker(OTHER_HOST),
    allowedFindings(
      'low-tps/database',
      'open-transactions/',
      'forecast/',
      'slow-classes/',
      'big-transactions/',
    ),
  ],
};

const shortHolds: Scenario = {
  ...patientTransfers,
  name: 'short-holds',
  says: 'Somebody changes all accounts every half a minute and commits 8 to 15 s later; transfers give up after 1.5 s.',
  settings: { lock_timeout: '1500' },
  findings: [expectedError('55P03'), ...patientTransfers.findings],
};

const wayToOrders: Scenario = {
  name: 'way-to-orders',
  says: 'The answers of the server to the transfers alone are held back by 300 to 800 ms in the network for four minutes.',
  path: true,
  before: transfersMostly,
  play: impair(({ random }) => {
    const heldMs = between(random, 300, 800);
    return { holdMs: (client) => (client === ORDERS_HOST ? heldMs : 0) };
  }, LOW_TPS_MS),
  afterSeconds: 5,
  states: [
    clientState(ORDERS_HOST, 'slow', 'expected', 60),
    // The mean of all its answers, of which nearly all are those.
    serverState('slow', 'expected', 60),
    ...allowedEverywhere(['jitter', 'sub_healthy']),
  ],
  findings: [
    expectedFinding('low-tps/network'),
    allowedFindings('open-transactions/', 'forecast/', 'slow-classes/'),
  ],
};

export const transferScenarios: readonly Scenario[] = [
  quietOrders,
  fatterTransactions,
  slowCommits,
  heldLock,
  impatientTransfers,
  patientTransfers,
  shortHolds,
  wayToOrders,
];

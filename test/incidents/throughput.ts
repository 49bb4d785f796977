/**
 * Faults after which a database ends far fewer transactions, one for each thing that can be to blame (D2): they last long enough for the
 * three whole minutes in which TPS must be low before that is told. How strong a fault is, is drawn by seed within a range in which it costs
 * more than half of the transactions, at loads from 0.6 on.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { delay } from '../lab/process.ts';
import { between, integerOf } from '../lab/random.ts';
import { browse } from './everyday.ts';
import { DATABASE, OTHER_HOST, SHOP_HOST } from './places.ts';
import type { Scenario } from './scenario.ts';
import { clientBackends, connectOther, holdLock } from './stage.ts';
import {
  allowedEverywhere,
  allowedFindings,
  clientState,
  expectedError,
  expectedFinding,
  serverState,
  shutdownErrors,
} from './truths.ts';

/** Three whole minutes lie in it, wherever it begins. */
export const LOW_TPS_MS = 245_000;

const lessLoad: Scenario = {
  name: 'less-load',
  says: 'Both applications have a tenth to a third of their usual work for four minutes.',
  play: async ({ orders, shop, random }) => {
    const pace = between(random, 0.1, 0.35);
    for (const application of [orders, shop]) application.pace = pace;
    await delay(LOW_TPS_MS);
    for (const application of [orders, shop]) application.pace = 1;
  },
  afterSeconds: 10,
  states: [],
  findings: [expectedFinding('low-tps/application')],
};

const applicationGone: Scenario = {
  name: 'application-gone',
  says: 'The shop ends in order and stays away for four minutes, as after a deployment that failed.',
  play: async ({ shop }) => {
    await shop.stop();
    await delay(LOW_TPS_MS);
    await shop.start();
  },
  afterSeconds: 10,
  // It has no connection, which is what the word means for an application.
  states: [clientState(SHOP_HOST, 'down', 'allowed', 60)],
  findings: [expectedFinding('low-tps/application')],
};

const allGone: Scenario = {
  name: 'all-gone',
  says: 'Both applications end in order and stay away for four minutes.',
  play: async ({ orders, shop }) => {
    await Promise.all([orders.stop(), shop.stop()]);
    await delay(LOW_TPS_MS);
    await Promise.all([orders.start(), shop.start()]);
  },
  afterSeconds: 10,
  states: allowedEverywhere(['down']).filter(({ role }) => role === 'client'),
  findings: [expectedFinding('low-tps/application')],
};

const frozenShop: Scenario = {
  name: 'frozen-shop',
  says: 'The shop stops in its tracks for four minutes, its connections open, none with anything under way in the database.',
  play: async ({ shop }) => {
    shop.freeze();
    await delay(LOW_TPS_MS);
    shop.go();
  },
  afterSeconds: 10,
  states: [clientState(SHOP_HOST, 'hang', 'allowed', 60)],
  findings: [expectedFinding('low-tps/application')],
};

const smallPool: Scenario = {
  name: 'small-pool',
  says: 'A new release of the shop has one connection in place of five, and its customers wait for that, for four minutes and after.',
  play: async ({ shop }) => {
    await shop.shrinkTo(1);
    await delay(LOW_TPS_MS);
  },
  afterSeconds: 10,
  states: [clientState(SHOP_HOST, 'sub_healthy', 'allowed', 60)],
  findings: [expectedFinding('low-tps/application')],
};

const applicationSlow: Scenario = {
  name: 'application-slow',
  says: 'Both applications take seconds for their own work, the transfers 1 to 4 s with a transaction open, the shop 0.6 to 2 s, for four minutes.',
  play: async ({ orders, shop, random: drawn }) => {
    const [book, read] = [orders.work, shop.work];
    const [bookMs, readMs] = [between(drawn, 1_000, 4_000), between(drawn, 600, 2_000)];
    orders.work = (say, random, breathe) => book(say, random, (ms) => breathe(ms + bookMs));
    shop.work = async (say, random, breathe) => {
      await breathe(readMs);
      await read(say, random, breathe);
    };
    await delay(LOW_TPS_MS);
    orders.work = book;
    shop.work = read;
  },
  afterSeconds: 10,
  // Transactions that stay open for longer lock longer, now and then for one another.
  states: allowedEverywhere(['jitter', 'sub_healthy']),
  findings: [
    expectedFinding('low-tps/application'),
    allowedFindings('open-transactions/', 'forecast/'),
  ],
};

const longerTransactions: Scenario = {
  name: 'longer-transactions',
  says: 'A new release of the shop reads 6 to 20 items in a transaction where it read one by itself, with as many statements as before.',
  play: async ({ shop, random: drawn }) => {
    const usual = shop.work;
    const reads = integerOf(drawn, 6, 20);
    shop.work = async (say, random, breathe) => {
      await say('BEGIN');
      for (let read = 0; read < reads; read++) {
        await browse(say, random, breathe);
        await breathe(between(random, 5, 40));
      }
      await say('COMMIT');
    };
    shop.pace = 1 / reads;
    await delay(LOW_TPS_MS);
    shop.work = usual;
    shop.pace = 1;
  },
  afterSeconds: 10,
  states: allowedEverywhere(['jitter']),
  findings: [
    expectedFinding('low-tps/workload_change'),
    // It reads items one by one in a transaction.
    allowedFindings('open-transactions/', 'repeated-statements/', 'slow-classes/'),
  ],
};

const queueForLocks: Scenario = {
  name: 'queue-for-locks',
  says: 'A job locks both tables of the applications for 1.5 to 3.5 s again and again, with a pause of a fifth of a second, for four minutes.',
  play: async ({ random }) => {
    const client = await connectOther('maintenance');
    const lockMs = between(random, 1_500, 3_500);
    const untilMs = Date.now() + LOW_TPS_MS;
    while (Date.now() < untilMs) {
      await client.query('BEGIN');
      await client.query('LOCK TABLE accounts, items IN ACCESS EXCLUSIVE MODE');
      await delay(lockMs);
      await client.query('COMMIT');
      await delay(200);
    }
    await client.end();
  },
  afterSeconds: 10,
  states: [
    ...allowedEverywhere(['slow', 'jitter', 'sub_healthy', 'hang']).filter(
      ({ role, state }) => role === 'client' || state !== 'hang',
    ),
    clientState(OTHER_HOST, 'slow', 'allowed', 60),
    clientState(OTHER_HOST, 'jitter', 'allowed', 60),
  ],
  findings: [
    expectedFinding('low-tps/database'),
    allowedFindings('open-transactions/', 'forecast/', 'slow-classes/'),
  ],
};

const slowRows: Scenario = {
  name: 'slow-rows',
  says: 'Each row that is read of items takes 0.25 to 0.4 s, as from a disk that fails, for four minutes.',
  play: async ({ server, random }) => {
    const seconds = between(random, 0.25, 0.4).toFixed(3);
    await server.query(
      DATABASE,
      `ALTER TABLE items RENAME TO items_read;
      CREATE VIEW items AS SELECT read.* FROM items_read read, LATERAL (SELECT pg_sleep(${seconds}) WHERE read.id > 0 OFFSET 0) slow`,
    );
    await delay(LOW_TPS_MS);
    await server.query(DATABASE, 'DROP VIEW items; ALTER TABLE items_read RENAME TO items');
  },
  afterSeconds: 10,
  states: [
    serverState('slow', 'expected', 60),
    clientState(SHOP_HOST, 'slow', 'expected', 60),
    ...allowedEverywhere(['jitter', 'sub_healthy']),
  ],
  findings: [expectedFinding('low-tps/database'), allowedFindings('forecast/', 'slow-classes/')],
};

const longHang: Scenario = {
  name: 'long-hang',
  says: 'All backends are stopped (SIGSTOP) for four minutes.',
  play: async (stage) => {
    const pids = await clientBackends(stage);
    for (const pid of pids) process.kill(pid, 'SIGSTOP');
    await delay(LOW_TPS_MS);
    for (const pid of pids) process.kill(pid, 'SIGCONT');
  },
  afterSeconds: 15,
  states: [serverState('hang', 'expected'), ...allowedEverywhere(['hang', 'slow', 'jitter'])],
  findings: [
    expectedFinding('low-tps/database'),
    allowedFindings('open-transactions/', 'forecast/'),
  ],
};

const starvedServer: Scenario = {
  name: 'starved-server',
  says: 'All backends are stopped (SIGSTOP) for 1.5 to 3 s again and again and run for a tenth of a second between, as on a machine without time for them, for four minutes.',
  play: async (stage) => {
    const pids = await clientBackends(stage);
    const stoppedMs = between(stage.random, 1_500, 3_000);
    const all = (signal: 'SIGSTOP' | 'SIGCONT') => {
      for (const pid of pids) process.kill(pid, signal);
    };
    const untilMs = Date.now() + LOW_TPS_MS;
    while (Date.now() < untilMs) {
      all('SIGSTOP');
      await delay(stoppedMs);
      all('SIGCONT');
      await delay(100);
    }
  },
  afterSeconds: 10,
  states: allowedEverywhere(['slow', 'jitter', 'sub_healthy']),
  findings: [
    expectedFinding('low-tps/database'),
    allowedFindings('open-transactions/', 'forecast/', 'slow-classes/'),
  ],
};

const longOutage: Scenario = {
  name: 'long-outage',
  says: 'The server and its backends are killed (SIGKILL) and start again after four minutes.',
  play: async ({ server }) => {
    await server.crash();
    await delay(LOW_TPS_MS);
    await server.startAgain();
  },
  afterSeconds: 15,
  states: [
    serverState('down', 'expected'),
    ...allowedEverywhere(['hang', 'slow', 'jitter', 'sub_healthy']),
    ...allowedEverywhere(['down']).filter(({ role }) => role === 'client'),
  ],
  findings: [expectedFinding('low-tps/database'), ...shutdownErrors],
};

const captureLossLong: Scenario = {
  name: 'capture-loss-long',
  says: 'The capture loses 55 to 85 of a hundred packets for four minutes; all else is well.',
  harmless: true,
  play: () => delay(LOW_TPS_MS),
  captureLossShare: [0.55, 0.85],
  afterSeconds: 10,
  states: [serverState('unknown', 'expected'), ...allowedEverywhere(['unknown'])],
  findings: [expectedFinding('low-tps/capture')],
};

const loginRefused: Scenario = {
  name: 'login-refused',
  says: 'Somebody changes pg_hba.conf: the sessions of the shop end, and its logins are refused for four minutes.',
  play: async ({ server }) => {
    const file = join(server.socketDirectory, 'data', 'pg_hba.conf');
    const before = readFileSync(file, 'utf8');
    const load = async (text: string) => {
      writeFileSync(file, text);
      await server.query(DATABASE, 'SELECT pg_reload_conf()');
    };
    await load(`host all all ${SHOP_HOST}/32 reject\n${before}`);
    await delay(500);
    await server.query(
      DATABASE,
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE client_addr = '${SHOP_HOST}'`,
    );
    await delay(LOW_TPS_MS);
    await load(before);
  },
  afterSeconds: 10,
  // It has connections for the milliseconds of a login, and none that it can use.
  states: [clientState(SHOP_HOST, 'down', 'allowed', 60)],
  findings: [expectedFinding('low-tps/database'), expectedError('28000'), ...shutdownErrors],
};

const quietShop: Scenario = {
  name: 'quiet-shop',
  says: 'Customers stay away: the shop asks a fifth of its usual or less, the transfers go on, for four minutes.',
  play: async ({ shop, random }) => {
    shop.pace = between(random, 0.02, 0.2);
    await delay(LOW_TPS_MS);
    shop.pace = 1;
  },
  afterSeconds: 10,
  states: [],
  findings: [expectedFinding('low-tps/application')],
};

const rebuiltTable: Scenario = {
  name: 'rebuilt-table',
  says: 'The table of items is locked for four minutes, as by a rewrite of it: the shop waits, transfers go on.',
  play: () => holdLock('items', 'ACCESS EXCLUSIVE', LOW_TPS_MS),
  afterSeconds: 15,
  states: [
    ...allowedEverywhere(['slow', 'jitter', 'sub_healthy']),
    clientState(SHOP_HOST, 'hang', 'allowed'),
    clientState(OTHER_HOST, 'hang', 'allowed'),
  ],
  findings: [
    expectedFinding('low-tps/database'),
    allowedFindings('open-transactions/', 'forecast/', 'slow-classes/'),
  ],
};

export const throughputScenarios: readonly Scenario[] = [
  lessLoad,
  quietShop,
  applicationGone,
  allGone,
  frozenShop,
  smallPool,
  applicationSlow,
  longerTransactions,
  queueForLocks,
  rebuiltTable,
  slowRows,
  longHang,
  starvedServer,
  longOutage,
  captureLossLong,
  loginRefused,
];

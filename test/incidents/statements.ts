/** Faults of statements, transactions and data: the diagnoses D1 to D5 and the hot spots F1. */
import { mkdtempSync, rmSync } from 'node:fs';
import { chown } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type pg from 'pg';
import { SUPERUSER } from '../lab/postgres-server.ts';
import { delay, mustRun, unprivileged } from '../lab/process.ts';
import { integerOf } from '../lab/random.ts';
import { browse } from './everyday.ts';
import { ACCOUNTS, DATABASE, ITEMS, ORDERS_HOST, OTHER_HOST } from './places.ts';
import type { Scenario } from './scenario.ts';
import { connectOther, type Stage } from './stage.ts';
import {
  allowedEverywhere,
  allowedFindings,
  clientState,
  expectedBlocker,
  expectedError,
  expectedFinding,
  serverState,
} from './truths.ts';

async function repeatFor(ms: number, everyMs: number, step: () => Promise<unknown>): Promise<void> {
  const untilMs = Date.now() + ms;
  while (Date.now() < untilMs) {
    await step();
    await delay(everyMs);
  }
}

/** The error of a statement is what the scenario is about. */
async function failing(work: Promise<unknown>): Promise<void> {
  await work.catch(() => undefined);
}

async function withOther(
  application: string,
  work: (client: pg.Client) => Promise<void>,
): Promise<void> {
  const client = await connectOther(application);
  try {
    await work(client);
  } finally {
    await client.end();
  }
}

const growingTable: Scenario = {
  name: 'growing-table',
  says: 'A table without an index, which every third read looks into, grows for 240 s.',
  play: async ({ shop }) => {
    const usual = shop.work;
    shop.work = async (say, random, breathe) => {
      if (random() < 0.33)
        await say(
          'SELECT line FROM journal WHERE reference = $1',
          [integerOf(random, 1, 500)],
          'journal',
        );
      else await browse(say, random, breathe);
    };
    await withOther('importer', (client) =>
      repeatFor(240_000, 1_000, () =>
        client.query(
          "INSERT INTO journal (reference, line) SELECT i, 'line ' || i FROM generate_series(1000, 3000) i",
        ),
      ),
    );
    shop.work = usual;
  },
  afterSeconds: 5,
  states: [
    serverState('sub_healthy', 'expected', 10),
    ...allowedEverywhere(['sub_healthy', 'slow', 'jitter']),
  ],
  // Two thousand rows an insert are many beside transfers of three.
  findings: [
    allowedFindings(
      'big-transactions/',
      'forecast/',
      'slow-classes/',
      // What it is: the reads of the table take longer and longer.
      'queries/grows',
      'low-tps/database',
      'hot/append',
    ),
  ],
};

const lockHolder: Scenario = {
  name: 'lock-holder',
  says: 'Somebody locks the table of accounts and does nothing for 45 s: all transfers wait, reads go on.',
  play: () =>
    withOther('psql', async (client) => {
      await client.query('BEGIN');
      await client.query('LOCK TABLE accounts IN EXCLUSIVE MODE');
      await delay(45_000);
      await client.query('ROLLBACK');
    }),
  afterSeconds: 30,
  states: [
    // It has connections, sends nothing and gets nothing: the plain definition of an application that hangs.
    ...allowedEverywhere(['slow', 'jitter', 'hang', 'sub_healthy']),
  ],
  findings: [expectedBlocker(OTHER_HOST), allowedFindings('low-tps/database')],
};

const lockAll: Scenario = {
  name: 'lock-all',
  says: 'Somebody locks the tables of accounts and items and does nothing for 25 s: everything waits.',
  play: () =>
    withOther('psql', async (client) => {
      await client.query('BEGIN');
      await client.query('LOCK TABLE accounts, items IN ACCESS EXCLUSIVE MODE');
      await delay(25_000);
      await client.query('ROLLBACK');
    }),
  afterSeconds: 30,
  states: [
    serverState('hang', 'expected'),
    ...allowedEverywhere(['hang', 'slow', 'jitter', 'sub_healthy']),
  ],
  findings: [expectedBlocker(OTHER_HOST), allowedFindings('low-tps/database')],
};

const duplicateKeys: Scenario = {
  name: 'duplicate-keys',
  says: 'Somebody sends transfers again that are booked already, 15 a second for 60 s.',
  play: () =>
    withOther('resend', async (client) => {
      const send = () =>
        client.query('INSERT INTO transfers (source, target, amount, key) VALUES (1, 2, 3, $1)', [
          'again',
        ]);
      await failing(send());
      await repeatFor(60_000, 65, () => failing(send()));
    }),
  afterSeconds: 10,
  states: [],
  findings: [expectedError('23505'), allowedFindings('hot/')],
};

const fullTablespace: Scenario = {
  name: 'full-tablespace',
  says: 'A tablespace of 8 MB is filled: from then on every insert into its table fails, for 60 s.',
  before: async ({ server }) => {
    const directory = mkdtempSync(join(tmpdir(), 'mirrorsql-small-'));
    await mustRun('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', directory]);
    const { uid = 0, gid = 0 } = unprivileged(SUPERUSER);
    await chown(directory, uid, gid);
    await server.query(DATABASE, `CREATE TABLESPACE small LOCATION '${directory}'`);
    await server.query(DATABASE, 'CREATE TABLE audit (line text) TABLESPACE small');
    return async () => {
      await server.shutDown();
      await mustRun('umount', [directory]);
      rmSync(directory, { recursive: true });
    };
  },
  play: () =>
    withOther('auditor', (client) =>
      repeatFor(60_000, 250, () =>
        failing(
          client.query("INSERT INTO audit SELECT repeat('x', 200) FROM generate_series(1, 2000)"),
        ),
      ),
    ),
  afterSeconds: 10,
  states: allowedEverywhere(['jitter']),
  // Those that found room wrote 2,000 rows each, which is many for one statement here.
  findings: [expectedError('53100'), allowedFindings('big-transactions/')],
};

const deadlocks: Scenario = {
  name: 'deadlocks',
  says: 'Two programs update the same two accounts in opposite order: a deadlock every few seconds for 60 s.',
  play: async () => {
    const first = await connectOther('interest');
    const second = await connectOther('fees');
    const move = 'UPDATE accounts SET balance = balance + 1 WHERE id = $1';
    await repeatFor(60_000, 1_500, async () => {
      await Promise.all([first.query('BEGIN'), second.query('BEGIN')]);
      await Promise.all([first.query(move, [11]), second.query(move, [12])]);
      const both = [first.query(move, [12]), second.query(move, [11])].map(failing);
      await Promise.all(both);
      await Promise.all([first.query('COMMIT'), second.query('COMMIT')]);
    });
    await Promise.all([first.end(), second.end()]);
  },
  afterSeconds: 10,
  states: [
    clientState(OTHER_HOST, 'slow', 'allowed', 60),
    ...allowedEverywhere(['jitter', 'slow']),
  ],
  findings: [expectedError('40P01'), allowedFindings('hot/', 'open-transactions/blocking')],
};

const tooManyConnections: Scenario = {
  name: 'too-many-connections',
  says: 'A program opens connections and keeps them until the server has none left, and tries on, for 60 s.',
  settings: { max_connections: '24' },
  play: async () => {
    const open: pg.Client[] = [];
    await repeatFor(60_000, 400, () =>
      failing(connectOther('leaky').then((client) => open.push(client))),
    );
    await Promise.all(open.map((client) => client.end()));
  },
  afterSeconds: 15,
  states: [],
  findings: [expectedError('53300')],
};

const idleInTransaction: Scenario = {
  name: 'idle-in-transaction',
  says: 'Somebody changes 40 rows in a transaction and goes away for 75 s without a commit.',
  play: () =>
    withOther('psql', async (client) => {
      await client.query('BEGIN');
      // Above those that transfers touch: nobody waits.
      await client.query('UPDATE items SET price = price + 1 WHERE id <= 40');
      await delay(75_000);
      await client.query('COMMIT');
    }),
  afterSeconds: 5,
  // A person at a prompt who asks nothing, a transaction open: what hangs looks the same.
  states: [clientState(OTHER_HOST, 'hang', 'allowed')],
  findings: [expectedFinding('open-transactions/idle')],
};

const hotKey: Scenario = {
  name: 'hot-key',
  says: 'Most transfers go to one account for 60 s: they wait for each other.',
  play: async ({ orders, random: seeds }) => {
    const usual = orders.work;
    let sent = integerOf(seeds, 1_000_000, 2_000_000);
    orders.work = async (say, random, breathe) => {
      const move = 'UPDATE accounts SET balance = balance + $1 WHERE id = $2';
      const number = ++sent;
      await say('BEGIN');
      await say(move, [5, random() < 0.8 ? 4_711 : integerOf(random, 1, ACCOUNTS)], 'move');
      await breathe(15);
      await say(
        'INSERT INTO transfers (source, target, amount, key) VALUES ($1, $2, $3, $4)',
        [1, 2, 5, `hot-${String(number)}`],
        'book',
      );
      await say('COMMIT');
    };
    orders.pace = 3;
    await delay(60_000);
    orders.pace = 1;
    orders.work = usual;
  },
  afterSeconds: 10,
  states: allowedEverywhere(['jitter', 'slow', 'sub_healthy']),
  // Its updates wait for each other, which is a longer time of their class alone.
  findings: [
    expectedFinding('hot/'),
    allowedFindings('open-transactions/blocking', 'forecast/', 'slow-classes/'),
  ],
};

const manyInPlaceOfOne: Scenario = {
  name: 'n-plus-one',
  says: 'A new page reads a list of 40 items and then each of them by itself, twice a second for 60 s.',
  play: () =>
    withOther('catalogue', async (client) => {
      let owner = 0;
      await repeatFor(60_000, 400, async () => {
        owner++;
        await client.query('BEGIN');
        const { rows } = await client.query<{ id: number }>(
          'SELECT id FROM items WHERE id BETWEEN $1 AND $1 + 39',
          [owner * 41],
        );
        for (const { id } of rows)
          await client.query('SELECT title, price, owner FROM items WHERE id = $1', [id]);
        await client.query('COMMIT');
      });
    }),
  afterSeconds: 10,
  states: [],
  findings: [expectedFinding('slow-classes/n-plus-one')],
};

const bigTransaction: Scenario = {
  name: 'big-transaction',
  says: 'One transaction changes all 50,000 items in five statements.',
  play: () =>
    withOther('repricing', async (client) => {
      await client.query('BEGIN');
      for (let part = 0; part < 5; part++) {
        await client.query('UPDATE items SET price = price + 1 WHERE id % 5 = $1', [part]);
        await delay(4_000);
      }
      await client.query('COMMIT');
      await delay(20_000);
    }),
  afterSeconds: 10,
  states: allowedEverywhere(['jitter']),
  findings: [expectedFinding('big-transactions/', 'open-transactions/becoming-big')],
};

const droppedIndex: Scenario = {
  name: 'dropped-index',
  says: 'The index of items by owner is dropped: one class of reads takes many times as long for 90 s, all others as before.',
  before: async ({ server }) => {
    // As large as it takes for an index to matter.
    await server.query(
      DATABASE,
      `INSERT INTO items SELECT i, i % 5000 + 1, 'item ' || i, i % 997 FROM generate_series(${String(ITEMS + 1)}, 300000) i`,
    );
    await server.query(DATABASE, 'VACUUM ANALYZE items');
    return undefined;
  },
  play: () =>
    withOther('psql', async (client) => {
      await client.query('DROP INDEX items_owner');
      await delay(90_000);
    }),
  afterSeconds: 2,
  states: allowedEverywhere(['slow', 'jitter', 'sub_healthy']),
  findings: [expectedFinding('slow-classes/'), allowedFindings('forecast/')],
};

const connectionDrain: Scenario = {
  name: 'connection-drain',
  says: 'The pool of the transfer application loses one connection after the other, from 6 to 2 in 100 s.',
  play: async ({ orders }: Stage) => {
    for (const workers of [5, 4, 3, 2]) {
      await orders.shrinkTo(workers);
      await delay(25_000);
    }
  },
  // A trend is judged over ten minutes, and robustly: what fills less than a third of them is none yet.
  afterSeconds: 180,
  states: [clientState(ORDERS_HOST, 'sub_healthy', 'expected', 180)],
  findings: [allowedFindings('low-tps/application', 'low-tps/workload_change')],
};

export const statementScenarios: readonly Scenario[] = [
  growingTable,
  lockHolder,
  lockAll,
  duplicateKeys,
  fullTablespace,
  deadlocks,
  tooManyConnections,
  idleInTransaction,
  hotKey,
  manyInPlaceOfOne,
  bigTransaction,
  droppedIndex,
  connectionDrain,
];

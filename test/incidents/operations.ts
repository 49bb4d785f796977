/**
 * What people and machines do to a database in operation, and what it costs in transactions: faults that are told apart less easily than
 * those of throughput.ts, for something else happens at the same time or the cause is far from what shows.
 */
import { delay } from '../lab/process.ts';
import { between, integerOf } from '../lab/random.ts';
import type { Work } from './application.ts';
import { impair } from './network.ts';
import { ACCOUNTS, DATABASE, ORDERS_HOST, OTHER_HOST, SHOP_HOST } from './places.ts';
import type { Scenario } from './scenario.ts';
import { changeSetting, connectOther, type Stage } from './stage.ts';
import { LOW_TPS_MS } from './throughput.ts';
import { transfersMostly } from './transfers.ts';
import {
  allowedEverywhere,
  allowedFindings,
  clientState,
  expectedError,
  expectedFinding,
  serverState,
} from './truths.ts';

const missingStandby: Scenario = {
  name: 'missing-standby',
  says: 'Commits wait for a synchronous standby that is gone, for four minutes; reads go on.',
  settings: { synchronous_commit: 'on' },
  before: transfersMostly,
  play: (stage) => changeSetting(stage, 'synchronous_standby_names', "'gone'", LOW_TPS_MS),
  afterSeconds: 15,
  // Next to nothing is answered: of the usual answers a few of a hundred are reads.
  states: [
    ...allowedEverywhere(['slow', 'jitter', 'sub_healthy']),
    serverState('hang', 'allowed'),
    clientState(ORDERS_HOST, 'hang', 'allowed'),
  ],
  findings: [
    expectedFinding('low-tps/database'),
    allowedFindings('open-transactions/', 'forecast/', 'slow-classes/'),
  ],
};

const waitingMigration: Scenario = {
  name: 'waiting-migration',
  says: 'ALTER TABLE items waits four minutes for a report that left its transaction open, and all reads of the shop wait behind it.',
  play: async () => {
    const report = await connectOther('report');
    await report.query('BEGIN');
    await report.query('SELECT count(*) FROM items');
    const migration = await connectOther('migration');
    const altered = migration.query('ALTER TABLE items ADD COLUMN note text');
    await delay(LOW_TPS_MS);
    await report.query('COMMIT');
    await altered;
    await Promise.all([report.end(), migration.end()]);
  },
  afterSeconds: 15,
  states: [
    ...allowedEverywhere(['slow', 'jitter', 'sub_healthy']),
    clientState(SHOP_HOST, 'hang', 'allowed'),
    clientState(OTHER_HOST, 'hang', 'allowed'),
    clientState(OTHER_HOST, 'slow', 'allowed', 60),
  ],
  findings: [
    expectedFinding('low-tps/database'),
    allowedFindings('open-transactions/', 'forecast/', 'slow-classes/'),
  ],
};

const leakedConnections: Scenario = {
  name: 'leaked-connections',
  says: 'The shop does not give back four of its five connections, idle in transactions, for four minutes.',
  play: async ({ shop }) => {
    const usual = shop.work;
    const over = delay(LOW_TPS_MS);
    let leaked = 0;
    shop.work = async (say, random, breathe) => {
      if (leaked >= 4) {
        await usual(say, random, breathe);
        return;
      }
      leaked++;
      await say('BEGIN');
      await usual(say, random, breathe);
      await over;
      await say('COMMIT');
    };
    await over;
    shop.work = usual;
  },
  afterSeconds: 10,
  states: [clientState(SHOP_HOST, 'sub_healthy', 'allowed', 60)],
  findings: [expectedFinding('low-tps/application'), allowedFindings('open-transactions/')],
};

const throttledApplications: Scenario = {
  name: 'throttled-applications',
  says: 'Both applications stand still for 3 to 6 s again and again and run for 0.4 s between, as in a container out of its share of processor, for four minutes.',
  play: async ({ orders, shop, random }) => {
    const stillMs = between(random, 3_000, 6_000);
    const untilMs = Date.now() + LOW_TPS_MS;
    while (Date.now() < untilMs) {
      for (const application of [orders, shop]) application.freeze();
      await delay(stillMs);
      for (const application of [orders, shop]) application.go();
      await delay(400);
    }
  },
  afterSeconds: 10,
  states: [ORDERS_HOST, SHOP_HOST].flatMap((host) => [
    clientState(host, 'hang', 'allowed', 60),
    clientState(host, 'jitter', 'allowed', 60),
  ]),
  findings: [expectedFinding('low-tps/application'), allowedFindings('open-transactions/')],
};

const fadingCustomers: Scenario = {
  name: 'fading-customers',
  says: 'Work of both applications fades to a tenth within half a minute to one and a half, and stays there for four minutes.',
  play: async ({ orders, shop, random }) => {
    const steps = integerOf(random, 6, 18);
    for (let step = 1; step <= steps; step++) {
      for (const application of [orders, shop]) application.pace = 1 - (0.9 * step) / steps;
      await delay(5_000);
    }
    await delay(LOW_TPS_MS);
    for (const application of [orders, shop]) application.pace = 1;
  },
  afterSeconds: 10,
  states: [],
  findings: [expectedFinding('low-tps/application')],
};

const READS_OF_BATCH = 300;

const quietWithBatch: Scenario = {
  name: 'quiet-with-batch',
  says: 'Customers of the shop stay away while a batch of another host reads more than ever, 300 rows in a transaction, for four minutes.',
  play: async ({ shop, random }) => {
    const client = await connectOther('batch');
    shop.pace = between(random, 0.02, 0.15);
    const untilMs = Date.now() + LOW_TPS_MS;
    while (Date.now() < untilMs) {
      await client.query('BEGIN');
      for (let read = 0; read < READS_OF_BATCH && Date.now() < untilMs; read++) {
        const id = integerOf(random, 1, ACCOUNTS);
        await client.query('SELECT balance FROM accounts WHERE id = $1', [id]);
        await delay(8);
      }
      await client.query('COMMIT');
    }
    shop.pace = 1;
    await client.end();
  },
  afterSeconds: 10,
  states: [],
  findings: [
    expectedFinding('low-tps/application'),
    allowedFindings('big-transactions/', 'slow-classes/'),
  ],
};

/** Customers stay away, by which most transactions are lost, while answers take longer than usual, and still next to no time. */
async function stayAway({ orders, shop, random }: Stage): Promise<void> {
  const pace = between(random, 0.1, 0.25);
  for (const application of [orders, shop]) application.pace = pace;
  await delay(LOW_TPS_MS);
  for (const application of [orders, shop]) application.pace = 1;
}

const quietAndSlower: Scenario = {
  name: 'quiet-and-slower',
  says: 'Both applications have a tenth to a quarter of their work for four minutes, and an index is gone meanwhile: three of ten reads take milliseconds where nobody waits for them.',
  play: async (stage) => {
    await stage.server.query(DATABASE, 'DROP INDEX items_owner');
    await stayAway(stage);
    await stage.server.query(DATABASE, 'CREATE INDEX items_owner ON items (owner)');
  },
  afterSeconds: 10,
  states: allowedEverywhere(['slow', 'jitter', 'sub_healthy']),
  findings: [expectedFinding('low-tps/application'), allowedFindings('slow-classes/', 'forecast/')],
};

const quietAndFar: Scenario = {
  name: 'quiet-and-far',
  says: 'Both applications have a tenth to a quarter of their work for four minutes, and every answer comes 5 to 10 ms later meanwhile, by a longer way.',
  path: true,
  play: async (stage) => {
    const heldMs = between(stage.random, 5, 10);
    const play = impair(() => ({ holdMs: () => heldMs }), LOW_TPS_MS);
    await Promise.all([play(stage), stayAway(stage)]);
  },
  afterSeconds: 10,
  states: allowedEverywhere(['slow', 'jitter', 'sub_healthy']),
  findings: [expectedFinding('low-tps/application'), allowedFindings('slow-classes/', 'forecast/')],
};

const captureOneWay: Scenario = {
  name: 'capture-one-way',
  says: 'The mirror carries next to nothing of what the server answers for four minutes, and all that it is asked; all else is well.',
  harmless: true,
  play: () => delay(LOW_TPS_MS),
  captureLossShare: [0.9, 0.999],
  captureLossOf: 'answers',
  afterSeconds: 10,
  states: [serverState('unknown', 'expected'), ...allowedEverywhere(['unknown'])],
  findings: [expectedFinding('low-tps/capture')],
};

/** After an error an application waits before it tries again, as it should. */
function waitingAfterErrors(work: Work, waitMs: number): Work {
  return async (say, random, breathe) => {
    try {
      await work(say, random, breathe);
    } catch (error) {
      await breathe(waitMs);
      throw error;
    }
  };
}

const buggyRelease: Scenario = {
  name: 'buggy-release',
  says: 'A new release of the shop asks for a column that does not exist, and waits 2 to 4 s after each error, for four minutes.',
  play: async ({ shop, random }) => {
    const usual = shop.work;
    shop.work = waitingAfterErrors(
      async (say) => {
        await say('SELECT id, title, prize FROM items WHERE id = $1', [1]);
      },
      between(random, 2_000, 4_000),
    );
    await delay(LOW_TPS_MS);
    shop.work = usual;
  },
  afterSeconds: 10,
  states: [],
  findings: [expectedFinding('low-tps/application'), expectedError('42703')],
};

const readOnlyServer: Scenario = {
  name: 'read-only-server',
  says: 'Somebody makes the server read-only: transfers fail, and wait 3 to 5 s after each error, for four minutes.',
  before: transfersMostly,
  play: async (stage) => {
    const { orders, random } = stage;
    const usual = orders.work;
    orders.work = waitingAfterErrors(usual, between(random, 3_000, 5_000));
    await changeSetting(stage, 'default_transaction_read_only', 'on', LOW_TPS_MS);
    orders.work = usual;
  },
  afterSeconds: 10,
  states: [],
  findings: [
    expectedFinding('low-tps/database'),
    expectedError('25006'),
    allowedFindings('open-transactions/'),
  ],
};

const quietWithFailingJob: Scenario = {
  name: 'quiet-with-failing-job',
  says: 'Both applications have a tenth to a quarter of their work for four minutes; a job of another host fails twice a second, as it always did.',
  before: async () => {
    const client = await connectOther('job');
    const fail = "DO $$ BEGIN RAISE EXCEPTION 'no space' USING ERRCODE = '53100'; END $$";
    let over = false;
    const work = async () => {
      while (!over) {
        // In the middle of half seconds: whole ones may be the ends of the calm, at which nobody has anything under way.
        await delay(500 - ((Date.now() + 250) % 500));
        await client.query(fail).catch(() => undefined);
      }
    };
    const worked = work();
    return async () => {
      over = true;
      await worked;
      await client.end();
    };
  },
  play: stayAway,
  afterSeconds: 10,
  states: [],
  findings: [expectedFinding('low-tps/application'), allowedFindings('error-diagnosis/')],
};

export const operationScenarios: readonly Scenario[] = [
  missingStandby,
  waitingMigration,
  leakedConnections,
  throttledApplications,
  fadingCustomers,
  quietWithBatch,
  quietAndSlower,
  quietAndFar,
  captureOneWay,
  buggyRelease,
  readOnlyServer,
  quietWithFailingJob,
];

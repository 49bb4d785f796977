/** Faults after which somebody does not answer, or does not ask (ledger H1 and H2), and the calm. */
import { delay, waitUntil } from '../lab/process.ts';
import { DATABASE, ORDERS_HOST } from './places.ts';
import type { Scenario } from './scenario.ts';
import { clientBackends, type Stage } from './stage.ts';
import {
  allowedEverywhere,
  allowedFindings,
  clientState,
  serverState,
  shutdownErrors,
} from './truths.ts';

const calm: Scenario = {
  name: 'calm',
  says: 'Nothing happens.',
  harmless: true,
  play: () => delay(100_000),
  afterSeconds: 1,
  states: [],
  findings: [],
};

const stoppedBackends: Scenario = {
  name: 'stopped-backends',
  says: 'All backends are stopped (SIGSTOP) for 25 s: connections stand, nothing is answered.',
  play: async (stage) => {
    const pids = await clientBackends(stage);
    for (const pid of pids) process.kill(pid, 'SIGSTOP');
    await delay(25_000);
    for (const pid of pids) process.kill(pid, 'SIGCONT');
  },
  afterSeconds: 30,
  states: [serverState('hang', 'expected'), ...allowedEverywhere(['hang', 'slow', 'jitter'])],
  findings: [allowedFindings('low-tps/database')],
};

const crash: Scenario = {
  name: 'crash',
  says: 'The server and its backends are killed (SIGKILL) and start again after 20 s.',
  play: async ({ server }) => {
    await server.crash();
    await delay(20_000);
    await server.startAgain();
  },
  afterSeconds: 25,
  states: [
    serverState('down', 'expected'),
    ...allowedEverywhere(['hang', 'slow', 'jitter', 'sub_healthy']),
    // They have no connection, which is what the word means for an application.
    ...allowedEverywhere(['down']).filter(({ role }) => role === 'client'),
  ],
  findings: [allowedFindings('low-tps/database'), ...shutdownErrors],
};

const cleanRestart: Scenario = {
  ...crash,
  name: 'clean-restart',
  says: 'The server is shut down in order (fast shutdown) and starts again after 12 s.',
  play: async ({ server }) => {
    await server.shutDown();
    await delay(12_000);
    await server.startAgain();
  },
};

const clientStop: Scenario = {
  name: 'client-stop',
  says: 'The transfer application stops in its tracks for 30 s, one of its transactions open.',
  play: async (stage) => {
    await freezeInsideTransaction(stage);
    await delay(30_000);
    stage.orders.go();
  },
  afterSeconds: 20,
  states: [
    clientState(ORDERS_HOST, 'hang', 'expected'),
    serverState('jitter', 'allowed', 60),
    clientState(ORDERS_HOST, 'jitter', 'allowed', 60),
  ],
  findings: [
    allowedFindings('low-tps/application'),
    // A transaction that stands open and does nothing is what this looks like from the database.
    allowedFindings('open-transactions/'),
  ],
};

const shortPauses: Scenario = {
  name: 'short-pauses',
  says: 'The transfer application pauses three times for 3 s, as for garbage, its transactions open.',
  harmless: true,
  play: async (stage) => {
    for (let pause = 0; pause < 3; pause++) {
      await freezeInsideTransaction(stage);
      await delay(3_000);
      stage.orders.go();
      await delay(10_000);
    }
  },
  afterSeconds: 10,
  states: [],
  findings: [],
};

async function freezeInsideTransaction({ server, orders }: Stage): Promise<void> {
  const sql = `SELECT 1 FROM pg_stat_activity WHERE state = 'idle in transaction'
    AND application_name = 'orders'`;
  await waitUntil('a transaction that stays open', 10_000, async () => {
    orders.freeze();
    await delay(60);
    if ((await server.query(DATABASE, sql)).length > 0) return true;
    orders.go();
    return false;
  });
}

export const availabilityScenarios: readonly Scenario[] = [
  calm,
  stoppedBackends,
  crash,
  cleanRestart,
  clientStop,
  shortPauses,
];

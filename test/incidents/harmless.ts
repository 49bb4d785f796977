/** What happens every day and is nobody's fault: no state may come of it. */
import { delay } from '../lab/process.ts';
import type { Scenario } from './scenario.ts';
import { connectOther } from './stage.ts';
import { allowedEverywhere, allowedFindings, serverState } from './truths.ts';

const deployRestart: Scenario = {
  name: 'deploy-restart',
  says: 'The transfer application ends in order and comes back 8 s later, as a deployment does it.',
  harmless: true,
  play: async ({ orders }) => {
    await orders.stop();
    await delay(8_000);
    await orders.start();
  },
  afterSeconds: 60,
  states: [],
  findings: [allowedFindings('low-tps/application')],
};

const nightlyBatch: Scenario = {
  name: 'nightly-batch',
  says: 'A batch reads the whole accounts table, aggregates it, and books 500 corrections, for about 60 s.',
  harmless: true,
  play: async () => {
    const client = await connectOther('nightly');
    for (let turn = 0; turn < 12; turn++) {
      await client.query('SELECT id, balance FROM accounts WHERE id % 20 = $1', [turn]);
      await client.query(
        'SELECT price, count(*) FROM items GROUP BY price ORDER BY 2 DESC LIMIT 20',
      );
      await client.query('BEGIN');
      for (let row = 0; row < 40; row++)
        await client.query('UPDATE accounts SET balance = balance + 1 WHERE id = $1', [
          turn * 100 + row,
        ]);
      await client.query('COMMIT');
      await delay(4_000);
    }
    await client.end();
  },
  afterSeconds: 20,
  states: [],
  findings: [allowedFindings('big-transactions/')],
};

const doubledLoad: Scenario = {
  name: 'doubled-load',
  says: 'Both applications have twice their usual work for 70 s; the server answers as fast as ever.',
  harmless: true,
  play: async ({ orders, shop }) => {
    for (const application of [orders, shop]) application.pace = 2;
    await delay(70_000);
    for (const application of [orders, shop]) application.pace = 1;
  },
  afterSeconds: 10,
  states: [],
  findings: [],
};

const emptyNight: Scenario = {
  name: 'empty-night',
  says: 'Work fades away within a minute and nobody asks anything for another: connections stand idle.',
  harmless: true,
  play: async ({ orders, shop }) => {
    for (const pace of [0.5, 0.25, 0.1, 0.05]) {
      for (const application of [orders, shop]) application.pace = pace;
      await delay(15_000);
    }
    await Promise.all([orders.hold(), shop.hold()]);
    await delay(60_000);
    for (const application of [orders, shop]) {
      application.pace = 1;
      application.go();
    }
  },
  afterSeconds: 15,
  states: [],
  findings: [allowedFindings('low-tps/application', 'low-tps/workload_change')],
};

const captureLoss: Scenario = {
  name: 'capture-loss',
  says: 'The capture loses every tenth packet for 60 s; all else is well.',
  harmless: true,
  play: () => delay(60_000),
  captureLossShare: [0.1, 0.1],
  afterSeconds: 30,
  // Nobody can tell, and that is what must be said.
  states: [serverState('unknown', 'expected'), ...allowedEverywhere(['unknown'])],
  findings: [allowedFindings('low-tps/capture')],
};

export const harmlessScenarios: readonly Scenario[] = [
  deployRestart,
  nightlyBatch,
  doubledLoad,
  emptyNight,
  captureLoss,
];

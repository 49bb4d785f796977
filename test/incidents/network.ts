/** Faults of the network between the applications and the server: ledger H3 and H5. */
import { delay } from '../lab/process.ts';
import { between } from '../lab/random.ts';
import type { Impairment } from './network-path.ts';
import { ORDERS_HOST, SHOP_HOST } from './places.ts';
import type { Scenario } from './scenario.ts';
import type { Stage } from './stage.ts';
import { LOW_TPS_MS } from './throughput.ts';
import {
  allowedEverywhere,
  allowedFindings,
  clientState,
  expectedFinding,
  serverState,
} from './truths.ts';

const FAULT_MS = 100_000;
/** What a retransmission waits at least on Linux (tcp(7), TCP_RTO_MIN). */
const RETRANSMISSION_MS = 200;

export function impair(
  impairment: (stage: Stage) => Impairment,
  forMs = FAULT_MS,
): Scenario['play'] {
  return async (stage) => {
    const { path } = stage;
    if (path === undefined) throw new Error('this scenario needs a network path');
    path.impairment = impairment(stage);
    await delay(forMs);
    path.clear();
  };
}

const networkDelay: Scenario = {
  name: 'network-delay',
  says: 'Every answer of the server is held back by 350 to 1,000 ms in the network for four minutes.',
  path: true,
  play: impair(({ random }) => {
    const heldMs = between(random, 350, 1_000);
    return { holdMs: () => heldMs };
  }, LOW_TPS_MS),
  afterSeconds: 5,
  states: [
    serverState('slow', 'expected', 60),
    clientState(ORDERS_HOST, 'slow', 'expected', 60),
    clientState(SHOP_HOST, 'slow', 'expected', 60),
    ...allowedEverywhere(['jitter', 'sub_healthy']),
  ],
  findings: [expectedFinding('low-tps/network'), allowedFindings('forecast/')],
};

const wayToShop: Scenario = {
  name: 'way-to-shop',
  says: 'The answers of the server to the shop alone are held back by 800 to 1,500 ms in the network for four minutes.',
  path: true,
  play: impair(({ random }) => {
    const heldMs = between(random, 800, 1_500);
    return { holdMs: (client) => (client === SHOP_HOST ? heldMs : 0) };
  }, LOW_TPS_MS),
  afterSeconds: 5,
  states: [
    clientState(SHOP_HOST, 'slow', 'expected', 60),
    // The mean of all its answers.
    serverState('slow', 'allowed', 60),
    ...allowedEverywhere(['jitter', 'sub_healthy']).filter(({ node }) => node !== ORDERS_HOST),
  ],
  // The shop has no BEGIN, and all others are answered as usual: its own statements may take so long. Both must be said.
  findings: [
    expectedFinding('low-tps/network', 'low-tps/database'),
    allowedFindings('forecast/', 'slow-classes/'),
  ],
};

const networkJitter: Scenario = {
  name: 'network-jitter',
  says: 'Each second anew, answers are held back by 0 to 300 ms, most seconds by nothing, for 100 s.',
  path: true,
  play: impair(({ random }) => {
    let second = 0;
    let heldMs = 0;
    return {
      holdMs: () => {
        const now = Math.floor(Date.now() / 1_000);
        if (now !== second) heldMs = random() < 0.6 ? 0 : random() * 300;
        second = now;
        return heldMs;
      },
    };
  }),
  afterSeconds: 5,
  states: [
    serverState('jitter', 'expected', 60),
    clientState(ORDERS_HOST, 'jitter', 'expected', 60),
    clientState(SHOP_HOST, 'jitter', 'expected', 60),
    // The minute's mean is many times the usual one too.
    ...allowedEverywhere(['slow', 'sub_healthy']),
  ],
  findings: [allowedFindings('low-tps/network', 'forecast/')],
};

const networkLoss: Scenario = {
  name: 'network-loss',
  says: 'Three of a hundred answers are lost on the way and come after a retransmission, for 100 s.',
  path: true,
  play: impair(({ random }) => ({
    holdMs: () => (random() < 0.03 ? RETRANSMISSION_MS + random() * 50 : 0),
  })),
  afterSeconds: 5,
  // The mean stays below what anybody feels; the few that wait do feel it.
  states: allowedEverywhere(['jitter', 'slow', 'sub_healthy']),
  findings: [allowedFindings('low-tps/network', 'forecast/')],
};

const networkLossHeavy: Scenario = {
  name: 'network-loss-heavy',
  says: 'Half of the answers or a little more are lost on the way, again and again, and come after ever longer retransmissions, for four minutes.',
  path: true,
  play: impair(({ random }) => {
    const lost = between(random, 0.5, 0.55);
    return {
      holdMs: () => {
        let held = 0;
        // Each retransmission waits twice as long as the one before (RFC 6298 5.5), and may be lost as well.
        for (let wait = RETRANSMISSION_MS; random() < lost && wait < 5_000; wait *= 2) held += wait;
        return held;
      },
    };
  }, LOW_TPS_MS),
  afterSeconds: 5,
  states: [
    serverState('slow', 'expected', 60),
    clientState(ORDERS_HOST, 'slow', 'expected', 60),
    clientState(SHOP_HOST, 'slow', 'expected', 60),
    ...allowedEverywhere(['jitter', 'sub_healthy']),
  ],
  findings: [
    expectedFinding('low-tps/network'),
    allowedFindings('forecast/', 'slow-classes/', 'open-transactions/'),
  ],
};

export const networkScenarios: readonly Scenario[] = [
  networkDelay,
  wayToShop,
  networkJitter,
  networkLoss,
  networkLossHeavy,
];

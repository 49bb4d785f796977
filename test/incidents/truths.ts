/** Truths that many scenarios share. */
import type { HealthState } from '../../src/events/health.ts';
import { ORDERS_HOST, SERVER_NODE, SHOP_HOST } from './places.ts';
import type { FindingTruth } from './label.ts';
import type { ScenarioState } from './scenario.ts';

type Demand = ScenarioState['demand'];

export function serverState(state: HealthState, demand: Demand, afterSeconds = 5): ScenarioState {
  return { node: SERVER_NODE, role: 'server', state, demand, afterSeconds };
}

export function clientState(
  node: string,
  state: HealthState,
  demand: Demand,
  afterSeconds = 5,
): ScenarioState {
  return { node, role: 'client', state, demand, afterSeconds };
}

/** These states of the server and of both applications may be seen, as long as minutes that average remember the fault. */
export function allowedEverywhere(states: readonly HealthState[]): ScenarioState[] {
  return states.flatMap((state) => [
    serverState(state, 'allowed', 90),
    ...[ORDERS_HOST, SHOP_HOST].map((node) => clientState(node, state, 'allowed', 90)),
  ]);
}

/** Findings of which one must be told. */
export function expectedFinding(...kinds: readonly string[]): FindingTruth {
  return { kinds, demand: 'expected' };
}

/** Who keeps others waiting: this host, and none of those that wait. */
export function expectedBlocker(host: string): FindingTruth {
  return { kinds: ['open-transactions/blocking'], names: host, demand: 'expected' };
}

/** Findings that are true as well. */
export function allowedFindings(...kinds: readonly string[]): FindingTruth {
  return { kinds, demand: 'allowed' };
}

/** An error code that must be explained. */
export function expectedError(sqlstate: string): FindingTruth {
  return { kinds: ['error-diagnosis/'], sqlstate, demand: 'expected' };
}

/** Codes that a server says while it goes and comes. */
export const shutdownErrors: readonly FindingTruth[] = ['57P01', '57P02', '57P03'].map(
  (sqlstate) => ({ kinds: ['error-diagnosis/'], sqlstate, demand: 'allowed' }),
);

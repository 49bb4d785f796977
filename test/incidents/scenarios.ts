/** All scenarios, by what they are about. */
import { availabilityScenarios } from './availability.ts';
import { harmlessScenarios } from './harmless.ts';
import { networkScenarios } from './network.ts';
import { operationScenarios } from './operations.ts';
import type { Scenario } from './scenario.ts';
import { statementScenarios } from './statements.ts';
import { throughputScenarios } from './throughput.ts';
import { transferScenarios } from './transfers.ts';

export const scenarios: readonly Scenario[] = [
  ...availabilityScenarios,
  ...networkScenarios,
  ...statementScenarios,
  ...throughputScenarios,
  ...transferScenarios,
  ...operationScenarios,
  ...harmlessScenarios,
];

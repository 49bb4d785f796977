/**
 * P4, rollback rate: B / (C + B). B are the rollbacks of transactions that a BEGIN opened and that ran a statement:
 * ROLLBACK, COMMIT answered with ROLLBACK, abort by the server, and connections that ended with open work. C are the
 * commits. Failed autocommitted statements are errors (P3), not rollbacks, and the empty ROLLBACK by which connection
 * pools reset a connection says nothing: neither is in B. ROLLBACK TO SAVEPOINT ends no transaction.
 */
import type { ActivityStep } from '../../src/events/facts.ts';
import { shareOf } from '../share.ts';

/** null when no transaction ended. */
export function rollbackRateOf(
  counts: Pick<ActivityStep, 'commits' | 'explicitRollbacks'>,
): number | null {
  return shareOf(counts.explicitRollbacks, counts.commits + counts.explicitRollbacks);
}

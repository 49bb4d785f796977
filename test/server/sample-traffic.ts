/** The traffic of the hour of sample-facts.ts: its steps, their sums, and the seconds of a node that hangs. */
import type { ActivityStep } from '../../src/events/facts.ts';
import type { NodeSecond } from '../../src/events/health.ts';
import { SECOND_US } from '../../src/core/time.ts';
import { durationsOf, START_US, STEP_US, STEPS, strain } from './sample-hour.ts';

/** A database that answers at an even pace, and hangs for a minute near the end. */
export function seconds(): NodeSecond[] {
  return Array.from({ length: (STEPS * STEP_US) / SECOND_US }, (_, index) => {
    const hung = index >= 3_000 && index < 3_060;
    const answers = hung ? 0 : 40;
    return {
      node: '10.20.8.5:5432',
      role: 'server',
      startUs: START_US + index * SECOND_US,
      requests: hung ? 8 : 40,
      answers,
      durationSumUs: answers * 2_000,
      durationSquaresSum: answers * 5_000_000,
      timedCount: answers,
      connectionsOpen: 12,
      connectionsInTransaction: 2,
      outstanding: hung ? 8 : 1,
      outstandingAgeMaxUs: hung ? (index - 2_999) * SECOND_US : 1_000,
      connectionsOpened: 0,
      connectionsClosed: 0,
      connectionsRefused: 0,
      bytes: 9_000,
      lostBytes: 0,
      lostPacketsMin: 0,
    };
  });
}

export function stepAt(random: () => number, index: number, errors: number): ActivityStep {
  const wave = 1 + 0.18 * Math.sin(index / 23) + 0.08 * Math.sin(index / 5) + 0.06 * random();
  const strained = strain(index);
  const idle = index >= 96 && index <= 98;
  const commits = idle ? 0 : Math.round((1240 * wave) / Math.sqrt(strained));
  const rollbacks = idle ? 0 : Math.round(4 + 6 * random() + (strained > 1 ? 9 * strained : 0));
  const requests = idle ? 0 : Math.round(commits * 4.6 + rollbacks * 2);
  const unanswered = strained > 10 ? 7 : 0;
  const answers = requests - unanswered;
  const lost = index >= 312 && index <= 318;
  return {
    startUs: START_US + index * STEP_US,
    stepUs: STEP_US,
    requests,
    requestsJudged: requests,
    requestsJudgedAnswered: answers,
    answers,
    normal: answers - errors,
    errors,
    commits,
    rollbacks,
    implicitTransactions: Math.round(commits * 0.4),
    explicitRollbacks: Math.round(rollbacks * 0.7),
    emptyTransactions: 0,
    ...durationsOf(random, answers, 900 * strained, 1.1),
    rowsReturned: answers * 6,
    rowsAffected: Math.round(commits * 1.7),
    requestBytes: requests * 148,
    responseBytes: answers * 910,
    lostBytes: lost ? 18_400 + Math.round(9000 * random()) : 0,
    lostPacketsMin: 0,
    connectionsOpened: index % 12 === 0 ? 4 : 0,
    connectionsClosed: index % 12 === 6 ? 4 : 0,
    connectionsRefused: strained > 12 ? 1 : 0,
    connectionsOpenMax: 64 + Math.round(6 * Math.sin(index / 31)) + (strained > 1 ? 22 : 0),
    connectionsInTransactionMax: Math.round(9 + 4 * random() + 3 * (strained - 1)),
    outstandingMax: Math.round(3 + 3 * random() + 4 * (strained - 1)),
    outstandingAgeMaxUs: Math.round(20_000 * strained),
  };
}

export function totalsOf(
  steps: readonly ActivityStep[],
  share: number,
): Omit<ActivityStep, 'startUs' | 'stepUs'> {
  const totals: Record<string, number> = {};
  const durations = new Map<number, number>();
  for (const step of steps) {
    for (const [bucket, count] of step.durations) {
      durations.set(bucket, (durations.get(bucket) ?? 0) + Math.round(count * share));
    }
    for (const [name, value] of Object.entries(step)) {
      if (typeof value !== 'number') continue;
      const before = totals[name] ?? 0;
      totals[name] = name.includes('Max')
        ? Math.max(before, value)
        : before + Math.round(value * share);
    }
  }
  const { startUs: _startUs, stepUs: _stepUs, ...rest } = totals;
  return { ...(rest as unknown as ActivityStep), durations };
}

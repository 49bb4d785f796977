/**
 * An hour of a bank's traffic as the store would tell it: two application hosts and a batch host on a primary and a
 * standby, five minutes of lock contention, a stretch where the capture lost bytes, and captured texts that try to
 * break out of a page. Made from a fixed seed, so every run sees the same hour.
 */
import { HOUR_US } from '../../src/core/time.ts';
import type { Scope, Window, WindowFacts } from '../../src/events/facts.ts';
import { causesOf } from '../analysis/diagnosis/error-facts.ts';
import { nodeSecondsOf } from '../analysis/health/node-columns.ts';
import {
  classAt,
  classStepsOf,
  errorAt,
  errorSteps,
  executionsOf,
  forecastOf,
} from './sample-classes.ts';
import { channelAt, ddlFacts, REPLICATION, shapeFacts } from './sample-connections.ts';
import { EXTENT, fingerprintOf, randomFrom, START_US, STEP_US, STEPS } from './sample-hour.ts';
import { CLASS_SHAPES, ERROR_SHAPES, HOSTILE_SQL } from './sample-shapes.ts';
import { seconds, stepAt, totalsOf } from './sample-traffic.ts';
import { sampleBigTransactions, sampleOpenTransactions } from './sample-transactions.ts';

/** The facts of the hour. A window or a scope narrows what they say they cover, not the numbers. */
export function sampleFacts(window: Window = EXTENT, scope: Scope = {}): WindowFacts {
  const random = randomFrom(20_261_120);
  const failures = errorSteps(random);
  const steps = Array.from({ length: STEPS }, (_, index) => {
    const here = failures.filter((step) => step.startUs === START_US + index * STEP_US);
    return stepAt(
      random,
      index,
      here.reduce((sum, step) => sum + step.count, 0),
    );
  }).filter((step) => step.startUs >= window.fromUs && step.startUs < window.toUs);
  const classes = CLASS_SHAPES.map((shape, index) => classAt(random, shape, index));
  const edge = (client: string, server: string, share: number) => ({
    client,
    server,
    totals: totalsOf(steps, share),
  });
  return {
    window,
    scope,
    extent: EXTENT,
    steps,
    edges: [
      edge('10.20.4.11', '10.20.8.5:5432', 0.46),
      edge('10.20.4.12', '10.20.8.5:5432', 0.33),
      edge('10.20.4.12', '10.20.8.6:5432', 0.12),
      edge('10.20.4.30', '10.20.8.5:5432', 0.09),
    ],
    classes,
    deliveries: [],
    repetitions: [
      {
        client: '10.20.4.30',
        server: '10.20.8.5:5432',
        leadingFingerprint: fingerprintOf(3),
        leadingNormalized: CLASS_SHAPES[3]?.[0] ?? '',
        fingerprint: fingerprintOf(0),
        normalized: CLASS_SHAPES[0]?.[0] ?? '',
        runs: 2_100,
        matchedRuns: 2_048,
        executions: 51_200,
        executionsMax: 100,
        durationSumUs: 21_504_000,
        elapsedSumUs: 40_960_000,
        firstUs: EXTENT.fromUs,
        lastUs: EXTENT.toUs,
      },
    ],
    classSeasons: classes.slice(0, 3).map(({ fingerprint, durationSumUs, answered, lastUs }) => ({
      fingerprint,
      hourUs: Math.floor(lastUs / HOUR_US) * HOUR_US,
      basis: 'hour of the week' as const,
      hours: 4,
      medianUs: (0.8 * durationSumUs) / answered,
    })),
    classSteps: classes.flatMap((facts) => classStepsOf(random, facts)),
    errors: ERROR_SHAPES.map(errorAt),
    errorSteps: failures,
    channels: Array.from({ length: 34 }, (_, index) => channelAt(index)),
    channelsCount: 86,
    transactionShapes: [
      shapeFacts('5f1c22aa90b3d411', 171_200, 388, 4, [1, 2, 9]),
      shapeFacts('08c3b1aa7e0d2f90', 41_000, 410, 2, [13]),
      shapeFacts('c4d0099182aa3b7e', 17_900, 204, 2, [7, 8]),
    ],
    ddl: [
      ddlFacts(
        41,
        'CREATE INDEX',
        "CREATE INDEX CONCURRENTLY payments_due_idx ON payments (due_at) WHERE state = 'pending'",
        'ok',
        41_800_000,
      ),
      ddlFacts(
        12,
        'ALTER TABLE',
        'ALTER TABLE customers ADD COLUMN risk_note text',
        'error',
        2_014_000,
      ),
      // Two minutes before the hang, so that an incident tells it.
      ddlFacts(48, 'COMMENT', `COMMENT ON TABLE accounts IS ${HOSTILE_SQL.slice(7)}`, 'ok', 900),
    ],
    ddlCount: 3,
    sessionEvents: [
      {
        type: 'login_failed',
        count: 17,
        firstUs: START_US + 8e8,
        lastUs: START_US + 9e8,
        detail: 'password authentication failed for user "report"',
      },
      {
        type: 'encrypted',
        count: 3,
        firstUs: START_US + 1e8,
        lastUs: START_US + 2e9,
        detail: 'tls',
      },
    ],
    replication: REPLICATION,
    slowest: executionsOf(10),
    capture: {
      packets: 18_412_004,
      bytes: 4_810_220_118,
      lostBytes: 161_204,
      gaps: 41,
      statementsWithFlaw: 96,
      unanswered: 241,
      unmatchedAnswers: 12,
      framesRefused: 0,
      droppedByLimit: 0,
      encryptedSessions: 3,
      clientOnlySessions: 0,
      serverOnlySessions: 0,
      connectionsDoubled: 0,
      connectionsLoadedTwice: 0,
      rowsRetired: 0,
    },
    healthWindow: EXTENT,
    nodeSeconds: nodeSecondsOf(seconds()),
    seasons: [],
    workloadMix: [],
    classForecast: forecastOf(),
    openTransactions: sampleOpenTransactions(EXTENT),
    bigTransactions: sampleBigTransactions(EXTENT),
    valuePlaces: [],
    collectors: [],
    missed: [],
    lowTps: { historyFromUs: START_US, judgedFromUs: START_US, minutes: [], captured: [] },
    errorDiagnosis: causesOf('10.20.8.5:5432', ERROR_SHAPES.map(errorAt), failures, EXTENT),
  };
}

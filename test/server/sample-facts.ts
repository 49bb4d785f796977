/**
 * An hour of a bank's traffic as the store would tell it: two application hosts and a batch host on a primary and a
 * standby, five minutes of lock contention, a stretch where the capture lost bytes, and captured texts that try to
 * break out of a page. Made from a fixed seed, so every run sees the same hour.
 */
import type { StoredFinding, StoredState } from '../../src/events/judgement.ts';
import { bucketOf } from '../../src/core/histogram.ts';
import type {
  ActivityStep,
  ChannelFacts,
  ClassFacts,
  ClassStep,
  ErrorFacts,
  ErrorStep,
  ExecutionFacts,
  Scope,
  Window,
  WindowFacts,
} from '../../src/events/facts.ts';
import { causesOf } from '../analysis/diagnosis/error-facts.ts';
import {
  CLASS_SHAPES,
  type ClassShape,
  ERROR_SHAPES,
  type ErrorShape,
  HOSTILE_SQL,
} from './sample-shapes.ts';
import { sampleBigTransactions, sampleOpenTransactions } from './sample-transactions.ts';
import type { NodeSecond } from '../../src/events/health.ts';
import { nodeSecondsOf } from '../analysis/health/node-columns.ts';
import { HOUR_US, SECOND_US } from '../../src/core/time.ts';

/** 2026-11-20T09:00:00Z */
export const START_US = 1_795_165_200_000_000;
const STEP_US = 10 * SECOND_US;
const STEPS = 360;
export const EXTENT: Window = { fromUs: START_US, toUs: START_US + STEPS * STEP_US };

/** A class of hostile text whose mean response time more than doubles within the hour. */
function forecastOf(): WindowFacts['classForecast'] {
  const fingerprint = 'a000000000000001';
  return {
    window: EXTENT,
    classes: [{ fingerprint, normalized: HOSTILE_SQL, shareOfTime: 0.4 }],
    minutes: Array.from({ length: 60 }, (_, minute) => ({
      fingerprint,
      startUs: START_US + minute * 60 * SECOND_US,
      answered: 100,
      durationSumUs: Math.round(100 * 20_000 * 2.1 ** (minute / 60)),
    })),
    lossyMinutesUs: [],
  };
}

/** A database that answers at an even pace, and hangs for a minute near the end. */
function seconds(): NodeSecond[] {
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

/** mulberry32 */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** How much slower the databases answer at a step: lock contention from minute 38 to 43. */
function strain(step: number): number {
  if (step < 228 || step > 262) return 1;
  return 1 + 14 * Math.sin((Math.PI * (step - 228)) / 34);
}

/** Log-normal durations around a median, and their histogram. */
function durationsOf(random: () => number, count: number, medianUs: number, spread: number) {
  const durations = new Map<number, number>();
  const drawn = Math.min(count, 60);
  let sumUs = 0;
  let maxUs = 0;
  for (let index = 0; index < drawn; index++) {
    const normal = Math.sqrt(-2 * Math.log(random() + 1e-9)) * Math.cos(2 * Math.PI * random());
    const durationUs = Math.max(40, Math.round(medianUs * Math.exp(spread * normal)));
    const weight = Math.floor(((index + 1) * count) / drawn) - Math.floor((index * count) / drawn);
    const bucket = bucketOf(durationUs);
    durations.set(bucket, (durations.get(bucket) ?? 0) + weight);
    sumUs += durationUs * weight;
    maxUs = Math.max(maxUs, durationUs);
  }
  return { durations, durationSumUs: sumUs, durationMaxUs: maxUs };
}

function stepAt(random: () => number, index: number, errors: number): ActivityStep {
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

function fingerprintOf(index: number): string {
  return (0x9e3779b9 * (index + 1)).toString(16).padStart(16, 'a').slice(0, 16);
}

function classAt(random: () => number, shape: ClassShape, index: number): ClassFacts {
  const [normalized, calls, medianUs, spread, returned, affected, errors] = shape;
  const command = normalized.split(' ')[0] ?? '';
  const unanswered = index === 8 ? 241 : 0;
  return {
    fingerprint: fingerprintOf(index),
    normalized,
    command,
    kind: command.toLowerCase(),
    tables: [...normalized.matchAll(/(?:FROM|JOIN|UPDATE|INTO) (\w+)/g)].map(
      (match) => match[1] ?? '',
    ),
    projectionColumns: (/^SELECT (.*?) FROM/.exec(normalized)?.[1] ?? '').match(/\w+/g) ?? [],
    predicateColumns: [...normalized.matchAll(/(\w+) (?:=|<|>=|IN) [?(]/g)].map(
      (match) => match[1] ?? '',
    ),
    leadingWildcard: false,
    calls,
    errors,
    unanswered,
    answered: calls - unanswered,
    ...durationsOf(random, calls - unanswered, medianUs, spread),
    rowsReturned: calls * returned,
    rowsAffected: calls * affected,
    rowsAffectedMax: affected * 3,
    responseBytes: calls * (120 + 80 * returned),
    firstUs: EXTENT.fromUs + 1_204_117,
    lastUs: EXTENT.toUs - 804_551,
  };
}

/** The share of an error's occurrences in a step: contention errors cluster in the strained minutes. */
function errorSteps(random: () => number): ErrorStep[] {
  return ERROR_SHAPES.flatMap(([sqlstate, , count], kind) => {
    const weights = Array.from({ length: STEPS }, (_, step) =>
      kind === 1 || kind === 5 ? random() ** 3 : (strain(step) - 1) ** 1.5 + 0.02 * random(),
    );
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    return weights.map((weight, step) => ({
      sqlstate,
      startUs: START_US + step * STEP_US,
      stepUs: STEP_US,
      count: Math.round((count * weight) / total),
    }));
  }).filter((step) => step.count > 0);
}

function errorAt(shape: ErrorShape): ErrorFacts {
  const [sqlstate, errorClass, count, sampleMessage, classIndex, clients] = shape;
  return {
    sqlstate,
    errorClass,
    count,
    firstUs: START_US + 231 * STEP_US,
    lastUs: START_US + 262 * STEP_US,
    sampleMessage,
    classes: [
      {
        fingerprint: fingerprintOf(classIndex),
        normalized: CLASS_SHAPES[classIndex]?.[0] ?? '',
        count,
      },
    ],
    sessions: 14,
    clients,
  };
}

export function executionsOf(count: number): ExecutionFacts[] {
  return Array.from({ length: count }, (_, index) => {
    const shape = CLASS_SHAPES[index % CLASS_SHAPES.length] as ClassShape;
    return {
      tsUs: EXTENT.toUs - (index + 1) * 7_311_427,
      fingerprint: fingerprintOf(index % CLASS_SHAPES.length),
      statement: shape[0].replaceAll('?', () => String(4711 + index)),
      status: index % 9 === 8 ? 'error' : 'ok',
      sqlstate: index % 9 === 8 ? '57014' : null,
      durationUs: Math.round(8_400_000 / (index + 1)),
      rowsReturned: shape[4],
      rowsAffected: null,
      sessionId: (0xabc0ffee + index).toString(16).padStart(16, '0'),
      client: '10.20.4.30',
      server: '10.20.8.5:5432',
      user: 'batch',
      database: 'core',
      batchCount: index % 5 === 1 ? 32 : null,
      source: index % 5 === 2 ? { fingerprint: fingerprintOf(0), normalized: HOSTILE_SQL } : null,
    };
  });
}

function channelAt(index: number): ChannelFacts {
  const batch = index % 9 === 4;
  const open = index % 4 !== 0;
  return {
    sessionId: (0x51de0000 + index).toString(16).padStart(16, '0'),
    protocol: 'postgres',
    client: batch ? '10.20.4.30' : index % 2 === 0 ? '10.20.4.11' : '10.20.4.12',
    clientPort: 41_000 + index * 13,
    server: index % 5 === 3 ? '10.20.8.6:5432' : '10.20.8.5:5432',
    user: index === 7 ? null : batch ? 'batch' : 'app',
    database: index === 7 ? null : 'core',
    application: batch ? 'settlement' : 'payments-api',
    startUs: EXTENT.fromUs + index * 31_204_117,
    endUs: open ? null : EXTENT.toUs - index * 21_004_551,
    endReason: open ? null : index % 8 === 0 ? 'reset' : 'terminate',
    lastSeenUs: open ? EXTENT.toUs : EXTENT.toUs - index * 21_004_551,
    statements: 41_200 - index * 811,
    errors: index % 3 === 0 ? 14 : 0,
    requestBytes: 6_100_000 - index * 90_000,
    responseBytes: 37_400_000 - index * 800_000,
    lostBytes: index === 5 ? 91_840 : 0,
    lostPacketsMin: 0,
    openTransactionSinceUs: index % 11 === 5 ? EXTENT.toUs - 412_000_000 : null,
    transactionStatus: index % 11 === 5 ? 'T' : 'I',
    encrypted: index === 7,
    encryption:
      index === 7
        ? {
            reason: 'no_key_log',
            version: 'TLS 1.3',
            cipherSuite: 'TLS_AES_256_GCM_SHA384',
            serverName: 'db.example',
            turns: 12,
            turnMeanUs: 1500,
            turnMaxUs: 4000,
          }
        : null,
    lastStatementUs: EXTENT.toUs - index * 904_551,
    lastCommand: 'UPDATE',
    lastNormalized: CLASS_SHAPES[index % CLASS_SHAPES.length]?.[0] ?? null,
  };
}

function totalsOf(
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
    replication: [
      {
        sessionId: '4ab1e7c2d9903f10',
        server: '10.20.0.5:5432',
        client: '10.20.0.6',
        application: 'standby_b',
        mode: 'physical',
        slot: 'standby_b',
        firstUs: START_US,
        lastUs: START_US + 3.5e9,
        ended: false,
        sentLsn: 0x16_b374_d848,
        writeLsn: 0x16_b374_d848,
        flushLsn: 0x16_b374_d848,
        replayLsn: 0x16_b36f_0000,
        writeLagUs: 204,
        flushLagUs: 1710,
        replayLagUs: 2_018_506,
        replayLagMaxUs: 41_202_000,
        replayBehindBytes: 0x5_d848,
        replayBehindMaxBytes: 83_118_000,
        backupBytesDone: null,
        backupBytesTotal: null,
      },
      {
        sessionId: '4ab1e7c2d9903f11',
        server: '10.20.0.5:5432',
        client: '10.20.0.9',
        application: 'pg_basebackup',
        mode: 'base_backup',
        slot: null,
        firstUs: START_US + 1e9,
        lastUs: START_US + 3.5e9,
        ended: false,
        sentLsn: null,
        writeLsn: null,
        flushLsn: null,
        replayLsn: null,
        writeLagUs: null,
        flushLagUs: null,
        replayLagUs: null,
        replayLagMaxUs: null,
        replayBehindBytes: null,
        replayBehindMaxBytes: null,
        backupBytesDone: 61_204_000_000,
        backupBytesTotal: 98_000_000_000,
      },
    ],
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

function classStepsOf(random: () => number, facts: ClassFacts): ClassStep[] {
  return Array.from({ length: STEPS / 6 }, (_, minute) => {
    const answered = Math.round((facts.answered / (STEPS / 6)) * (0.8 + 0.4 * random()));
    const meanUs =
      (facts.durationSumUs / Math.max(1, facts.answered)) * Math.sqrt(strain(minute * 6));
    return {
      fingerprint: facts.fingerprint,
      startUs: START_US + minute * 6 * STEP_US,
      stepUs: 6 * STEP_US,
      answered,
      durationSumUs: Math.round(answered * meanUs * (0.9 + 0.2 * random())),
    };
  });
}

function shapeFacts(
  shape: string,
  count: number,
  rollbacks: number,
  statements: number,
  classes: number[],
) {
  return {
    shape,
    count,
    rollbacks,
    statementsMean: statements + 0.1,
    rowsAffected: count * 2,
    durationSumUs: count * 5400,
    durationMaxUs: 2_811_000,
    example: classes.map((index) => CLASS_SHAPES[index]?.[0] ?? ''),
  };
}

function ddlFacts(
  minute: number,
  command: string,
  statement: string,
  status: string,
  durationUs: number,
) {
  return {
    tsUs: START_US + minute * 60 * SECOND_US,
    command,
    statement,
    status,
    durationUs,
    user: 'deploy',
    database: 'core',
    client: '10.20.4.40',
    server: '10.20.8.5:5432',
    application: 'psql',
  };
}

/** What analysis stored while it watched. */
export const storedSamples = {
  storedStates: (window: Window): Promise<StoredState[]> =>
    Promise.resolve([
      {
        ...{ node: '10.20.8.5:5432', role: 'server', state: 'slow', collector: 'east' },
        ...{ sinceUs: window.fromUs, untilUs: window.toUs, ended: false, learning: false },
        evidence: [
          { name: 'mean response time of a minute', value: 52_000, unit: 'us', threshold: 20_000 },
        ],
      } satisfies StoredState,
    ]),
  storedFindings: (window: Window): Promise<StoredFinding[]> =>
    Promise.resolve([
      {
        ...{ key: 'state/slow server 10.20.8.5:5432', kind: 'state/slow', ledger: 'H5' },
        ...{ severity: 'warning', node: '10.20.8.5:5432', role: 'server', collector: 'east' },
        ...{ sinceUs: window.fromUs, untilUs: null, seenUs: window.toUs },
        summary: [
          { kind: 'node', text: '10.20.8.5:5432' },
          { kind: 'text', text: ' is slow.' },
        ],
        advice: 'Look at the classes with the most excess time.',
        ...{ evidence: [], fingerprints: [], sessions: [], sqlstates: [] },
      } satisfies StoredFinding,
    ]),
};

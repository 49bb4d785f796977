/** A window with nothing in it, and rows of it, to build small cases from. */
import { bucketOf } from '../../src/core/histogram.ts';
import type { OpenTransactionsFacts } from '../../src/events/open-transactions.ts';
import type {
  ActivityStep,
  CaptureFacts,
  ChannelFacts,
  ClassFacts,
  EdgeFacts,
  WindowFacts,
} from '../../src/events/facts.ts';
import { SECOND_US, MINUTE_US } from '../../src/core/time.ts';

/** 2026-11-21T02:30:00Z */
export const START_US = 1_795_228_200_000_000;

export const NOTHING_OPEN: OpenTransactionsFacts = {
  asOfUs: START_US,
  openCount: 0,
  open: [],
  endedCount: 0,
  ended: [],
  long: [],
  types: [],
  steps: [],
  stepTimes: [],
  gaveUp: [],
  classes: [],
};
export const STEP_US = 5 * SECOND_US;
export const STEPS_COUNT = 120;
export const END_US = START_US + STEPS_COUNT * STEP_US;

export const SERVER = '10.20.0.5:5432';
export const SHOP = '10.20.1.17';
export const BILLING = '10.20.1.18';
export const REPORTS = '10.20.2.40';

/** The histogram of durations, each with how often it came. */
export function histogramOf(...durations: readonly (readonly [us: number, count: number])[]) {
  const histogram = new Map<number, number>();
  for (const [us, count] of durations) {
    histogram.set(bucketOf(us), (histogram.get(bucketOf(us)) ?? 0) + count);
  }
  return histogram;
}

export const EMPTY_TOTALS: EdgeFacts['totals'] = {
  requests: 0,
  requestsJudged: 0,
  requestsJudgedAnswered: 0,
  answers: 0,
  normal: 0,
  errors: 0,
  commits: 0,
  rollbacks: 0,
  implicitTransactions: 0,
  emptyTransactions: 0,
  explicitRollbacks: 0,
  durationSumUs: 0,
  durationMaxUs: 0,
  durations: new Map(),
  rowsReturned: 0,
  rowsAffected: 0,
  requestBytes: 0,
  responseBytes: 0,
  lostBytes: 0,
  lostPacketsMin: 0,
  connectionsOpened: 0,
  connectionsClosed: 0,
  connectionsRefused: 0,
  connectionsOpenMax: 0,
  connectionsInTransactionMax: 0,
  outstandingMax: 0,
  outstandingAgeMaxUs: 0,
};

/** One step with what is given, all else 0. */
export function stepOf(given: Partial<ActivityStep> = {}): ActivityStep {
  return { ...EMPTY_TOTALS, startUs: START_US, stepUs: SECOND_US, ...given };
}

const EMPTY_CAPTURE: CaptureFacts = {
  packets: 0,
  bytes: 0,
  lostBytes: 0,
  gaps: 0,
  statementsWithFlaw: 0,
  unanswered: 0,
  unmatchedAnswers: 0,
  framesRefused: 0,
  droppedByLimit: 0,
  encryptedSessions: 0,
  clientOnlySessions: 0,
  serverOnlySessions: 0,
  connectionsDoubled: 0,
  connectionsLoadedTwice: 0,
  rowsRetired: 0,
};

export const NO_FORECAST = {
  window: { fromUs: START_US, toUs: START_US },
  classes: [],
  minutes: [],
  lossyMinutesUs: [],
};

export const NO_MINUTES = {
  historyFromUs: START_US,
  judgedFromUs: START_US,
  minutes: [],
  captured: [],
};

/** A minute in which nothing is known. */
export const EMPTY_FACTS: WindowFacts = {
  window: { fromUs: START_US, toUs: START_US + MINUTE_US },
  scope: {},
  extent: { fromUs: START_US, toUs: START_US + MINUTE_US },
  steps: [],
  edges: [],
  classes: [],
  classSteps: [],
  classSeasons: [],
  deliveries: [],
  repetitions: [],
  errors: [],
  errorSteps: [],
  channels: [],
  channelsCount: 0,
  transactionShapes: [],
  ddl: [],
  ddlCount: 0,
  sessionEvents: [],
  replication: [],
  slowest: [],
  capture: EMPTY_CAPTURE,
  collectors: [],
  healthWindow: { fromUs: START_US, toUs: START_US + MINUTE_US },
  nodeSeconds: [],
  seasons: [],
  workloadMix: [],
  classForecast: NO_FORECAST,
  openTransactions: NOTHING_OPEN,
  bigTransactions: { classes: [], types: [], before: [], texts: [] },
  valuePlaces: [],
  missed: [],
  lowTps: NO_MINUTES,
  errorDiagnosis: { historyFromUs: START_US, judgedFromUs: START_US, answers: [], causes: [] },
};

/** A class with `calls` calls of `meanUs` each. */
export function classOf(
  fingerprint: string,
  normalized: string,
  calls: number,
  meanUs: number,
  given: Partial<ClassFacts> = {},
): ClassFacts {
  const command = normalized.slice(0, normalized.indexOf(' '));
  const durationMaxUs = meanUs * 6;
  return {
    fingerprint,
    normalized,
    command,
    kind: command.toLowerCase(),
    tables: [],
    projectionColumns: [],
    predicateColumns: [],
    leadingWildcard: false,
    calls,
    errors: 0,
    unanswered: 0,
    answered: calls,
    durationSumUs: calls * meanUs,
    durationMaxUs,
    durations: histogramOf(
      [meanUs * 0.6, calls - Math.ceil(calls * 0.2)],
      [meanUs * 1.8, Math.ceil(calls * 0.2) - Math.ceil(calls * 0.03)],
      [meanUs * 5, Math.ceil(calls * 0.03)],
    ),
    rowsReturned: 0,
    rowsAffected: 0,
    rowsAffectedMax: 0,
    responseBytes: calls * 90,
    firstUs: START_US,
    lastUs: END_US - SECOND_US,
    ...given,
  };
}

export function channelOf(given: Partial<ChannelFacts> = {}): ChannelFacts {
  return {
    sessionId: '00000000000000a1',
    protocol: 'postgres',
    client: SHOP,
    clientPort: 40_112,
    server: SERVER,
    user: 'shop_app',
    database: 'shop',
    application: 'orders-api',
    startUs: START_US - 3 * 3600 * SECOND_US,
    endUs: null,
    endReason: null,
    lastSeenUs: END_US,
    statements: 12_480,
    errors: 3,
    requestBytes: 1_904_220,
    responseBytes: 9_120_004,
    lostBytes: 0,
    lostPacketsMin: 0,
    openTransactionSinceUs: null,
    transactionStatus: 'I',
    encrypted: false,
    encryption: null,
    lastStatementUs: END_US - 120_000,
    lastCommand: 'SELECT',
    lastNormalized: 'SELECT id, total FROM orders WHERE customer_id = ? ORDER BY id DESC LIMIT ?',
    ...given,
  };
}

/**
 * Ten minutes of a shop's databases, made up but plausible: steady orders and payments, and from the sixth minute on a
 * month-end report that blocks the accounts table for a while. Every number is computed from the step's index, so the
 * facts are always the same.
 */
import type { RepetitionFacts } from '../../src/events/repetitions.ts';
import type {
  ActivityStep,
  ChannelFacts,
  ClassFacts,
  ClassStep,
  DdlFacts,
  EdgeFacts,
  ErrorFacts,
  ErrorStep,
  ExecutionFacts,
  TransactionShapeFacts,
  WindowFacts,
} from '../../src/events/facts.ts';
import { causesOf } from './diagnosis/error-facts.ts';
import { SECOND_US } from '../../src/core/time.ts';
import {
  BILLING,
  channelOf,
  classOf,
  EMPTY_FACTS,
  EMPTY_TOTALS,
  END_US,
  histogramOf,
  REPORTS,
  SERVER,
  SHOP,
  START_US,
  STEP_US,
  stepOf,
  STEPS_COUNT,
} from './fixtures.ts';

/** Of 120 steps of 5 s: steady traffic with two waves, and a blockade from step 74 to 83. */
function shopStep(index: number): ActivityStep {
  const blocked = index >= 74 && index < 84;
  const wave = 1 + 0.25 * Math.sin(index / 9) + 0.06 * Math.sin(index * 2.7);
  const answers = index === 80 ? 0 : Math.round((blocked ? 45 : 620) * wave);
  const meanUs = Math.round((blocked ? 480_000 : 2100) * (1 + 0.2 * Math.sin(index * 1.3)));
  const errors = blocked && answers > 0 ? 4 : Number(index % 11 === 0);
  const rollbacks = errors + (index % 7 === 0 ? 2 : 0);
  const slow = Math.ceil(answers / 12);
  return stepOf({
    startUs: START_US + index * STEP_US,
    stepUs: STEP_US,
    requests: answers,
    requestsJudged: index < 118 ? answers : 0,
    requestsJudgedAnswered: index < 118 ? answers - (blocked && answers > 0 ? 1 : 0) : 0,
    answers,
    normal: answers - errors,
    errors,
    commits: Math.round((answers - errors) / 4),
    rollbacks: answers > 0 ? rollbacks : 0,
    implicitTransactions: Math.round(answers / 9),
    emptyTransactions: 0,
    explicitRollbacks: answers > 0 ? rollbacks - Number(errors > 0) : 0,
    durationSumUs: answers * meanUs,
    durationMaxUs: answers > 0 ? meanUs * 9 : 0,
    durations: histogramOf([meanUs * 0.8, answers - slow], [meanUs * 3, slow]),
    rowsReturned: answers * 7,
    rowsAffected: Math.round(answers / 3),
    requestBytes: answers * 160,
    responseBytes: answers * 740,
    lostBytes: index === 31 ? 4380 : 0,
    connectionsOpenMax: blocked ? 41 : 24,
    connectionsInTransactionMax: blocked ? 33 : 5,
    outstandingMax: blocked ? 31 : 2,
    outstandingAgeMaxUs: blocked ? 9 * SECOND_US : 4000,
  });
}

function sumOfSteps(steps: readonly ActivityStep[], part: number): EdgeFacts['totals'] {
  const sum = (value: (step: ActivityStep) => number) =>
    Math.round(steps.reduce((total, step) => total + value(step), 0) * part);
  const answers = sum((step) => step.answers);
  const errors = sum((step) => step.errors);
  return {
    ...EMPTY_TOTALS,
    requests: sum((step) => step.requests),
    requestsJudged: sum((step) => step.requestsJudged),
    requestsJudgedAnswered: sum((step) => step.requestsJudgedAnswered),
    answers,
    normal: answers - errors,
    errors,
    commits: sum((step) => step.commits),
    rollbacks: sum((step) => step.rollbacks),
    explicitRollbacks: sum((step) => step.explicitRollbacks),
    durationSumUs: sum((step) => step.durationSumUs),
    durationMaxUs: 4_320_000,
    durations: histogramOf([1500, answers - 900], [8400, 600], [450_000, 300]),
    connectionsOpenMax: Math.round(41 * part),
  };
}

const TRANSFER = 'UPDATE accounts SET balance = balance - ? WHERE id = ?';
const MONTH_END =
  'SELECT a.region, date_trunc(?, o.created_at) AS month, count(*), sum(o.total) FROM orders o JOIN accounts a ON a.id = o.account_id WHERE o.created_at >= ? GROUP BY ?, ? ORDER BY ? FOR UPDATE OF a';
const INSERT_ORDER =
  'INSERT INTO orders (customer_id, account_id, total, created_at) VALUES (?, ?, ?, now()) RETURNING id';

const CLASSES: readonly ClassFacts[] = [
  classOf('5f1d9a3b7c20e481', TRANSFER, 9840, 24_000, {
    tables: ['accounts'],
    errors: 30,
    rowsAffected: 9810,
    rowsAffectedMax: 1,
  }),
  classOf('0b77aa91c3d5e6f2', MONTH_END, 3, 9_800_000, {
    tables: ['orders', 'accounts'],
    rowsReturned: 1260,
    durationMaxUs: 14_230_000,
    durations: histogramOf([6_100_000, 1], [9_070_000, 1], [14_230_000, 1]),
  }),
  classOf('91c0de1145aa77b0', INSERT_ORDER, 10_220, 1850, {
    tables: ['orders'],
    errors: 10,
    rowsAffected: 10_210,
    rowsAffectedMax: 1,
    rowsReturned: 10_210,
  }),
  classOf(
    'c4e2b8803d19f65a',
    'SELECT id, total FROM orders WHERE customer_id = ? ORDER BY id DESC LIMIT ?',
    31_440,
    610,
    { tables: ['orders'], rowsReturned: 314_400 },
  ),
  classOf(
    '2aa4d0f6b1c87e39',
    'SELECT * FROM products WHERE 名称 LIKE ? AND price BETWEEN ? AND ? AND id IN (?+)',
    2110,
    5200,
    { tables: ['products'], rowsReturned: 84_400 },
  ),
  classOf('77d3e19c50b2a4f8', 'DELETE FROM carts WHERE updated_at < ?', 10, 310_000, {
    tables: ['carts'],
    rowsAffected: 184_022,
    rowsAffectedMax: 41_870,
  }),
  classOf('e8b1f04c6d92a357', 'BEGIN', 14_800, 48, { command: 'BEGIN', kind: 'transaction' }),
  classOf('3c9a5e7701f2d8b4', 'COMMIT', 14_660, 390, { command: 'COMMIT', kind: 'transaction' }),
  classOf('0000000000000000', '', 240, 900, { command: 'SELECT', kind: 'other' }),
];

/** The search grows slower by a third over the window; everything else stays as it is. */
function classSteps(): ClassStep[] {
  return Array.from({ length: STEPS_COUNT }, (_, index) => {
    const startUs = START_US + index * STEP_US;
    const wobble = 1 + 0.05 * Math.sin(index * 2.1);
    return [
      {
        fingerprint: '2aa4d0f6b1c87e39',
        startUs,
        stepUs: STEP_US,
        answered: 17,
        durationSumUs: 17 * 4500 * (1 + index / 360) * wobble,
      },
      {
        fingerprint: 'c4e2b8803d19f65a',
        startUs,
        stepUs: STEP_US,
        answered: 260,
        durationSumUs: 260 * 610 * wobble,
      },
    ];
  }).flat();
}

const ERRORS: readonly ErrorFacts[] = [
  {
    sqlstate: '40P01',
    errorClass: 'deadlock',
    count: 28,
    firstUs: START_US + 372 * SECOND_US,
    lastUs: START_US + 418 * SECOND_US,
    sampleMessage: 'deadlock detected',
    classes: [{ fingerprint: '5f1d9a3b7c20e481', normalized: TRANSFER, count: 28 }],
    sessions: 14,
    clients: [SHOP, BILLING],
  },
  {
    sqlstate: '23505',
    errorClass: 'duplicate_key',
    count: 10,
    firstUs: START_US + 4 * SECOND_US,
    lastUs: START_US + 588 * SECOND_US,
    sampleMessage: 'duplicate key value violates unique constraint "orders_external_ref_key"',
    classes: [{ fingerprint: '91c0de1145aa77b0', normalized: INSERT_ORDER, count: 10 }],
    sessions: 5,
    clients: [SHOP],
  },
  {
    sqlstate: '25P02',
    errorClass: 'tx_aborted',
    count: 6,
    firstUs: START_US + 373 * SECOND_US,
    lastUs: START_US + 401 * SECOND_US,
    sampleMessage:
      'current transaction is aborted, commands ignored until end of transaction block',
    classes: [{ fingerprint: '91c0de1145aa77b0', normalized: INSERT_ORDER, count: 6 }],
    sessions: 4,
    clients: [BILLING],
  },
  {
    sqlstate: '57014',
    errorClass: 'statement_timeout',
    count: 2,
    firstUs: START_US + 390 * SECOND_US,
    lastUs: START_US + 412 * SECOND_US,
    sampleMessage: 'canceling statement due to statement timeout',
    classes: [{ fingerprint: '5f1d9a3b7c20e481', normalized: TRANSFER, count: 2 }],
    sessions: 2,
    clients: [BILLING],
  },
];

function errorSteps(): ErrorStep[] {
  const at = (sqlstate: string, index: number, count: number): ErrorStep => ({
    sqlstate,
    startUs: START_US + index * STEP_US,
    stepUs: STEP_US,
    count,
  });
  return [
    ...[74, 75, 76, 77, 78, 79, 81, 83].map((index) => at('40P01', index, index === 77 ? 7 : 3)),
    ...[0, 11, 22, 33, 44, 55, 66, 88, 99, 110].map((index) => at('23505', index, 1)),
    at('25P02', 75, 4),
    at('25P02', 80, 2),
    at('57014', 78, 1),
    at('57014', 82, 1),
  ];
}

const CHANNELS: readonly ChannelFacts[] = [
  channelOf(),
  channelOf({
    sessionId: '00000000000000b7',
    client: REPORTS,
    clientPort: 51_874,
    user: 'month_end',
    application: 'psql',
    startUs: START_US + 351 * SECOND_US,
    statements: 5,
    errors: 0,
    requestBytes: 1480,
    responseBytes: 66_210,
    openTransactionSinceUs: START_US + 365 * SECOND_US,
    transactionStatus: 'T',
    lastStatementUs: START_US + 421 * SECOND_US,
    lastCommand: 'SELECT',
    lastNormalized: MONTH_END,
  }),
  channelOf({
    sessionId: '00000000000000c2',
    client: BILLING,
    clientPort: 38_006,
    user: 'billing',
    database: 'billing',
    application: null,
    startUs: START_US + 20 * SECOND_US,
    endUs: START_US + 403 * SECOND_US,
    endReason: 'terminate',
    lastSeenUs: START_US + 403 * SECOND_US,
    statements: 811,
    errors: 7,
    requestBytes: 120_400,
    responseBytes: 300_120,
    lastCommand: 'ROLLBACK',
    lastNormalized: 'ROLLBACK',
  }),
  channelOf({
    sessionId: '00000000000000d9',
    client: '10.20.3.3',
    clientPort: 60_012,
    user: null,
    database: null,
    application: null,
    startUs: START_US + 60 * SECOND_US,
    statements: 0,
    errors: 0,
    encrypted: true,
    encryption: {
      reason: 'no_key_log',
      version: 'TLS 1.3',
      cipherSuite: 'TLS_AES_256_GCM_SHA384',
      serverName: 'db.example',
      turns: 12,
      turnMeanUs: 1500,
      turnMaxUs: 4000,
    },
    transactionStatus: '',
    requestBytes: 84_000,
    responseBytes: 2_240_000,
    lastStatementUs: null,
    lastCommand: null,
    lastNormalized: null,
  }),
];

const SHAPES: readonly TransactionShapeFacts[] = [
  {
    shape: 'a07c11d2e4b85f93',
    count: 9800,
    rollbacks: 44,
    statementsMean: 3,
    rowsAffected: 29_268,
    durationSumUs: 9800 * 31_000,
    durationMaxUs: 11_400_000,
    example: [
      'BEGIN',
      TRANSFER,
      'UPDATE accounts SET balance = balance + ? WHERE id = ?',
      INSERT_ORDER,
      'COMMIT',
    ],
  },
  {
    shape: '6be0f3a9925cd147',
    count: 10,
    rollbacks: 0,
    statementsMean: 2,
    rowsAffected: 184_022,
    durationSumUs: 10 * 340_000,
    durationMaxUs: 1_900_000,
    example: ['BEGIN', 'DELETE FROM carts WHERE updated_at < ?', 'COMMIT'],
  },
];

const DDL: readonly DdlFacts[] = [
  {
    tsUs: START_US + 355 * SECOND_US,
    command: 'CREATE INDEX',
    statement: 'CREATE INDEX orders_created_at_idx\n    ON orders (created_at)',
    status: 'ok',
    durationUs: 4_820_000,
    user: 'month_end',
    database: 'shop',
    client: REPORTS,
    server: SERVER,
    application: 'psql',
  },
  {
    tsUs: START_US + 362 * SECOND_US,
    command: 'DROP TABLE',
    statement: 'DROP TABLE orders_2024',
    status: 'error',
    durationUs: 1300,
    user: 'month_end',
    database: 'shop',
    client: REPORTS,
    server: SERVER,
    application: 'psql',
  },
];

const SLOWEST: readonly ExecutionFacts[] = [14_230_000, 9_070_000, 6_100_000].map(
  (durationUs, index) => ({
    tsUs: START_US + (366 + 16 * index) * SECOND_US,
    fingerprint: '0b77aa91c3d5e6f2',
    statement: MONTH_END.replace('?', "'month'").replace('>= ?', ">= '2026-01-01'"),
    status: 'ok',
    sqlstate: null,
    durationUs,
    rowsReturned: 420,
    rowsAffected: null,
    sessionId: '00000000000000b7',
    client: REPORTS,
    server: SERVER,
    user: 'month_end',
    database: 'shop',
    batchCount: null,
    source: null,
  }),
);

/** The shop lists products and reads the orders of each. */
const REPETITION: RepetitionFacts = {
  client: SHOP,
  server: SERVER,
  leadingFingerprint: '2aa4d0f6b1c87e39',
  leadingNormalized:
    'SELECT * FROM products WHERE 名称 LIKE ? AND price BETWEEN ? AND ? AND id IN (?+)',
  fingerprint: 'c4e2b8803d19f65a',
  normalized: 'SELECT id, total FROM orders WHERE customer_id = ? ORDER BY id DESC LIMIT ?',
  runs: 641,
  matchedRuns: 620,
  executions: 24_800,
  executionsMax: 96,
  durationSumUs: 24_800 * 610,
  elapsedSumUs: 620 * 38_000,
  firstUs: START_US,
  lastUs: END_US,
};

/** The ten minutes described above. */
export function shopFacts(): WindowFacts {
  const steps = Array.from({ length: STEPS_COUNT }, (_, index) => shopStep(index));
  const parts: readonly (readonly [client: string, part: number])[] = [
    [SHOP, 0.7],
    [BILLING, 0.28],
    [REPORTS, 0.02],
  ];
  return {
    ...EMPTY_FACTS,
    window: { fromUs: START_US, toUs: END_US },
    extent: { fromUs: START_US, toUs: END_US },
    steps,
    edges: parts.map(([client, part]) => ({
      client,
      server: SERVER,
      totals: sumOfSteps(steps, part),
    })),
    classes: CLASSES,
    classSteps: classSteps(),
    repetitions: [REPETITION],
    errors: ERRORS,
    errorSteps: errorSteps(),
    channels: CHANNELS,
    channelsCount: 44,
    transactionShapes: SHAPES,
    ddl: DDL,
    ddlCount: DDL.length,
    sessionEvents: [
      {
        type: 'login_failed',
        count: 3,
        firstUs: START_US + 200 * SECOND_US,
        lastUs: START_US + 204 * SECOND_US,
        detail: 'password authentication failed for user "shop_ap"',
      },
      {
        type: 'cancel_request',
        count: 1,
        firstUs: START_US + 420 * SECOND_US,
        lastUs: START_US + 420 * SECOND_US,
        detail: '',
      },
    ],
    slowest: SLOWEST,
    capture: {
      packets: 412_880,
      bytes: 96_402_118,
      lostBytes: 4380,
      gaps: 3,
      statementsWithFlaw: 4,
      unanswered: 9,
      unmatchedAnswers: 2,
      framesRefused: 0,
      droppedByLimit: 0,
      encryptedSessions: 1,
      clientOnlySessions: 0,
      serverOnlySessions: 0,
      connectionsDoubled: 0,
      connectionsLoadedTwice: 0,
      rowsRetired: 0,
    },
    healthWindow: { fromUs: START_US, toUs: END_US },
    errorDiagnosis: causesOf(SERVER, ERRORS, errorSteps(), { fromUs: START_US, toUs: END_US }),
  };
}

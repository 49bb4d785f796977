/**
 * The published schema of the report: what `report --format json` prints and `/api/v1/report` answers, as JSON Schema.
 * The compiler holds it equal to events/report.ts, in both directions (see the end of this file), so neither can drift.
 */
import Type, { type Static } from 'typebox';
import type { ExecutionFacts } from '../events/facts.ts';
import type { Report } from '../events/report.ts';
import { captureQualitySchema, collectorRowSchema, missedPeriodSchema } from './schemas/capture.ts';
import { classForecastSchema } from './schemas/class-forecast.ts';
import { errorDiagnosisSchema } from './schemas/error-diagnosis.ts';
import { bigTransactionsSchema } from './schemas/big-transactions.ts';
import { hotValueSchema } from './schemas/hot-values.ts';
import { findingSchema } from './schemas/finding.ts';
import { healthIntervalSchema } from './schemas/health.ts';
import { incidentSchema } from './schemas/incidents.ts';
import { openTransactionsSchema } from './schemas/open-transactions.ts';
import { lowTpsSchema } from './schemas/low-tps.ts';
import { queryClustersSchema } from './schemas/query-clusters.ts';
import { repetitionSchema } from './schemas/repetitions.ts';
import { slowClassesSchema } from './schemas/slow-classes.ts';
import { sentenceSchema } from './schemas/sentence.ts';
import {
  CLOSED,
  count,
  type DeepReadonly,
  durationUs,
  fingerprint,
  orNull,
  share,
  text,
  timeUs,
} from './schemas/values.ts';

export const windowSchema = Type.Object(
  { fromUs: timeUs('Start, inclusive'), toUs: timeUs('End, exclusive') },
  { ...CLOSED, description: 'A stretch of capture time' },
);

export const scopeSchema = Type.Object(
  {
    collector: Type.Optional(text('Only what this collector saw')),
    client: Type.Optional(text('Only this application host, by address')),
    server: Type.Optional(text('Only this database endpoint, as address:port')),
  },
  { ...CLOSED, description: 'What the answer was narrowed to; empty is everything' },
);

const responseTimes = Type.Object(
  {
    meanUs: orNull(durationUs('Arithmetic mean')),
    p50Us: orNull(durationUs('Median')),
    p95Us: orNull(durationUs('95 of 100 answers were at least this fast')),
    p99Us: orNull(durationUs('99 of 100 answers were at least this fast')),
    maxUs: orNull(durationUs('The slowest answer')),
  },
  {
    ...CLOSED,
    description:
      "From the request's last byte to the end of the answer; percentiles within 4.5 percent",
  },
);

export const seriesPointSchema = Type.Object(
  {
    startUs: timeUs('Start of the step'),
    tps: Type.Number({ minimum: 0, description: 'Transactions ended per second' }),
    commits: count('Transactions committed in the step'),
    rollbacks: count('Transactions rolled back in the step'),
    requests: count('Requests in the step'),
    answers: count('Answers in the step'),
    errors: count('Answers that were errors'),
    yield: orNull(share('Normal answers of all answers')),
    responseRate: orNull(share('Requests of the step that were answered, whenever')),
    responseTimeMeanUs: orNull(durationUs('Mean response time')),
    responseTimeP50Us: orNull(durationUs('Median response time')),
    responseTimeP95Us: orNull(durationUs('95th percentile')),
    responseTimeP99Us: orNull(durationUs('99th percentile')),
    responseTimeMaxUs: orNull(durationUs('Longest response time')),
    connectionsOpen: count('Most connections open in one second of the step'),
    connectionsInTransaction: count('Most connections inside a transaction'),
    outstanding: count('Most requests waiting for an answer'),
    requestBytes: count('Protocol bytes to the database'),
    responseBytes: count('Protocol bytes from the database'),
    lostBytes: count('Bytes known to be missing from the capture'),
    lostPacketsMin: count('Packets missing from the capture, at least'),
  },
  CLOSED,
);

const overviewSchema = Type.Object(
  {
    requests: count('Requests'),
    answers: count('Answers'),
    normal: count('Answers that were not errors'),
    errors: count('Answers that were errors'),
    unanswered: count('Requests without an answer'),
    yield: orNull(share('P1: normal answers of all answers')),
    databaseYield: orNull(share("The same, but the application's own errors count as normal")),
    responseRate: orNull(share('P2: requests that were answered')),
    abnormalShare: orNull(share('P3: errors of all answers')),
    transactions: count('Transactions ended'),
    commits: count('Committed'),
    rollbacks: count('Rolled back'),
    explicitRollbacks: count('Of them: of transactions that BEGIN opened and that did something'),
    implicitTransactions: count('Of the transactions: single statements outside BEGIN'),
    rollbackRate: orNull(share('P4: explicit rollbacks of all ended')),
    tpsMean: Type.Number({ minimum: 0, description: 'P5: transactions ended per second' }),
    tpsMax: Type.Number({ minimum: 0, description: 'The busiest step' }),
    responseTime: responseTimes,
    rowsReturned: count('Rows returned'),
    rowsAffected: count('Rows affected'),
    requestBytes: count('Protocol bytes to the databases'),
    responseBytes: count('Protocol bytes from the databases'),
    connectionsOpenMax: count('Most connections open at once'),
  },
  { ...CLOSED, description: 'P1 to P6 over the whole window' },
);

export const classRowSchema = Type.Object(
  {
    rank: Type.Integer({ minimum: 1, description: 'Place in its list' }),
    fingerprint,
    normalized: text('The text with literals as ?'),
    command: text('First keyword'),
    kind: text('select, insert, update, delete, ddl ...'),
    tables: Type.Array(Type.String()),
    calls: count('Executions'),
    errors: count('Executions that failed'),
    unanswered: count('Executions without an answer'),
    shareOfTime: orNull(share('Of the response time of all statements of the window')),
    durationSumUs: durationUs('Response time of all its executions'),
    responseTime: responseTimes,
    rowsReturned: count('Rows returned'),
    rowsAffected: count('Rows affected'),
    rowsAffectedMax: count('Most rows affected by one execution'),
    responseBytes: count('Bytes of its answers'),
    trend: orNull(
      Type.Object(
        {
          changePerHour: Type.Number({
            description: 'Relative: 0.1 is ten percent longer an hour',
          }),
          pValue: share('Probability of such a trend by chance'),
        },
        CLOSED,
      ),
    ),
  },
  CLOSED,
);

export const errorRowSchema = Type.Object(
  {
    sqlstate: text('The error code as the server sent it'),
    errorClass: text('Root-cause class'),
    meaning: text('What this class of error means'),
    concern: Type.Union(
      [
        Type.Literal('application'),
        Type.Literal('database'),
        Type.Literal('operation'),
        Type.Literal('follow_on'),
      ],
      { description: 'Whose business it is; follow_on is the consequence of an earlier error' },
    ),
    count: count('Occurrences'),
    shareOfErrors: share('Of all errors'),
    shareOfAnswers: orNull(share('Of all answers')),
    firstUs: timeUs('First seen'),
    lastUs: timeUs('Last seen'),
    sampleMessage: text('One message as the server sent it'),
    classes: Type.Array(
      Type.Object(
        {
          fingerprint,
          normalized: text('The text with literals as ?'),
          count: count('Failures'),
        },
        CLOSED,
      ),
      { description: 'The classes that failed most with it' },
    ),
    sessions: count('Connections concerned'),
    clients: Type.Array(Type.String()),
    overTime: Type.Array(Type.Integer({ minimum: 0 }), {
      description: "Counts in the steps of the report's series",
    }),
  },
  CLOSED,
);

export const nodeRowSchema = Type.Object(
  {
    node: text('Address of a client; address:port of a server'),
    name: orNull(text('What people call it, out of the configuration')),
    applications: Type.Array(Type.String(), {
      description: 'Names of programs that talk there, of the channels that are listed',
    }),
    users: Type.Array(Type.String(), { description: 'Database users, likewise' }),
    role: Type.Union([Type.Literal('client'), Type.Literal('server')]),
    requests: count('Requests'),
    answers: count('Answers'),
    errors: count('Errors'),
    yield: orNull(share('Normal answers of all answers')),
    responseRate: orNull(share('Requests that were answered')),
    tps: Type.Number({ minimum: 0, description: 'Transactions ended per second' }),
    rollbackRate: orNull(share('Rolled back of all ended')),
    responseTime: responseTimes,
    connectionsOpenMax: count('Most connections open at once'),
  },
  CLOSED,
);

const transactionShapeSchema = Type.Object(
  {
    shape: text('One sequence of statement classes'),
    count: count('Transactions of this shape'),
    rollbacks: count('Rolled back'),
    statementsMean: Type.Number({ minimum: 0, description: 'Statements a transaction' }),
    rowsAffected: count('Rows affected by all of them'),
    durationMeanUs: durationUs('Mean duration'),
    durationMaxUs: durationUs('Longest'),
    example: Type.Array(Type.String(), { description: 'Statements of one of them, in order' }),
  },
  CLOSED,
);

const encryptionSchema = Type.Object(
  {
    reason: text('Why its statements are not seen: no_key_log, no_keys, mid_stream ...'),
    version: orNull(Type.String()),
    cipherSuite: orNull(Type.String()),
    serverName: orNull(Type.String()),
    turns: count('Times that the server answered the client'),
    turnMeanUs: orNull(durationUs("Mean time from the client's last byte to the server's last")),
    turnMaxUs: orNull(durationUs('Longest')),
  },
  { ...CLOSED, description: 'Of a connection whose statements are not seen' },
);

export const channelSchema = Type.Object(
  {
    sessionId: text('16 hex digits'),
    protocol: text('postgres, mysql, drda'),
    client: text('Address'),
    clientPort: count('Port'),
    server: text('address:port'),
    user: orNull(Type.String()),
    database: orNull(Type.String()),
    application: orNull(Type.String()),
    startUs: timeUs('First packet'),
    endUs: orNull(timeUs('End; null: still open when the capture ended')),
    endReason: orNull(Type.String()),
    lastSeenUs: timeUs('Its end, or the end of the capture in which it was still open'),
    statements: count('Statements'),
    errors: count('Errors'),
    requestBytes: count('Bytes to the database'),
    responseBytes: count('Bytes from the database'),
    lostBytes: count('Bytes missing from the capture'),
    lostPacketsMin: count('Packets missing from the capture, at least'),
    openTransactionSinceUs: orNull(timeUs('Start of a transaction left open')),
    transactionStatus: text('I idle, T in a transaction, E in a failed one, empty: not seen'),
    encrypted: Type.Boolean(),
    encryption: orNull(encryptionSchema),
    lastStatementUs: orNull(timeUs('Last statement')),
    lastCommand: orNull(Type.String()),
    lastNormalized: orNull(Type.String()),
  },
  CLOSED,
);

const ddlSchema = Type.Object(
  {
    tsUs: timeUs('When'),
    command: text('CREATE TABLE, DROP INDEX ...'),
    statement: text('The text as sent, secrets masked'),
    status: text('ok, error, cancelled, unanswered, unknown, skipped'),
    durationUs: orNull(durationUs('Response time')),
    user: orNull(Type.String()),
    database: orNull(Type.String()),
    client: text('Address'),
    server: text('address:port'),
    application: orNull(Type.String()),
  },
  CLOSED,
);

export const sessionEventSchema = Type.Object(
  {
    type: text('login_failed, cancel_request, encrypted, replication, anomaly'),
    count: count('Occurrences'),
    firstUs: timeUs('First seen'),
    lastUs: timeUs('Last seen'),
    detail: text('Of the newest one'),
  },
  CLOSED,
);

const position = (description: string) =>
  orNull(Type.Integer({ minimum: 0, description: `${description}; bytes of WAL` }));

const replicationSchema = Type.Object(
  {
    sessionId: text('16 hex digits'),
    server: text('address:port of the sender'),
    client: text('Address of the receiver'),
    application: orNull(text('Name of the standby')),
    mode: orNull(text('physical, logical, base_backup')),
    slot: orNull(Type.String()),
    firstUs: timeUs('First seen in the window'),
    lastUs: timeUs('Last seen in the window'),
    ended: Type.Boolean({ description: 'The stream or the backup has ended' }),
    sentLsn: position('Sent up to'),
    writeLsn: position('Written by the receiver up to'),
    flushLsn: position('Flushed by the receiver up to'),
    replayLsn: position('Replayed by the receiver up to'),
    writeLagUs: orNull(durationUs('From sending to the answer that it was written')),
    flushLagUs: orNull(durationUs('From sending to the answer that it was flushed')),
    replayLagUs: orNull(durationUs('From sending to the answer that it was replayed')),
    replayLagMaxUs: orNull(durationUs('The greatest replay lag in the window')),
    replayBehindBytes: orNull(count('Bytes sent and not replayed')),
    replayBehindMaxBytes: orNull(count('The most in the window')),
    backupBytesDone: orNull(count('Of a base backup: bytes sent')),
    backupBytesTotal: orNull(count('Of a base backup: the estimate of all bytes')),
  },
  CLOSED,
);

export const executionSchema = Type.Object(
  {
    tsUs: timeUs('Last byte of the request'),
    fingerprint,
    statement: text('The text as sent, secrets masked'),
    status: text('ok, error, cancelled, unanswered, unknown, skipped'),
    sqlstate: orNull(Type.String()),
    durationUs: orNull(durationUs('Response time')),
    rowsReturned: orNull(count('Rows returned')),
    rowsAffected: orNull(count('Rows affected')),
    sessionId: text('16 hex digits'),
    client: text('Address'),
    server: text('address:port'),
    user: orNull(Type.String()),
    database: orNull(Type.String()),
    batchCount: orNull(count('Sets of parameters that were executed as one')),
    source: orNull(
      Type.Object(
        { fingerprint, normalized: text('Text of its class') },
        { ...CLOSED, description: 'What PREPARE, EXECUTE, DECLARE, FETCH or MOVE makes or runs' },
      ),
    ),
  },
  CLOSED,
);

const highlightSchema = Type.Object(
  {
    severity: Type.Union([Type.Literal('info'), Type.Literal('notice'), Type.Literal('warning')]),
    topic: Type.Union([
      Type.Literal('health'),
      Type.Literal('load'),
      Type.Literal('errors'),
      Type.Literal('response'),
      Type.Literal('transactions'),
      Type.Literal('trend'),
      Type.Literal('ddl'),
      Type.Literal('logins'),
      Type.Literal('capture'),
    ]),
    parts: sentenceSchema,
  },
  CLOSED,
);

export const reportSchema = Type.Object(
  {
    formatVersion: Type.Literal(1),
    window: windowSchema,
    extent: windowSchema,
    scope: scopeSchema,
    stepUs: Type.Integer({
      minimum: 0,
      description: 'Length of a step of the series in microseconds; 0 without any step',
    }),
    highlights: Type.Array(highlightSchema, { description: 'What stands out' }),
    overview: overviewSchema,
    series: Type.Array(seriesPointSchema),
    names: Type.Record(Type.String(), Type.String(), {
      description: 'What people call nodes, by address; out of the configuration',
    }),
    nodes: Type.Array(nodeRowSchema),
    expensive: Type.Array(classRowSchema, { description: 'By total time, most first' }),
    slow: Type.Array(classRowSchema, { description: 'By mean response time, longest first' }),
    writers: Type.Array(classRowSchema, { description: 'By rows affected, most first' }),
    slowest: Type.Array(executionSchema, { description: 'Single executions, longest first' }),
    errors: Type.Array(errorRowSchema, { description: 'By count, most first' }),
    transactionShapes: Type.Array(transactionShapeSchema),
    channels: Type.Array(channelSchema),
    channelsCount: count('Channels in all; the list may be shorter'),
    ddl: Type.Array(ddlSchema),
    ddlCount: count('DDL statements in all; the list may be shorter'),
    sessionEvents: Type.Array(sessionEventSchema),
    replication: Type.Array(replicationSchema, {
      description: 'By greatest replay lag, greatest first',
    }),
    capture: captureQualitySchema,
    collectors: Type.Array(collectorRowSchema, { description: 'By name' }),
    health: Type.Array(healthIntervalSchema, { description: 'Worst nodes first' }),
    plainHealth: Type.Array(healthIntervalSchema, {
      description: 'What is not well by the plain definitions, to be read beside',
    }),
    classForecast: Type.Array(classForecastSchema, { description: 'Most response time first' }),
    hotValues: Type.Array(hotValueSchema, { description: 'Contended ones first' }),
    findings: Type.Array(findingSchema, {
      description: 'What every analyzer found: the most severe first',
    }),
    incidents: Type.Array(incidentSchema, { description: 'The most severe first' }),
    openTransactions: openTransactionsSchema,
    bigTransactions: bigTransactionsSchema,
    missed: Type.Array(missedPeriodSchema, {
      description: 'What was missed, when: the first hundred',
    }),
    missedCount: count('All of them'),
    errorDiagnosis: errorDiagnosisSchema,
    lowTps: lowTpsSchema,
    slowClasses: slowClassesSchema,
    repetitions: Type.Array(repetitionSchema, { description: 'D5: rows asked for one by one' }),
    queryClusters: queryClustersSchema,
  },
  { ...CLOSED, title: 'MirrorSQL report' },
);

/**
 * True only when both types are the same in every field, optional mark and union member. Mutual assignability would miss
 * an optional field that only one side has; the compiler compares deferred conditional types exactly.
 */
/* eslint-disable @typescript-eslint/no-unnecessary-type-parameters -- the type parameters defer the comparison */
export type Same<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
/* eslint-enable @typescript-eslint/no-unnecessary-type-parameters */
export type Holds<Check extends true> = Check;

/** Fails to compile when the schema and the type are not equal. Exported so that the compiler keeps the check. */
export type ReportSchemaHolds = [
  Holds<Same<DeepReadonly<Static<typeof reportSchema>>, DeepReadonly<Report>>>,
  Holds<Same<DeepReadonly<Static<typeof executionSchema>>, DeepReadonly<ExecutionFacts>>>,
];

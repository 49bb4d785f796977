/**
 * The contract of the HTTP API: the schema of every request and every answer. Routes validate with it, the OpenAPI
 * document is made of it, and the pages take their types from here and know nothing else of the server.
 */
import Type, { type Static } from 'typebox';
import {
  channelSchema,
  classRowSchema,
  errorRowSchema,
  executionSchema,
  nodeRowSchema,
  reportSchema,
  scopeSchema,
  seriesPointSchema,
  sessionEventSchema,
  windowSchema,
} from './report-schema.ts';
import { collectorRowSchema } from './schemas/capture.ts';
import { incidentSchema } from './schemas/incidents.ts';
import { storedFindingSchema, storedStateSchema } from './schemas/judgement.ts';
import {
  CLOSED,
  count,
  type DeepReadonly,
  fingerprint,
  orNull,
  text,
  timeUs,
} from './schemas/values.ts';

export type { ClassForecast } from '../events/class-forecast.ts';
export type { ErrorCauseRow, ErrorHolder } from '../events/error-diagnosis.ts';
export type { BigClassRow, BigTypeRow } from '../events/big-transactions.ts';
export type { OpenTransactionRow } from '../events/open-transactions.ts';
export type { QueryClusterRow, QueryColumnSet } from '../events/query-clusters.ts';
export type { RepetitionRow } from '../events/repetitions.ts';
export type { SlowClassRow } from '../events/slow-classes.ts';
export type { LowTpsEpisode } from '../events/low-tps.ts';
export type { HotValueRow } from '../events/hot-values.ts';
export type { Evidence, HealthInterval } from '../events/health.ts';
export type { Finding } from '../events/finding.ts';
export type { Incident, TimelineEntry } from '../events/incidents.ts';
export type {
  ChannelFacts,
  DdlFacts,
  ExecutionFacts,
  ReplicationFacts,
  Scope,
  Window,
} from '../events/facts.ts';
export type {
  CaptureQuality,
  ClassRow,
  CollectorRow,
  ErrorRow,
  Highlight,
  HighlightPart,
  MissedPeriod,
  NodeRow,
  Overview,
  Report,
  ResponseTimes,
  SeriesPoint,
  TransactionShapeRow,
} from '../events/report.ts';

/** Longer texts name no time, address or code, so they are refused before anything looks at them. */
const TEXT_MAX = 100;

const timeText = (description: string) =>
  Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: TEXT_MAX,
      description: `${description}; ISO 8601 (UTC unless it names a zone) or integer microseconds since 1970`,
    }),
  );
const nameText = (description: string) =>
  Type.Optional(Type.String({ minLength: 1, maxLength: TEXT_MAX, description }));

const windowFields = {
  from: timeText('Start, inclusive; the start of the stored data when absent'),
  to: timeText('End, exclusive; the end of the stored data when absent'),
};
const scopeFields = {
  collector: nameText('Only what this collector saw'),
  client: nameText('Only this application host, by address'),
  server: nameText('Only this database endpoint, as address:port'),
};

/** Query of everything that is asked about a window. */
export const windowQuery = Type.Object({ ...windowFields, ...scopeFields }, CLOSED);
export type WindowQuery = Static<typeof windowQuery>;

/** Most executions that one answer holds: enough to read, little enough to send at once. */
export const EXECUTIONS_MAX = 1000;

export const executionsQuery = Type.Object(
  {
    ...windowFields,
    ...scopeFields,
    fingerprint: Type.Optional(fingerprint),
    sessionId: Type.Optional(
      Type.String({ pattern: '^[0-9a-f]{16}$', description: 'Only this connection' }),
    ),
    sqlstate: Type.Optional(
      Type.String({ pattern: '^[0-9A-Za-z-]{1,10}$', description: 'Only with this error code' }),
    ),
    limit: Type.Optional(
      Type.Integer({ minimum: 1, maximum: EXECUTIONS_MAX, default: 100, description: 'At most' }),
    ),
  },
  CLOSED,
);
export type ExecutionsQuery = Static<typeof executionsQuery>;

export const classParams = Type.Object({ fingerprint }, CLOSED);

const asked = { window: windowSchema, scope: scopeSchema };
const stepUs = Type.Integer({
  minimum: 0,
  description: 'Length of a step in microseconds; 0 without any step',
});

export const extentAnswer = Type.Object(
  { extent: orNull(windowSchema) },
  { ...CLOSED, description: 'First and last moment with stored activity; null in an empty store' },
);

export const seriesAnswer = Type.Object(
  { ...asked, stepUs, points: Type.Array(seriesPointSchema) },
  CLOSED,
);

export const nodesAnswer = Type.Object({ ...asked, nodes: Type.Array(nodeRowSchema) }, CLOSED);

export const classesAnswer = Type.Object(
  {
    ...asked,
    classes: Type.Array(classRowSchema, {
      description:
        'The classes that the report ranks: by total time, by mean time, by rows written',
    }),
  },
  CLOSED,
);

export const judgedQuery = Type.Object(
  { ...windowFields, collector: scopeFields.collector },
  CLOSED,
);

export const statesAnswer = Type.Object(
  {
    window: windowSchema,
    states: Type.Array(storedStateSchema, { description: 'In order of time, at most 5,000' }),
  },
  CLOSED,
);

export const findingsAnswer = Type.Object(
  {
    window: windowSchema,
    findings: Type.Array(storedFindingSchema, { description: 'In order of time, at most 5,000' }),
  },
  CLOSED,
);

const classPoint = Type.Object(
  {
    startUs: timeUs('Start of the step'),
    stepUs,
    answered: count('Executions answered in the step'),
    responseTimeMeanUs: orNull(Type.Number({ minimum: 0 })),
  },
  CLOSED,
);

export const classAnswer = Type.Object(
  {
    ...asked,
    class: classRowSchema,
    series: Type.Array(classPoint),
    executions: Type.Array(executionSchema, { description: 'The slowest ones' }),
  },
  CLOSED,
);

export const errorsAnswer = Type.Object(
  {
    ...asked,
    stepUs,
    startsUs: Type.Array(timeUs('Start of each step that overTime counts in')),
    errors: Type.Array(errorRowSchema),
  },
  CLOSED,
);

export const collectorsAnswer = Type.Object(
  { ...asked, collectors: Type.Array(collectorRowSchema) },
  CLOSED,
);

export const incidentsAnswer = Type.Object(
  { ...asked, incidents: Type.Array(incidentSchema) },
  CLOSED,
);

export const sessionsAnswer = Type.Object(
  {
    ...asked,
    channelsCount: count('Channels in all; the list may be shorter'),
    channels: Type.Array(channelSchema),
    events: Type.Array(sessionEventSchema),
  },
  CLOSED,
);

export const executionsAnswer = Type.Object(
  { ...asked, limit: count('At most so many are listed'), executions: Type.Array(executionSchema) },
  CLOSED,
);

export const healthAnswer = Type.Object(
  {
    status: Type.Literal('ok'),
    extent: orNull(windowSchema),
    readingsInFlight: count('Windows being read from the store now'),
    readingsWaiting: count('Windows waiting to be read'),
  },
  { ...CLOSED, description: 'Answered only when the store answers' },
);

export const errorAnswer = Type.Object(
  {
    code: text('Stable code, MSQL_...'),
    message: text('What is wrong'),
    hint: text('What to do about it'),
  },
  { ...CLOSED, description: 'The shape of every error' },
);

export const reportAnswer = reportSchema;

export type ExtentAnswer = DeepReadonly<Static<typeof extentAnswer>>;
export type NodesAnswer = DeepReadonly<Static<typeof nodesAnswer>>;
export type ClassAnswer = DeepReadonly<Static<typeof classAnswer>>;
export type ErrorAnswer = DeepReadonly<Static<typeof errorAnswer>>;

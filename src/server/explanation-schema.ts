/**
 * The published schema of an explanation: what `mirrorsql explain --format json` prints. The compiler holds it equal to
 * events/explanation.ts.
 */
import Type, { type Static } from 'typebox';
import type { Explanation } from '../events/explanation.ts';
import { type Holds, type Same, windowSchema } from './report-schema.ts';
import { findingSchema, severitySchema } from './schemas/finding.ts';
import { incidentSchema } from './schemas/incidents.ts';
import { sentenceSchema } from './schemas/sentence.ts';
import { CLOSED, type DeepReadonly, orNull, text, timeUs } from './schemas/values.ts';

const figure = (description: string) => orNull(Type.Number({ description }));

const figuresSchema = Type.Object(
  {
    window: windowSchema,
    figures: Type.Object(
      {
        transactionsPerSecond: figure('Ended, committed or rolled back'),
        requestsPerSecond: figure('Requests'),
        answersPerSecond: figure('Answers'),
        responseMeanUs: figure('Mean response time, microseconds'),
        responseMaxUs: figure('Longest response time, microseconds'),
        errorShare: figure('Errors of all answers, 0 to 1'),
        unanswered: figure('Requests without an answer within ten seconds'),
        waitMaxUs: figure('Longest wait without an answer, microseconds'),
        connectionsMax: figure('Most connections open in one second'),
        connectionsRefused: figure('Connections refused'),
      },
      CLOSED,
    ),
    sql: text('The SELECT that gives them, for mirrorsql query'),
  },
  CLOSED,
);

export const explanationSchema = Type.Object(
  {
    formatVersion: Type.Literal(1),
    atUs: timeUs('The moment that was asked about'),
    window: windowSchema,
    server: orNull(text('The database that the figures are of; null for all')),
    headline: sentenceSchema,
    incident: orNull(incidentSchema),
    others: Type.Array(
      Type.Object(
        {
          id: text('16 hex digits'),
          severity: severitySchema,
          sinceUs: timeUs('When it began'),
          untilUs: orNull(timeUs('When it ended')),
          summary: sentenceSchema,
        },
        CLOSED,
      ),
    ),
    fault: Type.Object(
      {
        who: Type.Union([
          Type.Literal('nobody'),
          Type.Literal('database'),
          Type.Literal('application'),
          Type.Literal('between'),
          Type.Literal('unknown'),
        ]),
        parts: sentenceSchema,
      },
      { ...CLOSED, description: 'Whose it is, as far as the evidence goes' },
    ),
    actions: Type.Array(text('What to do, the most important first')),
    before: orNull(figuresSchema),
    during: figuresSchema,
    notKnown: Type.Array(sentenceSchema),
    evidence: Type.Array(
      Type.Object(
        {
          finding: findingSchema,
          sql: orNull(text('The SELECT that shows what its numbers were made of')),
        },
        CLOSED,
      ),
    ),
  },
  { ...CLOSED, title: 'MirrorSQL explanation' },
);

/** Fails to compile when the schema and the type are not equal. */
export type ExplanationSchemaHolds = Holds<
  Same<DeepReadonly<Static<typeof explanationSchema>>, DeepReadonly<Explanation>>
>;

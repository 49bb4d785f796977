/** Schema of an incident (events/incidents.ts). */
import Type from 'typebox';
import { findingSchema, severitySchema } from './finding.ts';
import { roleSchema } from './health.ts';
import { sentenceSchema } from './sentence.ts';
import { CLOSED, count, orNull, text, timeUs } from './values.ts';

const entrySchema = Type.Object(
  {
    atUs: timeUs('When'),
    kind: Type.Union([
      Type.Literal('finding_began'),
      Type.Literal('finding_ended'),
      Type.Literal('ddl'),
      Type.Literal('logins_failed'),
      Type.Literal('transaction_open'),
      Type.Literal('condition'),
      Type.Literal('connections_lost'),
      Type.Literal('connections_back'),
      Type.Literal('shutdown_said'),
      Type.Literal('replication_began'),
      Type.Literal('replication_ended'),
      Type.Literal('capture_loss'),
    ]),
    severity: orNull(severitySchema),
    node: orNull(text('The node concerned')),
    parts: sentenceSchema,
  },
  CLOSED,
);

export const incidentSchema = Type.Object(
  {
    id: Type.String({
      pattern: '^[0-9a-f]{16}$',
      description:
        'Made of the first cause and its onset: the same in every window that shows both',
    }),
    severity: severitySchema,
    sinceUs: timeUs('When the first of it began, not earlier than the window'),
    untilUs: orNull(timeUs('When the last of it ended; null when it lasts beyond what is known')),
    summary: sentenceSchema,
    firstCause: Type.Object(
      {
        finding: findingSchema,
        onsetUs: timeUs('When it began, which may be before it could be told'),
        because: sentenceSchema,
      },
      { ...CLOSED, description: 'What was first, as far as the findings tell' },
    ),
    context: Type.Array(entrySchema, { description: 'The minutes before, by time' }),
    timeline: Type.Array(entrySchema, { description: 'By time, the first sixty' }),
    timelineCount: count('Lines of the timeline in all'),
    nodes: Type.Array(
      Type.Object({ node: text('As in the list of nodes'), role: roleSchema }, CLOSED),
      { description: 'Databases first' },
    ),
    findings: Type.Array(
      Type.Object({ key: text('Of a finding'), sinceUs: timeUs('Of the same finding') }, CLOSED),
      { description: 'By onset' },
    ),
  },
  { ...CLOSED, description: 'Findings that belong together in time and topology' },
);

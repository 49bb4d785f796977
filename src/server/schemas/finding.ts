/** Schema of a finding (events/finding.ts). */
import Type from 'typebox';
import { evidenceSchema, roleSchema } from './health.ts';
import { sentenceSchema } from './sentence.ts';
import { CLOSED, fingerprint, orNull, text, timeUs } from './values.ts';

export const severitySchema = Type.Union([
  Type.Literal('info'),
  Type.Literal('notice'),
  Type.Literal('warning'),
  Type.Literal('critical'),
]);

export const findingSchema = Type.Object(
  {
    key: text('Kind and subject: the same thing in another window has the same key'),
    kind: text('What was found: who found it, a slash, what'),
    ledger: text('Its id in the ledger of the product'),
    severity: severitySchema,
    node: orNull(text('The node concerned; null where it is about none in particular')),
    role: orNull(roleSchema),
    sinceUs: timeUs('When it began'),
    untilUs: orNull(timeUs('When it ended; null when it lasts beyond what is known')),
    summary: sentenceSchema,
    advice: text('What to do, or where to look first'),
    evidence: Type.Array(evidenceSchema, { description: 'The numbers behind it' }),
    fingerprints: Type.Array(fingerprint, { description: 'Classes of statements concerned' }),
    sessions: Type.Array(text('16 hex digits'), { description: 'Channels concerned' }),
    sqlstates: Type.Array(Type.String(), { description: 'Error codes concerned' }),
  },
  { ...CLOSED, description: 'One thing that analysis says about the window' },
);

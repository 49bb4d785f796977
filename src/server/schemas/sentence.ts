/** Schema of a sentence whose numbers stay numbers (events/report.ts, HighlightPart). */
import Type, { type TSchema } from 'typebox';
import { CLOSED, fingerprint } from './values.ts';

const part = <Kind extends string, Fields extends Record<string, TSchema>>(
  kind: Kind,
  fields: Fields,
) => Type.Object({ kind: Type.Literal(kind), ...fields }, CLOSED);

export const sentenceSchema = Type.Array(
  Type.Union([
    part('text', { text: Type.String() }),
    part('count', { value: Type.Number() }),
    part('share', { value: Type.Number() }),
    part('durationUs', { value: Type.Number() }),
    part('timeUs', { value: Type.Number() }),
    part('bytes', { value: Type.Number() }),
    part('statement', { text: Type.String(), fingerprint }),
    part('node', { text: Type.String() }),
  ]),
  { description: 'Joined, they make one sentence; texts carry their own spaces' },
);

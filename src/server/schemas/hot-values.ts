/** Schema of values that stand out (events/hot-values.ts). */
import Type from 'typebox';
import { CLOSED, count, durationUs, fingerprint, orNull, share, text, timeUs } from './values.ts';

export const hotValueSchema = Type.Object(
  {
    kind: Type.Union([
      Type.Literal('contended'),
      Type.Literal('hot'),
      Type.Literal('single'),
      Type.Literal('append'),
    ]),
    fingerprint,
    normalized: text('Text of the class'),
    server: text('The database endpoint, address:port'),
    place: text('$1: a parameter; ?2: the second literal of the text of the class'),
    calls: count('Executions with a value there; estimated where not all were looked at'),
    looked: count('Executions that were looked at'),
    distinct: count('Different values in the minute that had most'),
    hash: orNull(
      text('Keyed hash of the value, 16 hex digits; null of what is about no single value'),
    ),
    shown: text('What may be shown of the value'),
    share: orNull(share('Of the executions')),
    waitingMax: count('Most executions under way at once with the value, of those that took long'),
    contendedUs: durationUs('Time in which three or more were'),
    zipf: orNull(
      Type.Number({ minimum: 0, description: "Exponent of Zipf's law; null for too few values" }),
    ),
    firstUs: timeUs('Start of the first minute'),
    lastUs: timeUs('End of the last minute'),
  },
  { ...CLOSED, description: 'A value, or a place of values, that stands out' },
);

/** What the capture missed: of all collectors, of each, and when. */
import Type from 'typebox';
import { sentenceSchema } from './sentence.ts';
import { CLOSED, count, orNull, text, timeUs } from './values.ts';

const missedCounts = {
  packets: count('Packets read'),
  bytes: count('Bytes read'),
  lostBytes: count('Bytes known to be missing'),
  gaps: count('Holes in byte streams'),
  statementsWithFlaw: count('Statements seen only in part'),
  unanswered: count('Requests without an answer'),
  unmatchedAnswers: count('Answers without a request'),
  framesRefused: count('Messages that could not be understood'),
  droppedByLimit: count('Dropped because a limit was reached'),
  encryptedSessions: count('Sessions that cannot be read'),
  clientOnlySessions: count('Connections of which only the client is seen'),
  serverOnlySessions: count('Connections of which only the server is seen'),
};

export const captureQualitySchema = Type.Object(
  {
    ...missedCounts,
    connectionsDoubled: count(
      'Connections that more than one collector saw: sums count them once for each',
    ),
    connectionsLoadedTwice: count(
      'Connections that several captures of one collector hold: sums count them once for each',
    ),
    rowsRetired: count('Rows that retention dropped, in days whose times touch the window'),
    verdict: text('What this report therefore does not know'),
    complete: Type.Boolean(),
  },
  { ...CLOSED, description: 'What the capture missed' },
);

export const collectorRowSchema = Type.Object(
  {
    collector: text('Its name; empty for those without one'),
    firstUs: orNull(timeUs('First packet of its captures that touch the window')),
    lastUs: orNull(timeUs('Last packet of them')),
    ...missedCounts,
    verdict: text('What is therefore not known from it'),
    complete: Type.Boolean(),
  },
  { ...CLOSED, description: 'What one collector missed' },
);

export const missedPeriodSchema = Type.Object(
  {
    collector: text('Whose capture it was; empty for those without a name'),
    kind: Type.Union(
      [
        Type.Literal('kernel_drops'),
        Type.Literal('kernel_freezes'),
        Type.Literal('lost_bytes'),
        Type.Literal('frames_refused'),
        Type.Literal('limits'),
        Type.Literal('rows_lost'),
        Type.Literal('reduced'),
      ],
      { description: 'What was missed' },
    ),
    fromUs: timeUs('Start of the first step in which it was missed'),
    toUs: timeUs('End of the last one'),
    count: count('Packets, times, bytes, messages, details, rows or statements, by the kind'),
    parts: sentenceSchema,
  },
  { ...CLOSED, description: 'Something that was missed without a break' },
);

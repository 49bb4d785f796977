/** Schema of low TPS (events/low-tps.ts). */
import Type from 'typebox';
import { evidenceSchema } from './health.ts';
import { CLOSED, orNull, share, text, timeUs } from './values.ts';

const perSecond = (description: string) => Type.Number({ minimum: 0, description });
const verdict = Type.Union([
  Type.Literal('DATABASE'),
  Type.Literal('APPLICATION'),
  Type.Literal('NETWORK'),
  Type.Literal('WORKLOAD_CHANGE'),
  Type.Literal('CAPTURE'),
]);

const clientSchema = Type.Object(
  {
    client: text('Address; empty for all hosts that are not among the busiest'),
    tps: perSecond('Transactions per second meanwhile'),
    usualTps: perSecond('Usually'),
    shareOfDrop: Type.Number({ description: 'Of what the node lost; negative: it did more' }),
    requestsRatio: orNull(perSecond('Its requests as a multiple of the usual')),
    responseRatio: orNull(perSecond('Its mean response time as a multiple of the usual')),
    sign: Type.Union(
      [
        Type.Literal('asks_less'),
        Type.Literal('not_answered'),
        Type.Literal('slow'),
        Type.Literal('delayed'),
        Type.Literal('longer_transactions'),
        Type.Literal('none'),
      ],
      { description: 'What is unusual about it' },
    ),
  },
  CLOSED,
);

const episodeSchema = Type.Object(
  {
    server: text('address:port'),
    fromUs: timeUs('Start of its first minute'),
    toUs: orNull(timeUs('End; null when it had not ended')),
    tps: perSecond('Transactions per second meanwhile'),
    usualTps: perSecond('Usually'),
    thresholdTps: Type.Number({ description: 'Below it a minute is low' }),
    verdict,
    confidence: share('Of the lost transactions that the verdict explains'),
    because: text('Why, in words'),
    orElse: Type.Array(verdict, { description: 'What the wire cannot tell from the verdict' }),
    plainRule: Type.Object(
      {
        yield: orNull(share('Normal answers of all answers meanwhile')),
        databaseIsToBlame: Type.Boolean({ description: 'TPS and yield are both low' }),
      },
      { ...CLOSED, description: 'The rule of the source document' },
    ),
    evidence: Type.Array(evidenceSchema),
    sqlstates: Type.Array(Type.String(), { description: 'Errors of the database itself' }),
    clients: Type.Array(clientSchema, { description: 'Those that lost most first' }),
  },
  CLOSED,
);

export const lowTpsSchema = Type.Object(
  {
    episodes: Type.Array(episodeSchema),
    learning: Type.Boolean({ description: 'Of some node too little is known to judge it' }),
  },
  { ...CLOSED, description: 'D2: stretches of low TPS and whose doing they were' },
);

/** Schemas of the states of nodes, and of the numbers behind a state or a finding (events/health.ts). */
import Type from 'typebox';
import { CLOSED, orNull, text, timeUs } from './values.ts';

export const roleSchema = Type.Union([Type.Literal('client'), Type.Literal('server')]);

export const evidenceSchema = Type.Object(
  {
    name: text('What was measured'),
    value: Type.Number(),
    unit: Type.Union([
      Type.Literal('us'),
      Type.Literal('count'),
      Type.Literal('share'),
      Type.Literal('per_second'),
    ]),
    threshold: orNull(Type.Number()),
  },
  CLOSED,
);

export const healthIntervalSchema = Type.Object(
  {
    node: text('Address of an application host, or address:port of a database endpoint'),
    role: roleSchema,
    state: Type.Union([
      Type.Literal('unknown'),
      Type.Literal('down'),
      Type.Literal('hang'),
      Type.Literal('slow'),
      Type.Literal('jitter'),
      Type.Literal('sub_healthy'),
      Type.Literal('idle'),
      Type.Literal('healthy'),
    ]),
    sinceUs: timeUs('When it began, not earlier than the window'),
    untilUs: orNull(timeUs('When the next state began; null when it lasted to the end')),
    evidence: Type.Array(evidenceSchema, { description: 'The numbers that made the state' }),
    learning: Type.Boolean({
      description:
        'Less than half an hour was known of the node: the thresholds were the fixed ones',
    }),
  },
  { ...CLOSED, description: 'A state of a node' },
);

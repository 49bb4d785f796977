/** Schemas of states and findings as they were stored while analysis watched (events/judgement.ts). */
import Type, { type Static } from 'typebox';
import type { StoredFinding, StoredState } from '../../events/judgement.ts';
import { findingSchema } from './finding.ts';
import { healthIntervalSchema } from './health.ts';
import { CLOSED, type DeepReadonly, text, timeUs } from './values.ts';

const collector = text('The collector whose traffic was judged');

export const storedStateSchema = Type.Object(
  {
    ...healthIntervalSchema.properties,
    sinceUs: timeUs('When it began'),
    untilUs: timeUs('Its end, or until when it is known to have lasted'),
    ended: Type.Boolean({ description: 'Another state followed' }),
    collector,
  },
  { ...CLOSED, description: 'A stretch of a state of a node' },
);

export const storedFindingSchema = Type.Object(
  {
    ...findingSchema.properties,
    seenUs: timeUs('The end of the window in which it was found last'),
    collector,
  },
  CLOSED,
);

type Holds<Check extends true> = Check;

/** Assignable in both directions, so that neither the schema nor the type can drift. */
export type JudgementSchemasHold = [
  Holds<DeepReadonly<Static<typeof storedStateSchema>> extends StoredState ? true : false>,
  Holds<StoredState extends DeepReadonly<Static<typeof storedStateSchema>> ? true : false>,
  Holds<DeepReadonly<Static<typeof storedFindingSchema>> extends StoredFinding ? true : false>,
  Holds<StoredFinding extends DeepReadonly<Static<typeof storedFindingSchema>> ? true : false>,
];

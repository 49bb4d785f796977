/** How long transactions stay at each step, what is left to them there until their end, and how many commit. */
import type { Migration } from './migration.ts';

const HISTOGRAM = 'SimpleAggregateFunction(sumMap, Map(UInt16, UInt64))';

export const stepTimes: Migration = {
  version: 17,
  name: 'step times',
  statements: [
    `ALTER TABLE transaction_steps_1h{local} {on_cluster}
  ADD COLUMN IF NOT EXISTS commits SimpleAggregateFunction(sum, UInt64),
  ADD COLUMN IF NOT EXISTS stays ${HISTOGRAM},
  ADD COLUMN IF NOT EXISTS lefts ${HISTOGRAM}`,
  ],
};

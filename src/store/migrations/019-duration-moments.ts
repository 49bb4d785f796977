/**
 * How many durations a second has, and the sum of their squares: what the health of nodes asks of each second, without
 * its histogram. Rows from before are asked their histogram.
 */
import { bucketMiddleSql } from '../../core/histogram.ts';
import type { Migration } from './migration.ts';

export const durationMoments: Migration = {
  version: 19,
  name: 'duration moments',
  statements: [
    `ALTER TABLE activity_1s{local} {on_cluster}
  ADD COLUMN IF NOT EXISTS durations_count SimpleAggregateFunction(sum, UInt64) DEFAULT arraySum(mapValues(durations)),
  ADD COLUMN IF NOT EXISTS duration_squares_sum SimpleAggregateFunction(sum, Float64) DEFAULT
    arraySum((bucket, n) -> n * pow(${bucketMiddleSql('bucket')}, 2), mapKeys(durations), mapValues(durations))`,
  ],
};

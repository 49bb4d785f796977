/** How many of the values that executions were given begin with `%`. */
import type { Migration } from './migration.ts';

export const leadingWildcards: Migration = {
  version: 16,
  name: 'leading wildcards',
  statements: [
    `ALTER TABLE value_1m{local} {on_cluster}
  ADD COLUMN IF NOT EXISTS leading_wildcards SimpleAggregateFunction(sum, UInt64)`,
  ],
};

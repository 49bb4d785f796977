/** What a class asks for and by which columns, apart from all columns that it names; and whether its pattern begins with %. */
import type { Migration } from './migration.ts';

export const queryColumns: Migration = {
  version: 15,
  name: 'query columns',
  statements: [
    `ALTER TABLE classes{local} {on_cluster}
  ADD COLUMN IF NOT EXISTS projection_columns Array(String),
  ADD COLUMN IF NOT EXISTS predicate_columns Array(String),
  ADD COLUMN IF NOT EXISTS leading_wildcard UInt8`,
  ],
};

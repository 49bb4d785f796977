/** R4, DDL: every statement that changes the schema: who, when, from where, how long; oldest first, as they happened. */
import type { DdlFacts } from '../../src/events/facts.ts';

const LISTED_MAX = 100;

/** In the order of time; of too many the newest. */
export function ddlRows(ddl: readonly DdlFacts[]): DdlFacts[] {
  return [...ddl].sort((a, b) => a.tsUs - b.tsUs).slice(-LISTED_MAX);
}

/**
 * R2, affected rows: rows that INSERT, UPDATE, DELETE, MERGE and COPY FROM changed, as the server counted them: per
 * class their sum and the most by one execution, and the classes whose single executions change so many rows that they
 * make a transaction big (more than 10,000, research on big transactions).
 */
import type { ClassFacts } from '../../src/events/facts.ts';

export const ROWS_BIG = 10_000;

/** The classes that changed any row, most rows first. */
export function classesByRowsAffected(classes: readonly ClassFacts[]): ClassFacts[] {
  return classes
    .filter((facts) => facts.rowsAffected > 0)
    .sort((a, b) => b.rowsAffected - a.rowsAffected || (a.fingerprint < b.fingerprint ? -1 : 1));
}

/** The class with the greatest single change, if that was a big one. */
export function biggestWrite(classes: readonly ClassFacts[]): ClassFacts | undefined {
  const [first] = [...classes].sort((a, b) => b.rowsAffectedMax - a.rowsAffectedMax);
  return first !== undefined && first.rowsAffectedMax > ROWS_BIG ? first : undefined;
}

/**
 * Whether a statement may wait for what another transaction has run, by PostgreSQL's rules for tables and rows (manual,
 * "Explicit Locking"), as far as texts tell: rows are not compared, so two changes of one table may conflict.
 */
import type { ClassText } from '../../src/events/transaction-types.ts';

type Strength = 'none' | 'reads' | 'inserts' | 'changes' | 'excludes';

/** Locks that conflict even with reading: ACCESS EXCLUSIVE, and LOCK TABLE without another mode. */
const EXCLUDING = /^(TRUNCATE|LOCK|DROP|ALTER|REINDEX|CLUSTER|VACUUM)\b/;

function strengthOf({ kind, command, normalized }: ClassText): Strength {
  if (EXCLUDING.test(command)) return 'excludes';
  if (kind === 'ddl') return 'excludes';
  if (kind === 'select')
    return / FOR (NO KEY )?(UPDATE|SHARE)\b/i.test(normalized) ? 'changes' : 'reads';
  if (kind === 'insert' || kind === 'copy') return 'inserts';
  return kind === 'update' || kind === 'delete' || kind === 'merge' ? 'changes' : 'none';
}

/** It wants whole tables for itself: while it waits all others on them wait behind it, also those that only read. */
export function locksWholeTables(text: ClassText): boolean {
  return strengthOf(text) === 'excludes';
}

/** `waiting` may wait for a transaction that ran `held`: they touch one table, in ways that exclude each other. */
export function mayWaitFor(waiting: ClassText, held: readonly ClassText[]): boolean {
  const wants = strengthOf(waiting);
  return held.some((one) => {
    if (!one.tables.some((table) => waiting.tables.includes(table))) return false;
    const has = strengthOf(one);
    if (wants === 'none' || has === 'none') return false;
    if (wants === 'excludes' || has === 'excludes') return true;
    // Inserts wait for inserts of the same key only, which texts do not tell.
    return wants === 'changes' && has !== 'reads';
  });
}

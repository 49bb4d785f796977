/** Types of transactions in words: what their statements do to which tables. */
import type { ClassText } from '../../src/events/transaction-types.ts';

/** Statements that a name shows before it only counts. */
const NAMED_MAX = 4;
const TABLE_MAX = 40;

export type ClassTexts = ReadonlyMap<string, ClassText>;

export function classTexts(classes: readonly ClassText[]): ClassTexts {
  return new Map(classes.map((one) => [one.fingerprint, one]));
}

/** `UPDATE district` */
export function statementName(fingerprint: string, texts: ClassTexts): string {
  const known = texts.get(fingerprint);
  if (known === undefined) return 'a statement';
  const table = known.tables[0]?.slice(0, TABLE_MAX);
  return table === undefined ? known.command || 'a statement' : `${known.command} ${table}`;
}

/** `SELECT customer, UPDATE district, 9 more` */
export function typeName(statements: readonly string[], texts: ClassTexts): string {
  if (statements.length === 0) return 'no statement';
  const shown = statements.length === NAMED_MAX + 1 ? NAMED_MAX + 1 : NAMED_MAX;
  const names = statements.slice(0, shown).map((fingerprint) => statementName(fingerprint, texts));
  const more = statements.length - names.length;
  return more > 0 ? `${names.join(', ')}, ${more} more` : names.join(', ');
}

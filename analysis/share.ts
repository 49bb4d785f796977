/** Shares and rates: null where there is nothing to divide by, because 0 of 0 is neither good nor bad. */

/** `part / whole`, held within 0 to 1; null when the whole is 0. */
export function shareOf(part: number, whole: number): number | null {
  if (!(whole > 0)) return null;
  return Math.min(1, Math.max(0, part / whole));
}

/** The sum of one number of each row. */
export function sumOf<Row>(rows: Iterable<Row>, value: (row: Row) => number): number {
  let sum = 0;
  for (const row of rows) sum += value(row);
  return sum;
}

/** The greatest of one number of the rows; 0 without rows, for gauges and counts that are never negative. */
export function greatestOf<Row>(rows: Iterable<Row>, value: (row: Row) => number): number {
  let greatest = 0;
  for (const row of rows) greatest = Math.max(greatest, value(row));
  return greatest;
}

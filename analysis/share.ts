/** Shares, rates and sums of rows. Null where there is nothing to divide by, because 0 of 0 is neither good nor bad. */

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

/** The rows by their key, keys and rows in the order in which they come. */
export function grouped<Row>(
  rows: Iterable<Row>,
  key: (row: Row) => string,
): ReadonlyMap<string, readonly Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const name = key(row);
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [row]);
    else group.push(row);
  }
  return groups;
}

/** Under which names collectors have stored. */
import { ask } from './ask.ts';
import type { Store } from '../store.ts';

/** Those of the tables that are kept longest, and of the second that is stored first. */
export async function readCollectorNames(store: Store): Promise<string[]> {
  const rows = await ask<{ collector: string }>(
    store,
    `SELECT DISTINCT collector FROM (
      SELECT DISTINCT collector FROM capture_1s UNION ALL
      SELECT DISTINCT collector FROM activity_1s UNION ALL
      SELECT DISTINCT collector FROM class_1h)
    ORDER BY collector`,
    {},
  );
  return rows.map(({ collector }) => collector);
}

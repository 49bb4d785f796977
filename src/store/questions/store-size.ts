/** How large the store is and what is left on its disk. */
import { ask } from './ask.ts';
import type { Store } from '../store.ts';

export interface StoreSize {
  readonly rows: number;
  readonly sizeBytes: number;
  /** Of the fullest of the store's disks; undefined where the store does not tell. */
  readonly disk: { readonly freeBytes: number; readonly sizeBytes: number } | undefined;
}

/** @throws MirrorSqlError */
export async function readStoreSize(store: Store): Promise<StoreSize> {
  const [parts, disks] = await Promise.all([
    ask<{ rows: number; bytes: number }>(
      store,
      `SELECT sum(rows) AS rows, sum(bytes_on_disk) AS bytes
      FROM system.parts WHERE active AND database = currentDatabase()`,
      {},
    ),
    ask<{ free: number; total: number }>(
      store,
      'SELECT free_space AS free, total_space AS total FROM system.disks ORDER BY free_space LIMIT 1',
      {},
    ),
  ]);
  const [disk] = disks;
  return {
    rows: parts[0]?.rows ?? 0,
    sizeBytes: parts[0]?.bytes ?? 0,
    disk: disk === undefined ? undefined : { freeBytes: disk.free, sizeBytes: disk.total },
  };
}

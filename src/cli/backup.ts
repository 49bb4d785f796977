/** `mirrorsql backup` and `mirrorsql restore`: the embedded store into a directory, and a store out of it. */
import { backUp, BACKUP_WITHIN_MS, restore } from '../store/backup.ts';
import { MirrorSqlError } from '../core/errors.ts';
import { openStore } from '../store/store.ts';
import { type StoreOptions, storeSettings } from './store-settings.ts';

/** @throws MirrorSqlError */
export async function runBackup(target: string, options: StoreOptions): Promise<void> {
  const settings = storeSettings(options);
  if (settings.kind === 'server') {
    throw new MirrorSqlError(
      'MSQL_CLI_USAGE',
      'backup is for the embedded store; a ClickHouse server has its own BACKUP',
    );
  }
  const store = await openStore(settings, {
    existing: true,
    statementWithinMs: BACKUP_WITHIN_MS,
  });
  try {
    const { path, sizeBytes, segmentsWaiting } = await backUp(store, target);
    const waiting =
      segmentsWaiting === 0
        ? ''
        : `; ${segmentsWaiting} segments wait to be stored and are not in it`;
    process.stderr.write(`backed up ${(sizeBytes / 1e6).toFixed(1)} MB to ${path}${waiting}\n`);
  } finally {
    await store.close();
  }
}

/** @throws MirrorSqlError */
export async function runRestore(source: string, options: StoreOptions): Promise<void> {
  const settings = storeSettings(options);
  if (settings.kind === 'server') {
    throw new MirrorSqlError(
      'MSQL_CLI_USAGE',
      'restore is for the embedded store; a ClickHouse server has its own RESTORE',
    );
  }
  await restore(source, settings.directory);
  process.stderr.write(`restored ${source} to ${settings.directory}\n`);
}

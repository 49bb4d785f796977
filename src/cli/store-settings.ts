/** Which store a command means, from its settled options. */
import { MirrorSqlError } from '../core/errors.ts';
import type { StoreSettings } from '../store/store.ts';

export interface StoreOptions {
  readonly data?: string;
  readonly clickhouse?: string;
}

const DIRECTORY_DEFAULT = './mirrorsql-data';

/** @throws MirrorSqlError MSQL_CLI_USAGE when the directory has no name */
export function storeSettings(options: StoreOptions): StoreSettings {
  const { clickhouse: url, data: directory = DIRECTORY_DEFAULT } = options;
  if (directory === '') throw new MirrorSqlError('MSQL_CLI_USAGE', '--data needs a directory');
  if (url !== undefined && url !== '') return { kind: 'server', url, directory };
  return { kind: 'embedded', directory };
}

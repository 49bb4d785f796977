/** Which store a command means: its flags, then the environment, then ./mirrorsql-data. */
import { MirrorSqlError } from '../core/errors.ts';
import type { StoreSettings } from '../store/store.ts';

export interface StoreOptions {
  readonly data?: string;
  readonly clickhouse?: string;
}

const DIRECTORY_DEFAULT = './mirrorsql-data';

/** @throws MirrorSqlError MSQL_CLI_USAGE when both kinds of store are asked for by flags */
export function storeSettings(
  options: StoreOptions,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): StoreSettings {
  if (options.data !== undefined && options.clickhouse !== undefined) {
    throw new MirrorSqlError('MSQL_CLI_USAGE', 'give --data or --clickhouse, not both');
  }
  const url =
    options.clickhouse ??
    (options.data === undefined ? environment['MIRRORSQL_CLICKHOUSE'] : undefined);
  const directory = options.data ?? (environment['MIRRORSQL_DATA'] || DIRECTORY_DEFAULT);
  if (directory === '') throw new MirrorSqlError('MSQL_CLI_USAGE', '--data needs a directory');
  if (url !== undefined && url !== '') return { kind: 'server', url, directory };
  return { kind: 'embedded', directory };
}

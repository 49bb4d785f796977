/** Which store a command means, and under which name it stores, from its settled options. */
import { hostname } from 'node:os';
import { MirrorSqlError } from '../core/errors.ts';
import type { StoreSettings } from '../store/store.ts';

export interface StoreOptions {
  readonly data?: string;
  readonly clickhouse?: string;
  /** PEM file of the authority that signed the server's certificate. */
  readonly clickhouseCa?: string;
  readonly cluster?: string;
}

export interface CollectorOptions extends StoreOptions {
  readonly collector?: string;
}

const COLLECTOR_NAME = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$/;

const DIRECTORY_DEFAULT = './mirrorsql-data';

/**
 * Secrets have no flag: other users of the machine can read those.
 * @throws MirrorSqlError MSQL_CLI_USAGE when the directory has no name, or what belongs to a server comes without one
 */
export function storeSettings(
  options: StoreOptions,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): StoreSettings {
  const { clickhouse: url, data: directory = DIRECTORY_DEFAULT } = options;
  if (directory === '') throw new MirrorSqlError('MSQL_CLI_USAGE', '--data needs a directory');
  const { clickhouseCa: caFile, cluster } = options;
  if (url !== undefined && url !== '') {
    return {
      kind: 'server',
      url,
      directory,
      ...(caFile === undefined ? {} : { caFile }),
      ...(cluster === undefined ? {} : { cluster }),
      user: environment['MIRRORSQL_CLICKHOUSE_USER'] || undefined,
      password: environment['MIRRORSQL_CLICKHOUSE_PASSWORD'] || undefined,
    };
  }
  if (cluster !== undefined || caFile !== undefined) {
    throw new MirrorSqlError(
      'MSQL_CLI_USAGE',
      '--cluster and --clickhouse-ca go with --clickhouse',
    );
  }
  return { kind: 'embedded', directory };
}

/**
 * The name of this collector. Two that run at the same time need two names, and one that is started again its old one.
 * @throws MirrorSqlError MSQL_CLI_USAGE
 */
export function collectorName({ collector }: CollectorOptions, host = hostname()): string {
  if (collector === undefined) {
    const usual = host.replace(/[^A-Za-z0-9._:-]/g, '-').slice(0, 64);
    return COLLECTOR_NAME.test(usual) ? usual : 'collector';
  }
  if (COLLECTOR_NAME.test(collector)) return collector;
  throw new MirrorSqlError(
    'MSQL_CLI_USAGE',
    'the name of a collector is 1 to 64 letters, digits, and . _ : - behind the first',
  );
}

/** How the user knows the store: its directory, or its server without user and password. */
export function storePlace(settings: StoreSettings): string {
  if (settings.kind === 'embedded') return settings.directory;
  const hosts = settings.url.replace(/\/\/[^@/]*@/g, '//').replace(/[?#].*$/, '');
  return `ClickHouse at ${hosts}`;
}

/** What `--clickhouse` says: one or several hosts of one server or cluster, who asks, and for which database. */
import { readFileSync } from 'node:fs';
import { cannotRead, MirrorSqlError } from '../../core/errors.ts';

export interface ServerSettings {
  readonly kind: 'server';
  /** http[s]://[user:password@]host[:port][,host[:port]]...[/database][?cluster=NAME] */
  readonly url: string;
  /** Where segments wait while the server is away. */
  readonly directory: string;
  /** Used where the URL names none. */
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  /** PEM file of the authority that signed the server's certificate; else those that Node.js knows. */
  readonly caFile?: string | undefined;
  readonly cluster?: string | undefined;
}

export interface ServerAddress {
  /** Each http[s]://host:port, in the order given. */
  readonly hosts: readonly string[];
  readonly user: string | undefined;
  readonly password: string;
  readonly database: string;
  readonly cluster: string | undefined;
  readonly ca: Buffer | undefined;
}

export const DATABASE = 'mirrorsql';

const HOSTS_MAX = 64;
/** ClickHouse's own ports for HTTP and HTTPS. */
const PORTS = { http: 8123, https: 8443 } as const;

const URL_PARTS =
  /^(https?):\/\/(?:([^:@/?#]*)(?::([^@/?#]*))?@)?([^@/?#]+)(?:\/([^/?#]*))?\/?(?:\?([^#]*))?$/;

/**
 * Nothing of the text is repeated in an error: it may hold a password.
 * @throws MirrorSqlError MSQL_CLI_USAGE, MSQL_STORE_TLS when the authority's file cannot be read
 */
export function serverAddress(settings: ServerSettings): ServerAddress {
  const other = /^([A-Za-z][A-Za-z0-9+.-]*):\/\//.exec(settings.url)?.[1];
  if (other !== undefined && other !== 'http' && other !== 'https') {
    throw usage(`a ClickHouse server is named by http:// or https://, not ${other}://`);
  }
  const parts = URL_PARTS.exec(settings.url);
  if (parts === null) throw usage('the URL of the ClickHouse server cannot be read');
  const [, scheme, user, password, hosts = '', database = '', search = ''] = parts;
  const kind = scheme === 'https' ? 'https' : 'http';
  const name = decoded(database);
  return {
    hosts: hostsOf(hosts, kind),
    user: user === undefined || user === '' ? settings.user : decoded(user),
    password: password === undefined ? (settings.password ?? '') : decoded(password),
    database: name === '' ? DATABASE : name,
    cluster: settings.cluster ?? new URLSearchParams(search).get('cluster') ?? undefined,
    ca: settings.caFile === undefined ? undefined : authority(settings.caFile, kind),
  };
}

function hostsOf(text: string, kind: 'http' | 'https'): string[] {
  const hosts = text.split(',').map((part) => {
    const hasPort = /:\d+$/.test(part);
    const host = `${kind}://${part}${hasPort ? '' : `:${PORTS[kind]}`}`;
    if (part === '' || !URL.canParse(host) || /[\s\\%]/.test(part)) {
      throw usage('the URL of the ClickHouse server cannot be read: one of its hosts is no host');
    }
    return host;
  });
  if (hosts.length > HOSTS_MAX) throw usage(`at most ${HOSTS_MAX} hosts can be given`);
  return [...new Set(hosts)];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw usage('the URL of the ClickHouse server has a % that stands for no character: write %25');
  }
}

function authority(file: string, kind: 'http' | 'https'): Buffer {
  if (kind === 'http') throw usage('an authority goes with https:// only');
  try {
    return readFileSync(file);
  } catch (error) {
    throw cannotRead('MSQL_STORE_TLS', file, error);
  }
}

function usage(message: string): MirrorSqlError {
  return new MirrorSqlError('MSQL_CLI_USAGE', message);
}

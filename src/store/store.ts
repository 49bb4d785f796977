/** Opens a store: the embedded engine on a directory, or a ClickHouse server. What comes back is the same for both. */
import { createHash } from 'node:crypto';
import { accessSync, constants, mkdirSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ClickHouseClient, ClickHouseLogLevel, createClient } from '@clickhouse/client';
import { MirrorSqlError, systemCode } from '../core/errors.ts';
import { leaseRunningEngine } from './discovery.ts';
import { DirectoryLocked, EngineProcess } from './engine-process.ts';
import type { StoreDescription } from './engine/messages.ts';
import { KeptEngine } from './kept-engine.ts';
import { migrate } from './migrations/migrate.ts';
import { storeError } from './store-error.ts';

export type StoreSettings =
  | { readonly kind: 'embedded'; readonly directory: string }
  | {
      readonly kind: 'server';
      /** http[s]://[user:password@]host[:port][/database][?cluster=NAME] */
      readonly url: string;
      /** Where segments wait while the server is away. */
      readonly directory: string;
    };

export interface Store {
  readonly client: ClickHouseClient;
  readonly database: string;
  /** The name under which this process stores what it collects; '' when it only reads. */
  readonly collector: string;
  /** Holds `segments`: what was sealed and is not stored yet. */
  readonly directory: string;
  /** The engine sees that directory and can be given a segment by name. */
  readonly readsSegments: boolean;
  /** Set when the store cannot be used any more, and why. */
  readonly failure: () => MirrorSqlError | undefined;
  /** A question that takes longer is given up; without it there is no such limit. */
  readonly answerWithinMs?: number;
  readonly close: () => Promise<void>;
}

export interface OpenOptions {
  /** The name under which to store; see Store. */
  readonly collector?: string;
  /** Gives up opening. */
  readonly signal?: AbortSignal;
  /** How long to wait for another process that is just opening or closing the directory; 10 s when not given. */
  readonly lockedWithinMs?: number;
  /** 'forever': an embedded engine is started again however often it ends, also one that another process had started. */
  readonly patience?: 'a minute' | 'forever';
}

const DATABASE = 'mirrorsql';
const REQUEST_TIMEOUT_MS = 600_000;
/** Questions that nobody answers must not keep segments from being sent. */
const CONNECTIONS_MAX = 64;

const LOCKED_WITHIN_MS = 10_000;

/**
 * Opens the store and brings its schema up to date.
 * @throws MirrorSqlError MSQL_STORE_DIRECTORY, MSQL_STORE_BUSY, MSQL_STORE_ENGINE, MSQL_STORE_UNREACHABLE,
 * MSQL_STORE_DISK_FULL, MSQL_STORE_VERSION
 */
export async function openStore(
  settings: StoreSettings,
  options: OpenOptions = {},
): Promise<Store> {
  const directory = prepareDirectory(settings);
  const connection =
    settings.kind === 'embedded'
      ? await connectEmbedded(directory, options)
      : connectServer(settings.url);
  const client = createClient({
    ...connection.options,
    request_timeout: REQUEST_TIMEOUT_MS,
    max_open_connections: CONNECTIONS_MAX,
    log: { level: ClickHouseLogLevel.OFF },
  });
  const close = async (): Promise<void> => {
    await client.close();
    await connection.close();
  };
  const giveUp = (): void => void client.close();
  options.signal?.addEventListener('abort', giveUp, { once: true });
  try {
    await createDatabase(connection, options.signal);
    await migrate(client, connection.cluster);
  } catch (error) {
    await close();
    throw storeError(error);
  } finally {
    options.signal?.removeEventListener('abort', giveUp);
  }
  return {
    client,
    database: connection.options.database,
    collector: options.collector ?? '',
    directory,
    readsSegments: settings.kind === 'embedded',
    failure: connection.failure,
    close,
  };
}

/** Segments that wait for a server wait apart: they must not get into another store. */
function directoryOf(settings: StoreSettings): string {
  if (settings.kind === 'embedded') return resolve(settings.directory);
  const { options } = connectServer(settings.url);
  const server = createHash('sha256').update(`${options.url}/${options.database}`).digest('hex');
  return resolve(settings.directory, `server-${server.slice(0, 12)}`);
}

interface Connection {
  readonly options: {
    readonly url: string;
    readonly username?: string;
    readonly password?: string;
    readonly database: string;
  };
  readonly cluster: string | undefined;
  readonly failure: () => MirrorSqlError | undefined;
  readonly close: () => Promise<void>;
}

/** Characters that the engine takes for a pattern in the name of a file to insert from. */
const PATTERN_CHARACTERS = /[*?{}[\]]/;

/**
 * Makes the place where segments wait, and says where it is.
 * @throws MirrorSqlError MSQL_STORE_DIRECTORY, MSQL_STORE_DISK_FULL, MSQL_CLI_USAGE
 */
export function prepareDirectory(settings: StoreSettings): string {
  const directory = directoryOf(settings);
  if (PATTERN_CHARACTERS.test(directory)) {
    throw new MirrorSqlError(
      'MSQL_STORE_DIRECTORY',
      `the path of the data directory must not have any of * ? { } [ ] in it: ${directory}`,
    );
  }
  try {
    makeDirectory(join(directory, 'segments'));
    accessSync(directory, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    const code = systemCode(error) ?? String(error);
    if (code === 'ENOSPC') {
      throw new MirrorSqlError('MSQL_STORE_DISK_FULL', `no space for ${directory}`, {
        cause: error,
      });
    }
    const reason =
      code === 'ENOTDIR' || code === 'EEXIST'
        ? 'it is not a directory'
        : `it cannot be used (${code})`;
    throw new MirrorSqlError('MSQL_STORE_DIRECTORY', `data directory ${directory}: ${reason}`, {
      cause: error,
    });
  }
  return directory;
}

/** Like mkdir -p. Node's own `recursive` tries forever where the system refuses with ENOENT, as below /proc. */
function makeDirectory(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    const code = systemCode(error);
    if (code === 'EEXIST' && statSync(path).isDirectory()) return;
    if (code !== 'ENOENT' || dirname(path) === path) throw error;
    makeDirectory(dirname(path));
    mkdirSync(path, { mode: 0o700 });
  }
}

/** The engine that runs already, or one of our own. */
async function connectEmbedded(directory: string, options: OpenOptions): Promise<Connection> {
  const giveUpAt = Date.now() + (options.lockedWithinMs ?? LOCKED_WITHIN_MS);
  const patient = options.patience === 'forever';
  for (;;) {
    if (patient) {
      const kept = await KeptEngine.attach(directory);
      if (kept !== undefined) return connectionOf(kept.description, kept);
    } else {
      const leased = await leaseRunningEngine(directory);
      if (leased !== undefined) {
        const close = async (): Promise<void> => leased.release();
        return connectionOf(leased.description, { failure: undefined, close });
      }
    }
    try {
      const engine = await EngineProcess.start(directory, { patient });
      return connectionOf(engine.description, engine);
    } catch (error) {
      if (!(error instanceof DirectoryLocked)) throw error;
      if (Date.now() > giveUpAt || options.signal?.aborted === true) {
        throw new MirrorSqlError(
          'MSQL_STORE_BUSY',
          `another process has the data directory ${directory} open and does not answer`,
          { cause: error },
        );
      }
      await sleep(200);
    }
  }
}

function connectionOf(
  { url, user, password }: StoreDescription,
  engine: { readonly failure: MirrorSqlError | undefined; close(): Promise<void> },
): Connection {
  return {
    options: { url, username: user, password, database: DATABASE },
    cluster: undefined,
    failure: () => engine.failure,
    close: () => engine.close(),
  };
}

function connectServer(text: string): Connection {
  let url: URL;
  try {
    url = new URL(text);
  } catch (error) {
    throw new MirrorSqlError('MSQL_CLI_USAGE', 'the URL of the ClickHouse server cannot be read', {
      cause: error,
    });
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new MirrorSqlError(
      'MSQL_CLI_USAGE',
      `a ClickHouse server is named by http:// or https://, not ${url.protocol}//`,
    );
  }
  const name = decodeURIComponent(url.pathname.slice(1));
  const username = decodeURIComponent(url.username);
  return {
    options: {
      url: url.origin,
      ...(username === '' ? {} : { username, password: decodeURIComponent(url.password) }),
      database: name === '' ? DATABASE : name,
    },
    cluster: url.searchParams.get('cluster') ?? undefined,
    failure: () => undefined,
    close: async () => undefined,
  };
}

/** Through a client without a database: one that names an absent database is refused. */
async function createDatabase(
  { options, cluster }: Connection,
  signal: AbortSignal | undefined,
): Promise<void> {
  const client = createClient({
    ...options,
    database: 'system',
    log: { level: ClickHouseLogLevel.OFF },
  });
  const onCluster =
    cluster === undefined ? '' : `ON CLUSTER '${cluster.replace(/['\\]/g, '\\$&')}'`;
  try {
    await client.command({
      query: `CREATE DATABASE IF NOT EXISTS \`${options.database.replace(/[`\\]/g, '\\$&')}\` ${onCluster} ENGINE = Atomic`,
      ...(signal === undefined ? {} : { abort_signal: signal }),
    });
  } finally {
    await client.close();
  }
}

/** Opens a store: the embedded engine on a directory, or a ClickHouse server. What comes back is the same for both. */
import { createHash } from 'node:crypto';
import { accessSync, constants, mkdirSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { MirrorSqlError, systemCode, systemReason } from '../core/errors.ts';
import type { StoreClient } from './connection.ts';
import { connectEmbedded } from './embedded.ts';
import { connectServer } from './server/connect.ts';
import { type ServerSettings, serverAddress } from './server/server-address.ts';
import { storeError } from './store-error.ts';

export type StoreSettings =
  | { readonly kind: 'embedded'; readonly directory: string }
  | ServerSettings;

export interface Store {
  readonly client: StoreClient;
  /** Writes segments and the ledger of them; on a cluster to the one shard of this collector. */
  readonly writer: StoreClient;
  /** The table that holds the rows of `table`, for the writer. */
  readonly holding: (table: string) => string;
  readonly database: string;
  /** The name under which this process stores what it collects; '' when it only reads. */
  readonly collector: string;
  /** Holds `segments`: what was sealed and is not stored yet. */
  readonly directory: string;
  /** The engine sees that directory and can be given a segment by name. */
  readonly readsSegments: boolean;
  /** Set when the store cannot be used any more, and why. */
  readonly failure: () => MirrorSqlError | undefined;
  /** Resident memory of the embedded engine's process, in bytes; absent of a server, undefined while no engine runs. */
  readonly engineResidentBytes?: () => number | undefined;
  /** A question that takes longer is given up; without it there is no such limit. */
  readonly answerWithinMs?: number | undefined;
  readonly close: () => Promise<void>;
}

export interface OpenOptions {
  /** Of an embedded store: nothing is made where none is. */
  readonly existing?: true;
  /** The name under which to store; see Store. */
  readonly collector?: string;
  /** A statement that takes longer is given up; 10 minutes when not given. */
  readonly statementWithinMs?: number;
  /** A question that takes longer is given up; see Store. */
  readonly answerWithinMs?: number;
  /** Gives up opening. */
  readonly signal?: AbortSignal;
  /** How long to wait for another process that is just opening or closing the directory; 10 s when not given. */
  readonly lockedWithinMs?: number;
  /** 'forever': an embedded engine is started again however often it ends, also one that another process had started. */
  readonly patience?: 'a minute' | 'forever';
}

/**
 * Opens the store and brings its schema up to date.
 * @throws MirrorSqlError MSQL_STORE_DIRECTORY, MSQL_STORE_BUSY, MSQL_STORE_ENGINE, MSQL_STORE_UNREACHABLE,
 * MSQL_STORE_LOGIN, MSQL_STORE_TLS, MSQL_STORE_SERVER, MSQL_STORE_DISK_FULL, MSQL_STORE_VERSION, MSQL_STORE_EMPTY
 */
export async function openStore(
  settings: StoreSettings,
  options: OpenOptions = {},
): Promise<Store> {
  const patient = options.patience === 'forever';
  const collector = options.collector ?? '';
  if (options.existing === true && settings.kind === 'embedded') demandStore(settings.directory);
  const directory = prepareDirectory(settings);
  try {
    const connection =
      settings.kind === 'embedded'
        ? await connectEmbedded(directory, { ...options, patient })
        : await connectServer(serverAddress(settings), collector, options.signal);
    const { answerWithinMs } = options;
    const readsSegments = settings.kind === 'embedded';
    return { ...connection, directory, collector, readsSegments, answerWithinMs };
  } catch (error) {
    throw storeError(error);
  }
}

/** Segments that wait for a server wait apart: they must not get into another store. */
function directoryOf(settings: StoreSettings): string {
  if (settings.kind === 'embedded') return resolve(settings.directory);
  const { hosts, database } = serverAddress(settings);
  const server = createHash('sha256')
    .update(`${hosts[0] ?? ''}/${database}`)
    .digest('hex');
  return resolve(settings.directory, `server-${server.slice(0, 12)}`);
}

/** Characters that the engine takes for a pattern in the name of a file to insert from. */
const PATTERN_CHARACTERS = /[*?{}[\]]/;

/**
 * Whether a store was ever begun in a directory.
 * @throws MirrorSqlError MSQL_STORE_DIRECTORY where this user may not look
 */
export function hasStore(directory: string): boolean {
  try {
    return statSync(join(directory, 'segments')).isDirectory();
  } catch (error) {
    const code = systemCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return false;
    throw new MirrorSqlError(
      'MSQL_STORE_DIRECTORY',
      `data directory ${resolve(directory)}: ${systemReason(error)}`,
      { cause: error },
    );
  }
}

function demandStore(directory: string): void {
  if (hasStore(directory)) return;
  throw new MirrorSqlError('MSQL_STORE_EMPTY', `there is no store in ${resolve(directory)}`);
}

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
      code === 'ENOTDIR' || code === 'EEXIST' ? 'it is not a directory' : systemReason(error);
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

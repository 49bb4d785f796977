/** Connects to the embedded engine on a directory: the one that runs already, or one of our own. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type ClickHouseClient, ClickHouseLogLevel, createClient } from '@clickhouse/client';
import { MirrorSqlError } from '../core/errors.ts';
import type { Connection } from './connection.ts';
import { leaseRunningEngine } from './discovery.ts';
import type { StoreDescription } from './engine/messages.ts';
import { engineMemory } from './engine-memory.ts';
import { DirectoryLocked, EngineProcess } from './engine-process.ts';
import { KeptEngine } from './kept-engine.ts';
import { migrate } from './migrations/migrate.ts';

export const DATABASE = 'mirrorsql';
const REQUEST_TIMEOUT_MS = 600_000;
/** Questions that nobody answers must not keep segments from being sent. */
const CONNECTIONS_MAX = 64;
const LOCKED_WITHIN_MS = 10_000;

interface EmbeddedOptions {
  /** How long to wait for another process that is just opening or closing the directory; 10 s when not given. */
  readonly lockedWithinMs?: number;
  readonly patient: boolean;
  readonly statementWithinMs?: number;
  /** Gives up. */
  readonly signal?: AbortSignal;
}

interface RunningEngine {
  readonly description: StoreDescription;
  readonly failure: MirrorSqlError | undefined;
  close(): Promise<void>;
}

/** @throws MirrorSqlError MSQL_STORE_BUSY, MSQL_STORE_ENGINE, MSQL_STORE_DISK_FULL, MSQL_STORE_VERSION, and what the client throws */
export async function connectEmbedded(
  directory: string,
  options: EmbeddedOptions,
): Promise<Connection> {
  const engine = await runningEngine(directory, options);
  const client = clientOf(engine.description, DATABASE, options.statementWithinMs);
  const close = async (): Promise<void> => {
    await client.close();
    await engine.close();
  };
  const giveUp = (): void => void client.close();
  options.signal?.addEventListener('abort', giveUp, { once: true });
  try {
    await createDatabase(engine.description, options.signal);
    await migrate(client, DATABASE, undefined);
  } catch (error) {
    await close();
    throw error;
  } finally {
    options.signal?.removeEventListener('abort', giveUp);
  }
  return {
    client,
    writer: client,
    holding: (table) => table,
    database: DATABASE,
    failure: () => engine.failure,
    engineResidentBytes: () => engineMemory(engine.description.pid),
    close,
  };
}

async function runningEngine(
  directory: string,
  { lockedWithinMs, patient, signal }: EmbeddedOptions,
): Promise<RunningEngine> {
  const giveUpAt = Date.now() + (lockedWithinMs ?? LOCKED_WITHIN_MS);
  for (;;) {
    if (patient) {
      const kept = await KeptEngine.attach(directory);
      if (kept !== undefined) return kept;
    } else {
      const leased = await leaseRunningEngine(directory);
      if (leased !== undefined) {
        const close = async (): Promise<void> => leased.release();
        return { description: leased.description, failure: undefined, close };
      }
    }
    try {
      return await EngineProcess.start(directory, { patient });
    } catch (error) {
      if (!(error instanceof DirectoryLocked)) throw error;
      if (Date.now() > giveUpAt || signal?.aborted === true) {
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

/** A client of a running engine. */
export function clientOf(
  { url, user, password }: StoreDescription,
  database: string,
  answerWithinMs = REQUEST_TIMEOUT_MS,
): ClickHouseClient {
  return createClient({
    url,
    username: user,
    password,
    database,
    request_timeout: answerWithinMs,
    max_open_connections: CONNECTIONS_MAX,
    log: { level: ClickHouseLogLevel.OFF },
  });
}

/** Through a client of another database: one that names an absent database is refused. */
async function createDatabase(
  description: StoreDescription,
  signal: AbortSignal | undefined,
): Promise<void> {
  const client = clientOf(description, 'system');
  try {
    await client.command({
      query: `CREATE DATABASE IF NOT EXISTS ${DATABASE} ENGINE = Atomic`,
      ...(signal === undefined ? {} : { abort_signal: signal }),
    });
  } finally {
    await client.close();
  }
}

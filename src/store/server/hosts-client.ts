/**
 * One client over several hosts of one server or cluster: what the present host cannot answer is asked of the next.
 * Each host is admitted before its first request, by whoever knows what must hold of it.
 */
import {
  ClickHouseError,
  type ClickHouseClient,
  ClickHouseLogLevel,
  createClient,
} from '@clickhouse/client';
import { MirrorSqlError } from '../../core/errors.ts';
import type { StoreClient } from '../connection.ts';
import type { ServerAddress } from './server-address.ts';

const REQUEST_TIMEOUT_MS = 600_000;
/** Questions that nobody answers must not keep segments from being sent. */
const CONNECTIONS_MAX = 64;

/** A client of one host. `database`: another one than the address's. */
export function clientOf(
  address: ServerAddress,
  host: string,
  database = address.database,
): ClickHouseClient {
  return createClient({
    url: host,
    ...(address.user === undefined ? {} : { username: address.user }),
    password: address.password,
    database,
    request_timeout: REQUEST_TIMEOUT_MS,
    max_open_connections: CONNECTIONS_MAX,
    log: { level: ClickHouseLogLevel.OFF },
    ...(address.ca === undefined ? {} : { tls: { ca_cert: address.ca } }),
  });
}

export class HostsClient implements StoreClient {
  readonly #hosts: readonly string[];
  readonly #clients: readonly ClickHouseClient[];
  readonly #admissions = new Map<number, Promise<void>>();
  readonly #admit: (host: string) => Promise<void>;
  #present = 0;

  /** `admit` throws when the host must not be used; it is asked again at the next request. */
  constructor(address: ServerAddress, admit: (host: string) => Promise<void>) {
    this.#hosts = address.hosts;
    this.#clients = address.hosts.map((host) => clientOf(address, host));
    this.#admit = admit;
  }

  readonly query: StoreClient['query'] = (parameters) =>
    this.#ask((client) => client.query(parameters), parameters.abort_signal);

  readonly insert: StoreClient['insert'] = (parameters) =>
    this.#ask((client) => client.insert(parameters), parameters.abort_signal);

  readonly command: StoreClient['command'] = (parameters) =>
    this.#ask((client) => client.command(parameters), parameters.abort_signal);

  /** A stream of values can be sent once only: when that fails, the next try of the caller goes to the next host. */
  readonly exec: StoreClient['exec'] = (parameters) =>
    this.#ask((client) => client.exec(parameters), parameters.abort_signal, 'values' in parameters);

  /** Finds a host that is admitted. @throws what the hosts are refused for */
  async ready(): Promise<void> {
    await this.#ask(() => Promise.resolve(), undefined);
  }

  async close(): Promise<void> {
    for (const client of this.#clients) await client.close();
  }

  async #ask<T>(
    work: (client: ClickHouseClient) => Promise<T>,
    signal: AbortSignal | undefined,
    once = false,
  ): Promise<T> {
    let failure: unknown;
    for (let tries = 0; tries < this.#hosts.length; tries++) {
      const index = this.#present;
      const client = this.#clients[index];
      if (client === undefined) break;
      let admitted = false;
      try {
        await this.#admitHost(index);
        admitted = true;
        return await work(client);
      } catch (error) {
        failure = moreTelling(failure, error);
        if (signal?.aborted === true || (admitted && !isHostAway(error))) throw error;
        if (index === this.#present) this.#present = (index + 1) % this.#hosts.length;
        if (admitted && once) throw error;
      }
    }
    throw failure;
  }

  #admitHost(index: number): Promise<void> {
    let admission = this.#admissions.get(index);
    if (admission === undefined) {
      admission = this.#admit(this.#hosts[index] ?? '').catch((error: unknown) => {
        this.#admissions.delete(index);
        throw error;
      });
      this.#admissions.set(index, admission);
    }
    return admission;
  }
}

/** What a host says that another one might do: overloaded, cut off, read-only, full, Keeper not reached. */
const HOST_AWAY_CODES = new Set(
  '202 203 209 210 225 236 242 243 279 285 286 289 319 999'.split(' '),
);

function isHostAway(error: unknown): boolean {
  if (error instanceof ClickHouseError) return HOST_AWAY_CODES.has(error.code);
  return !(error instanceof MirrorSqlError);
}

/** A host that refuses says more than one that is silent. */
function moreTelling(before: unknown, now: unknown): unknown {
  const silent = (error: unknown): boolean =>
    error instanceof MirrorSqlError
      ? error.code === 'MSQL_STORE_UNREACHABLE'
      : !(error instanceof ClickHouseError);
  return before === undefined || (silent(before) && !silent(now)) ? now : before;
}

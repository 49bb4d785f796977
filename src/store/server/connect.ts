/** Connects to a ClickHouse server or cluster: finds a host that will do, brings the schema up to date, finds the shard. */
import { ClickHouseError, type ClickHouseClient } from '@clickhouse/client';
import { MirrorSqlError } from '../../core/errors.ts';
import type { Connection, StoreClient } from '../connection.ts';
import { migrate } from '../migrations/migrate.ts';
import { quotedName, statementFor } from '../migrations/migration.ts';
import { checkCluster, shardHosts } from './cluster.ts';
import { examineHost } from './examine.ts';
import { clientOf, HostsClient } from './hosts-client.ts';
import type { ServerAddress } from './server-address.ts';

/**
 * `signal` gives up.
 * @throws MirrorSqlError MSQL_STORE_UNREACHABLE, MSQL_STORE_LOGIN, MSQL_STORE_TLS, MSQL_STORE_SERVER, MSQL_STORE_VERSION
 */
export async function connectServer(
  address: ServerAddress,
  collector: string,
  signal?: AbortSignal,
): Promise<Connection> {
  const gate = new Gate(address);
  const client = new HostsClient(address, (host) => gate.admit(host));
  const { cluster, database } = address;
  const shard = cluster === undefined ? undefined : new ShardClient(address, client, collector);
  const close = async (): Promise<void> => {
    await client.close();
    await shard?.close();
  };
  try {
    await unlessAborted(client.ready(), signal);
    if (shard !== undefined) await unlessAborted(shard.ready(), signal);
  } catch (error) {
    await close();
    throw error;
  }
  return {
    client,
    writer: shard ?? client,
    holding: cluster === undefined ? (table) => table : (table) => `${table}_local`,
    database,
    failure: () => undefined,
    close,
  };
}

async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return await work;
  const aborted = new Promise<never>((_resolve, reject) => {
    const abort = (): void =>
      reject(new MirrorSqlError('MSQL_STORE_UNREACHABLE', 'the server did not answer in time'));
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
  });
  aborted.catch(() => undefined);
  return await Promise.race([work, aborted]);
}

/** Admits hosts: the first that answers gets the schema, the others must be doors to the same data. */
class Gate {
  readonly #address: ServerAddress;
  /** Of the database at the first host; made by the server when the database is. */
  #databaseId: string | undefined;
  #preparing: Promise<void> | undefined;

  constructor(address: ServerAddress) {
    this.#address = address;
  }

  async admit(host: string): Promise<void> {
    await examineHost(this.#address, host);
    if (this.#databaseId === undefined) {
      this.#preparing ??= this.#prepare(host).finally(() => {
        this.#preparing = undefined;
      });
      await this.#preparing;
    }
    // Hosts of a cluster keep databases of their own, with the same tables.
    if (this.#address.cluster === undefined) await this.#checkSame(host);
  }

  async #prepare(host: string): Promise<void> {
    const { cluster, database } = this.#address;
    await this.#with(host, 'system', async (client) => {
      if (cluster !== undefined) await checkCluster(client, cluster);
      await this.#createDatabase(client);
    });
    await this.#with(host, database, (client) => migrate(client, database, cluster));
    this.#databaseId = await this.#idAt(host);
  }

  async #checkSame(host: string): Promise<void> {
    if ((await this.#idAt(host)) === this.#databaseId) return;
    throw new MirrorSqlError(
      'MSQL_STORE_SERVER',
      `${new URL(host).host} is another server than the hosts before it and does not share their data: name their cluster with --cluster, or give one host`,
    );
  }

  #idAt(host: string): Promise<string> {
    return this.#with(host, 'system', async (client) => (await this.#databaseAt(client)) ?? '');
  }

  async #databaseAt(client: ClickHouseClient): Promise<string | undefined> {
    const answer = await client.query({
      query: 'SELECT toString(uuid) AS id FROM system.databases WHERE name = {name:String}',
      query_params: { name: this.#address.database },
      format: 'JSONEachRow',
    });
    return (await answer.json<{ id: string }>())[0]?.id;
  }

  /** A user who may not create databases may use one that is there. */
  async #createDatabase(client: ClickHouseClient): Promise<void> {
    const { cluster, database } = this.#address;
    if (cluster === undefined && (await this.#databaseAt(client)) !== undefined) return;
    const statement = `CREATE DATABASE IF NOT EXISTS ${quotedName(database)} {on_cluster} ENGINE = Atomic`;
    try {
      await client.command({ query: statementFor(statement, cluster) });
    } catch (error) {
      if (!(error instanceof ClickHouseError)) throw error;
      if (cluster !== undefined && (await this.#databaseAt(client)) !== undefined) return;
      throw new MirrorSqlError(
        'MSQL_STORE_SERVER',
        `there is no database ${database} on the server, and it was not created: ${firstLine(error.message)}`,
        { cause: error },
      );
    }
  }

  async #with<T>(
    host: string,
    database: string,
    work: (client: ClickHouseClient) => Promise<T>,
  ): Promise<T> {
    const client = clientOf(this.#address, host, database);
    try {
      return await work(client);
    } finally {
      await client.close();
    }
  }
}

/** Writes to the replicas of one shard; which they are is asked before the first request. */
class ShardClient implements StoreClient {
  readonly #address: ServerAddress;
  readonly #client: HostsClient;
  readonly #collector: string;
  #replicas: HostsClient | undefined;

  constructor(address: ServerAddress, client: HostsClient, collector: string) {
    this.#address = address;
    this.#client = client;
    this.#collector = collector;
  }

  readonly query: StoreClient['query'] = async (parameters) =>
    (await this.ready()).query(parameters);

  readonly insert: StoreClient['insert'] = async (parameters) =>
    (await this.ready()).insert(parameters);

  readonly command: StoreClient['command'] = async (parameters) =>
    (await this.ready()).command(parameters);

  readonly exec: StoreClient['exec'] = async (parameters) => (await this.ready()).exec(parameters);

  async ready(): Promise<HostsClient> {
    if (this.#replicas !== undefined) return this.#replicas;
    const hosts = await shardHosts(this.#client, this.#address, this.#collector);
    const address = { ...this.#address, hosts };
    this.#replicas ??= new HostsClient(address, async (host) => {
      await examineHost(address, host);
    });
    return this.#replicas;
  }

  async close(): Promise<void> {
    await this.#replicas?.close();
  }
}

function firstLine(text: string): string {
  return (text.split('\n')[0] ?? '').slice(0, 300);
}

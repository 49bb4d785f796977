/**
 * Which hosts of a cluster take the segments of a collector. A collector has one shard: its sessions are merged there,
 * and a segment that is sent again must come to where it was sent before, or the token does not know it.
 */
import { createHash } from 'node:crypto';
import { MirrorSqlError } from '../../core/errors.ts';
import type { StoreClient } from '../connection.ts';
import type { ServerAddress } from './server-address.ts';

/** @throws MirrorSqlError MSQL_STORE_SERVER when the server knows no such cluster, and what the client throws */
export async function checkCluster(client: StoreClient, cluster: string): Promise<void> {
  const answer = await client.query({
    query: 'SELECT DISTINCT cluster AS name FROM system.clusters ORDER BY name ',
    format: 'JSONEachRow',
  });
  const names = (await answer.json<{ name: string }>()).map(({ name }) => name);
  if (names.includes(cluster)) return;
  const known = names.length === 0 ? 'none at all' : names.join(', ');
  throw new MirrorSqlError(
    'MSQL_STORE_SERVER',
    `the server knows no cluster ${cluster}; it knows ${known}`,
  );
}

interface Replica {
  readonly shard: number;
  readonly host: string;
}

/**
 * The replicas of the collector's shard, each http[s]://host:port with the port of the first host that was given:
 * the cluster itself knows only the ports of ClickHouse's own protocol.
 * @throws MirrorSqlError MSQL_STORE_SERVER when the server knows no such cluster, and what the client throws
 */
export async function shardHosts(
  client: StoreClient,
  address: ServerAddress,
  collector: string,
): Promise<string[]> {
  const cluster = address.cluster ?? '';
  const answer = await client.query({
    query: `SELECT toUInt32(shard_num) AS shard, host_name AS host FROM system.clusters
      WHERE cluster = {cluster:String} ORDER BY shard_num, replica_num`,
    query_params: { cluster },
    format: 'JSONEachRow',
  });
  const replicas = await answer.json<Replica>();
  const shards = [...new Set(replicas.map(({ shard }) => shard))];
  const shard = shards[shardIndex(collector, shards.length)];
  if (shard === undefined) {
    throw new MirrorSqlError('MSQL_STORE_SERVER', `the server knows no cluster ${cluster}`);
  }
  const { protocol, port } = new URL(address.hosts[0] ?? 'http://localhost:8123');
  const portPart = port === '' ? '' : `:${port}`;
  return replicas
    .filter((replica) => replica.shard === shard)
    .map(({ host }) => `${protocol}//${host.includes(':') ? `[${host}]` : host}${portPart}`);
}

/** The same for the same name, and spread evenly over names. */
export function shardIndex(collector: string, shardsCount: number): number {
  if (shardsCount === 0) return 0;
  return createHash('sha256').update(collector).digest().readUInt32BE(0) % shardsCount;
}

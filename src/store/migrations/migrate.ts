/** Brings a store to the schema of this program; refuses one that a newer program wrote. */
import type { ClickHouseSettings } from '@clickhouse/client';
import { MirrorSqlError } from '../../core/errors.ts';
import type { StoreClient } from '../connection.ts';
import { spine } from './001-spine.ts';
import { timedOnArrival } from './002-timed-on-arrival.ts';
import { collectors } from './003-collectors.ts';
import { inferred } from './004-inferred.ts';
import { encryptedSessions } from './005-encrypted-sessions.ts';
import { captureSeconds } from './006-capture-seconds.ts';
import { replication } from './007-replication.ts';
import { retention } from './008-retention.ts';
import { transactionTypes } from './009-transaction-types.ts';
import { errorDiagnosis } from './010-error-diagnosis.ts';
import { statesAndFindings } from './011-states-and-findings.ts';
import { lostPackets } from './012-lost-packets.ts';
import { values } from './013-values.ts';
import { refusedLogins } from './014-refused-logins.ts';
import { queryColumns } from './015-query-columns.ts';
import { leadingWildcards } from './016-leading-wildcards.ts';
import { stepTimes } from './017-step-times.ts';
import { repetitions } from './018-repetitions.ts';
import { durationMoments } from './019-duration-moments.ts';
import { timeIndexes } from './020-time-indexes.ts';
import { distributedStatements } from './distributed.ts';
import { type Migration, statementFor } from './migration.ts';

/** A host that is down must not keep the others waiting; it catches up from the queue of the cluster. */
export const CLUSTER_SETTINGS: ClickHouseSettings & Record<string, string> = {
  distributed_ddl_output_mode: 'none_only_active' as 'none', // The client's list of values is older than the server's.
};

/** In order of their versions. */
export const migrations: readonly Migration[] = [
  spine,
  timedOnArrival,
  collectors,
  inferred,
  encryptedSessions,
  captureSeconds,
  replication,
  retention,
  transactionTypes,
  errorDiagnosis,
  statesAndFindings,
  lostPackets,
  values,
  refusedLogins,
  queryColumns,
  leadingWildcards,
  stepTimes,
  repetitions,
  durationMoments,
  timeIndexes,
];

/**
 * Runs what is missing, in order, and returns the versions that it ran.
 * @throws MirrorSqlError MSQL_STORE_VERSION when the store knows a version that this program does not.
 */
export async function migrate(
  client: StoreClient,
  database: string,
  cluster: string | undefined,
  known: readonly Migration[] = migrations,
): Promise<number[]> {
  const createLedger = `CREATE TABLE IF NOT EXISTS schema_migrations{local} {on_cluster} (
  version UInt32, name String, applied_at DateTime('UTC') DEFAULT now()
) ENGINE = {replicated}ReplacingMergeTree ORDER BY version`;
  const run = (query: string): Promise<unknown> =>
    client.command({
      query,
      ...(cluster === undefined ? {} : { clickhouse_settings: CLUSTER_SETTINGS }),
    });
  await run(statementFor(createLedger, cluster));
  if (cluster !== undefined) {
    for (const query of distributedStatements(database, cluster, ['schema_migrations']))
      await run(query);
  }
  const answer = await client.query({
    query: 'SELECT DISTINCT version FROM schema_migrations',
    format: 'JSONEachRow',
  });
  const applied = new Set((await answer.json<{ version: number }>()).map((row) => row.version));
  const newest = Math.max(0, ...known.map((migration) => migration.version));
  const newer = [...applied].filter((version) => version > newest);
  if (newer.length > 0) {
    throw new MirrorSqlError(
      'MSQL_STORE_VERSION',
      `the store has schema version ${Math.max(...newer)}, this program knows versions up to ${newest}`,
    );
  }
  const ran: number[] = [];
  for (const migration of known) {
    if (applied.has(migration.version)) continue;
    for (const statement of migration.statements) {
      await run(statementFor(statement, cluster));
    }
    for (const table of migration.withoutTtl ?? []) {
      const name = cluster === undefined ? table : `${table}_local`;
      if (await hasTtl(client, database, name)) await run(removalOfTtl(table, cluster));
    }
    await client.insert({
      table: cluster === undefined ? 'schema_migrations' : 'schema_migrations_local',
      values: [{ version: migration.version, name: migration.name }],
      format: 'JSONEachRow',
    });
    ran.push(migration.version);
  }
  if (cluster !== undefined && ran.length > 0) {
    for (const query of distributedStatements(database, cluster)) await run(query);
  }
  return ran;
}

/** The statement that takes the TTL of a table away. */
export function removalOfTtl(table: string, cluster: string | undefined): string {
  return statementFor(`ALTER TABLE ${table}{local} {on_cluster} REMOVE TTL`, cluster);
}

async function hasTtl(client: StoreClient, database: string, name: string): Promise<boolean> {
  const answer = await client.query({
    query: `SELECT name FROM system.tables
      WHERE database = {database:String} AND name = {name:String} AND position(engine_full, ' TTL ') > 0`,
    query_params: { database, name },
    format: 'JSONEachRow',
  });
  return (await answer.json()).length > 0;
}

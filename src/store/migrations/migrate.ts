/** Brings a store to the schema of this program; refuses one that a newer program wrote. */
import type { ClickHouseClient } from '@clickhouse/client';
import { MirrorSqlError } from '../../core/errors.ts';
import { spine } from './001-spine.ts';
import { timedOnArrival } from './002-timed-on-arrival.ts';
import { collectors } from './003-collectors.ts';
import { type Migration, statementFor } from './migration.ts';

/** In order of their versions. */
export const migrations: readonly Migration[] = [spine, timedOnArrival, collectors];

/**
 * Runs what is missing, in order, and returns the versions that it ran.
 * @throws MirrorSqlError MSQL_STORE_VERSION when the store knows a version that this program does not.
 */
export async function migrate(
  client: ClickHouseClient,
  cluster: string | undefined,
  known: readonly Migration[] = migrations,
): Promise<number[]> {
  const createLedger = `CREATE TABLE IF NOT EXISTS schema_migrations{local} {on_cluster} (
  version UInt32, name String, applied_at DateTime('UTC') DEFAULT now()
) ENGINE = {replicated}ReplacingMergeTree ORDER BY version`;
  await client.command({ query: statementFor(createLedger, cluster) });
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
      await client.command({ query: statementFor(statement, cluster) });
    }
    await client.insert({
      table: 'schema_migrations',
      values: [{ version: migration.version, name: migration.name }],
      format: 'JSONEachRow',
    });
    ran.push(migration.version);
  }
  return ran;
}

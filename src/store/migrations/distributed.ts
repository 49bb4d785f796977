/** On a cluster: for each table that holds rows, the table that reads it on all shards. */
import { onCluster, quotedName } from './migration.ts';

/** Every table that is read. */
const READ_TABLES = [
  'activity_1s',
  'capture_1s',
  'captures',
  'class_1h',
  'class_1m',
  'classes',
  'dropped',
  'error_1m',
  'events',
  'failures',
  'findings',
  'repetition_1m',
  'replication',
  'schema_migrations',
  'segments',
  'session_events',
  'sessions',
  'states',
  'transaction_steps_1h',
  'transaction_type_1h',
  'transaction_types',
  'transactions',
  'value_1m',
] as const;

/**
 * Made anew after each migration, as a table does not follow the columns of the one that it reads; it holds no rows.
 * Without a sharding key, so that nothing can be inserted through it by mistake: such inserts wait in a queue of the
 * host, where tokens know nothing of them.
 */
export function distributedStatements(
  database: string,
  cluster: string,
  tables: readonly string[] = READ_TABLES,
): string[] {
  const quoted = (text: string): string => `'${text.replace(/['\\]/g, '\\$&')}'`;
  return tables.map((table) => {
    const local = `${table}_local`;
    const engine = `Distributed(${quoted(cluster)}, ${quoted(database)}, ${quoted(local)})`;
    return `CREATE OR REPLACE TABLE ${quotedName(table)} ${onCluster(cluster)} AS ${quotedName(local)} ENGINE = ${engine}`;
  });
}

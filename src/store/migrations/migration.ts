/** What a migration is: numbered, forward only, the same text for the embedded store, a server and a cluster. */
export interface Migration {
  readonly version: number;
  readonly name: string;
  /**
   * Statements in order, each harmless when it runs twice, because a crash may stop a migration half way.
   * Placeholders: {local} after the name of a table or view that holds or fills rows (on a cluster the name without it
   * reads all shards), {on_cluster} after the name of what is created or altered, {replicated} before an engine's name,
   * {window} for the setting that makes the table remember the tokens of past inserts.
   */
  readonly statements: readonly string[];
  /** Tables that lose the engine's own TTL, where they still have it: without one that cannot be taken away. */
  readonly withoutTtl?: readonly string[];
}

/**
 * Where replicas of one table meet in Keeper. The server fills in the macros. Not {uuid}: a replica that joins later
 * and is given the table anew would get a UUID of its own, and so a path of its own.
 */
const REPLICA = "'/clickhouse/tables/{shard}/{database}/{table}', '{replica}'";

const REPLICATED_ENGINE = /\{replicated\}(\w*MergeTree)(?:\(([^()]*)\))?/g;

/** The statement for one kind of store. A cluster's name comes from the user's own setting. */
export function statementFor(statement: string, cluster: string | undefined): string {
  if (cluster === undefined) {
    return statement
      .replaceAll(/\{(local|on_cluster|replicated)\}/g, '')
      .replaceAll('{window}', 'non_replicated_deduplication_window = 10000');
  }
  return statement
    .replaceAll('{local}', '_local')
    .replaceAll('{on_cluster}', onCluster(cluster))
    .replaceAll(
      REPLICATED_ENGINE,
      (_all, engine: string, version: string | undefined) =>
        `Replicated${engine}(${REPLICA}${version === undefined ? '' : `, ${version}`})`,
    )
    .replaceAll(
      '{window}',
      'replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 604800',
    );
}

/** A name as an identifier. */
export function quotedName(name: string): string {
  return `\`${name.replace(/[`\\]/g, '\\$&')}\``;
}

/** The clause that runs a statement on every host of the cluster. */
export function onCluster(cluster: string): string {
  return `ON CLUSTER '${cluster.replace(/['\\]/g, '\\$&')}'`;
}

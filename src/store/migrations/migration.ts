/** What a migration is: numbered, forward only, the same text for the embedded store, a server and a cluster. */
export interface Migration {
  readonly version: number;
  readonly name: string;
  /**
   * Statements in order, each harmless when it runs twice, because a crash may stop a migration half way.
   * Placeholders: {on_cluster} after the name of what is created, {replicated} before an engine's name,
   * {window} for the setting that makes the table remember the tokens of past inserts.
   */
  readonly statements: readonly string[];
}

/** The statement for one kind of store. A cluster's name comes from the user's own setting. */
export function statementFor(statement: string, cluster: string | undefined): string {
  const quoted = cluster?.replace(/['\\]/g, '\\$&');
  return statement
    .replaceAll('{on_cluster}', quoted === undefined ? '' : `ON CLUSTER '${quoted}'`)
    .replaceAll('{replicated}', quoted === undefined ? '' : 'Replicated')
    .replaceAll(
      '{window}',
      quoted === undefined
        ? 'non_replicated_deduplication_window = 10000'
        : 'replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 604800',
    );
}

/** `mirrorsql query`: one reading statement over the store. */
import { MirrorSqlError } from '../core/errors.ts';
import { type QueryFormat, runUserQuery } from '../store/query.ts';
import { openStore } from '../store/store.ts';
import { writeOutput } from './output.ts';
import { type StoreOptions, storeSettings } from './store-settings.ts';

const FORMATS: readonly QueryFormat[] = ['table', 'json', 'csv'];

/** @throws MirrorSqlError */
export async function runQuery(
  sql: string,
  options: StoreOptions & { readonly format?: string },
): Promise<void> {
  const name = options.format ?? 'table';
  const format = FORMATS.find((known) => known === name);
  if (format === undefined) {
    throw new MirrorSqlError('MSQL_CLI_USAGE', `--format takes table, json or csv, not ${name}`);
  }
  const store = await openStore(storeSettings(options), { existing: true });
  try {
    await writeOutput(await runUserQuery(store, sql, format));
  } finally {
    await store.close();
  }
}

/** `mirrorsql export`: the rows of a table and a window, as Parquet, CSV or NDJSON. */
import { MirrorSqlError } from '../core/errors.ts';
import { countText } from '../core/quantities.ts';
import { exportRows, type ExportFormat } from '../store/export.ts';
import { readExtent } from '../store/questions/window-facts.ts';
import { openStore } from '../store/store.ts';
import { STORED_TABLES } from '../store/tables/stored-tables.ts';
import { reportWindow } from './report-window.ts';
import { type StoreOptions, storeSettings } from './store-settings.ts';

export interface ExportOptions extends StoreOptions {
  readonly from?: string;
  readonly to?: string;
  readonly format?: string;
  readonly table?: string;
  /** '-' is standard output. */
  readonly output?: string;
}

/** All that is stored, unless asked otherwise: an export is not a look at what happened lately. */
const BEGINNING = '1970-01-01T00:00:00Z';

const FORMATS: readonly ExportFormat[] = ['parquet', 'csv', 'ndjson'];

/** @throws MirrorSqlError */
export async function runExport(options: ExportOptions): Promise<void> {
  const usage = (message: string): MirrorSqlError => new MirrorSqlError('MSQL_CLI_USAGE', message);
  const format = FORMATS.find((known) => known === (options.format ?? 'ndjson'));
  if (format === undefined) throw usage(`--format takes ${FORMATS.join(', ')}`);
  const table = STORED_TABLES.find(({ name }) => name === (options.table ?? 'events'));
  if (table === undefined) {
    throw usage(`--table takes ${STORED_TABLES.map(({ name }) => name).join(', ')}`);
  }
  const output = options.output ?? '-';
  if (output === '-' && format === 'parquet' && process.stdout.isTTY) {
    throw usage('Parquet is not for a terminal: give --output FILE');
  }
  const store = await openStore(storeSettings(options), { existing: true });
  try {
    const extent = await readExtent(store);
    if (extent === undefined) throw new MirrorSqlError('MSQL_STORE_EMPTY', 'the store is empty');
    const { from, to } = options;
    const window =
      from === undefined && to === undefined
        ? undefined
        : reportWindow({ from: from ?? BEGINNING, to }, extent);
    const target = output === '-' ? { stream: process.stdout } : output;
    const count = await exportRows(store, table, window, format, target);
    const where = output === '-' ? '' : ` to ${output}`;
    if (count === undefined) return;
    process.stderr.write(`exported ${countText(count)} rows of ${table.name}${where}\n`);
  } finally {
    await store.close();
  }
}

/** What `--retain` and `--disk-quota` say, and how what retention did is told. */
import { MirrorSqlError } from '../core/errors.ts';
import { countText } from '../core/quantities.ts';
import type { RetentionOutcome, RetentionPolicy } from '../store/retention.ts';
import { STORED_TABLES, type StoredTableName } from '../store/tables/stored-tables.ts';
import { sizeOption } from './size-option.ts';

export interface RetentionOptions {
  /** Each `table=7d`, or several with commas between. */
  readonly retain?: readonly string[];
  readonly diskQuota?: string;
}

/** Tables whose rows go by day. */
export const RETAINED_TABLES: readonly StoredTableName[] = STORED_TABLES.filter(
  ({ retainDays }) => retainDays !== undefined,
).map(({ name }) => name);

export const RETAIN_PATTERN = '^([1-9]\\d{0,4}d|forever)$';

/** @throws MirrorSqlError MSQL_CLI_USAGE */
export function retentionPolicy({ retain = [], diskQuota }: RetentionOptions): RetentionPolicy {
  const days: Partial<Record<StoredTableName, number | null>> = {};
  for (const part of retain.flatMap((text) => text.split(','))) {
    const [name, length = ''] = part.trim().split('=');
    const table = RETAINED_TABLES.find((known) => known === name);
    if (table === undefined || !new RegExp(RETAIN_PATTERN).test(length)) {
      throw new MirrorSqlError(
        'MSQL_CLI_USAGE',
        `--retain ${part} is not understood: give a table (${RETAINED_TABLES.join(', ')}) and its days, such as events=7d or events=forever`,
      );
    }
    days[table] = length === 'forever' ? null : Number(length.slice(0, -1));
  }
  return {
    days,
    quotaBytes: diskQuota === undefined ? undefined : sizeOption('--disk-quota', diskQuota),
  };
}

/** Lines for standard error; empty when there is nothing to say. */
export function retentionText({ dropped, beyondQuotaBytes }: RetentionOutcome): string {
  const lines = dropped.map(
    ({ table, storedOn, reason, rows }) =>
      `dropped ${countText(rows)} rows of ${table}, stored on ${storedOn} (${reason === 'age' ? 'too old' : 'over the disk quota'})`,
  );
  if (beyondQuotaBytes > 0) {
    lines.push(
      `the store is ${(beyondQuotaBytes / 1e6).toFixed(1)} MB over its disk quota; what was stored today is not dropped`,
    );
  }
  return lines.map((line) => `${line}\n`).join('');
}

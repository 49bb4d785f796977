/** `--seen-by`: of which collector a report is. */
import { MirrorSqlError } from '../core/errors.ts';
import type { Scope } from '../events/facts.ts';
import { readCollectorNames } from '../store/questions/collector-names.ts';
import type { Store } from '../store/store.ts';

/**
 * All collectors, or the one of that name.
 * @throws MirrorSqlError MSQL_CLI_USAGE when nothing was stored under it: a name that is misspelt saw nothing, and a report
 * of nothing looks like a night without traffic
 */
export async function scopeOf(store: Store, seenBy: string | undefined): Promise<Scope> {
  if (seenBy === undefined) return {};
  const names = await readCollectorNames(store);
  if (names.includes(seenBy)) return { collector: seenBy };
  throw new MirrorSqlError(
    'MSQL_CLI_USAGE',
    `no collector ${seenBy} has stored anything here: --seen-by takes ${names.join(' or ')}`,
  );
}

/** Writes states and findings; what is told again replaces what was told before. */
import type { Evidence } from '../events/health.ts';
import type { StoredFinding, StoredState } from '../events/judgement.ts';
import { decimalSeconds } from './captures.ts';
import type { Store } from './store.ts';
import { storeError } from './store-error.ts';

/** @throws MirrorSqlError */
export async function storeStates(store: Store, states: readonly StoredState[]): Promise<void> {
  await insert(
    store,
    'states',
    states.map(({ sinceUs, untilUs, evidence, ...state }) => ({
      ...state,
      since_ts: decimalSeconds(Math.round(sinceUs)),
      until_ts: decimalSeconds(Math.round(untilUs)),
      evidence: evidence.map(evidenceRow),
    })),
  );
}

/** @param sentence writes a summary as text @throws MirrorSqlError */
export async function storeFindings(
  store: Store,
  findings: readonly StoredFinding[],
  sentence: (summary: StoredFinding['summary']) => string,
): Promise<void> {
  await insert(
    store,
    'findings',
    findings.map(({ sinceUs, untilUs, seenUs, summary, evidence, ...finding }) => ({
      ...finding,
      node: finding.node ?? '',
      role: finding.role ?? '',
      since_ts: decimalSeconds(Math.round(sinceUs)),
      until_ts: untilUs === null ? null : decimalSeconds(Math.round(untilUs)),
      seen_ts: decimalSeconds(Math.round(seenUs)),
      says: sentence(summary),
      summary: JSON.stringify(summary),
      evidence: evidence.map(evidenceRow),
    })),
  );
}

/** JSON has no infinity; a number that is none is told as the greatest there is. */
function evidenceRow({ name, value, unit, threshold }: Evidence) {
  return {
    name,
    value: finite(value),
    unit,
    threshold: threshold === null ? null : finite(threshold),
  };
}

function finite(value: number): number {
  if (Number.isFinite(value)) return value;
  return value < 0 ? -Number.MAX_VALUE : Number.MAX_VALUE;
}

async function insert(store: Store, table: string, rows: readonly object[]): Promise<void> {
  if (rows.length === 0) return;
  const stored_at = Math.floor(Date.now() / 1000);
  try {
    await store.writer.insert({
      table: store.holding(table),
      values: rows.map((row) => ({ ...row, stored_at })),
      format: 'JSONEachRow',
    });
  } catch (error) {
    throw storeError(error);
  }
}

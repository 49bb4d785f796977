/** States and findings as they were stored while analysis watched. */
import type { Window } from '../../events/facts.ts';
import type { Evidence } from '../../events/health.ts';
import type { StoredFinding, StoredState } from '../../events/judgement.ts';
import type { Store } from '../store.ts';
import { ask, known, OF_COLLECTOR, type Parameters, us } from './ask.ts';

/** More than anybody reads; the latest are taken. */
const ROWS_MAX = 5_000;

type Row<T> = { readonly [Key in keyof T]: T[Key] };

const IN_WINDOW = (since: string, until: string): string =>
  `${us(since)} < {toUs:Int64} AND ${us(until)} >= {fromUs:Int64} AND ${OF_COLLECTOR}`;

/** In order of time: those that touch the window. @throws MirrorSqlError */
export async function readStoredStates(
  store: Store,
  window: Window,
  collector = '',
): Promise<StoredState[]> {
  const rows = await ask<Row<StoredState>>(
    store,
    `SELECT * FROM (
      SELECT node, role, state, ${us('since_ts')} AS sinceUs, ${us('until_ts')} AS untilUs, ended, learning,
        evidence, collector
      FROM states FINAL WHERE ${IN_WINDOW('since_ts', 'until_ts')}
      ORDER BY since_ts DESC LIMIT ${ROWS_MAX}) ORDER BY sinceUs, role DESC, node`,
    parametersFor(window, collector),
  );
  return rows.map((row) => ({ ...row, evidence: row.evidence.map(plainEvidence) }));
}

/** The newest of each node of a collector. @throws MirrorSqlError */
export async function readNewestStates(store: Store, collector: string): Promise<StoredState[]> {
  const rows = await ask<Row<StoredState>>(
    store,
    `SELECT node, role, state, ${us('since_ts')} AS sinceUs, ${us('until_ts')} AS untilUs, ended, learning,
      evidence, collector
    FROM states FINAL WHERE collector = {collector:String}
    ORDER BY since_ts DESC LIMIT 1 BY role, node LIMIT ${ROWS_MAX}`,
    { collector },
  );
  return rows.map((row) => ({ ...row, evidence: row.evidence.map(plainEvidence) }));
}

interface FindingRow extends Omit<StoredFinding, 'summary' | 'node' | 'role'> {
  readonly summary: string;
  readonly node: string;
  readonly role: string;
}

/** In order of time: those that touch the window. @throws MirrorSqlError */
export async function readStoredFindings(
  store: Store,
  window: Window,
  collector = '',
): Promise<StoredFinding[]> {
  const rows = await ask<FindingRow>(
    store,
    `SELECT * FROM (
      SELECT key, kind, ledger, toString(severity) AS severity, node, role, ${us('since_ts')} AS sinceUs,
        toUnixTimestamp64Micro(until_ts) AS untilUs, ${us('seen_ts')} AS seenUs, summary, advice, evidence,
        fingerprints, sessions, sqlstates, collector
      FROM findings FINAL WHERE ${IN_WINDOW('since_ts', 'ifNull(until_ts, seen_ts)')}
      ORDER BY since_ts DESC LIMIT ${ROWS_MAX}) ORDER BY sinceUs, key`,
    parametersFor(window, collector),
  );
  return rows.map((row) => ({
    ...row,
    node: known(row.node),
    role: row.role === 'client' || row.role === 'server' ? row.role : null,
    summary: JSON.parse(row.summary) as StoredFinding['summary'], // We alone write it.
    evidence: row.evidence.map(plainEvidence),
  }));
}

function parametersFor({ fromUs, toUs }: Window, collector: string): Parameters {
  return { fromUs: Math.round(fromUs), toUs: Math.round(toUs), collector };
}

function plainEvidence({ name, value, unit, threshold }: Evidence): Evidence {
  return { name, value, unit, threshold };
}

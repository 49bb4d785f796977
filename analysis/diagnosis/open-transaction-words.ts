/** What all findings of open transactions say of one: who it is of, how old it is, how long it has rested. */
import type { Evidence } from '../../src/events/health.ts';
import type {
  OpenTransactionFacts,
  OpenTransactionRow,
} from '../../src/events/open-transactions.ts';
import { type HighlightPart, nodePart, textPart } from '../../src/events/sentence.ts';
import { evidence } from '../evidence.ts';

/** Classes, sessions and codes that a finding names. */
export const NAMED_MAX = 10;

type Rests = Pick<
  OpenTransactionFacts,
  'working' | 'lastAnswerUs' | 'lastStatementUs' | 'sinceUs' | 'endAskedUs' | 'asOfUs'
>;

/** For how long nothing was asked, also before its COMMIT was; 0 where something was, or where that is not known. */
export function idleUs(row: Rests): number {
  if (row.working !== false) return 0;
  const restsUs = row.lastAnswerUs ?? row.lastStatementUs ?? row.sinceUs;
  return Math.max(0, (row.endAskedUs ?? row.asOfUs) - restsUs);
}

/** It waited for nothing itself for half of its time: whatever keeps a server from answering is not why it stood open. */
export function rested(row: Rests): boolean {
  return idleUs(row) >= (row.asOfUs - row.sinceUs) / 2;
}

/** Of a channel as it is written: ` (erp)`, behind where it comes from; '' where neither is known. */
export function nameOf({
  application,
  user,
}: Pick<OpenTransactionRow, 'application' | 'user'>): string {
  const name = application ?? user;
  return name === null ? '' : ` (${name})`;
}

export function who(row: OpenTransactionRow): HighlightPart[] {
  return [nodePart(`${row.client}:${String(row.clientPort)}`), textPart(nameOf(row))];
}

export function common(row: OpenTransactionRow) {
  const open = row.endUs === null || row.endUs > row.asOfUs;
  return {
    node: row.server,
    role: 'server' as const,
    sinceUs: row.sinceUs,
    untilUs: open ? null : row.endUs,
    sqlstates: [],
  };
}

export function ageEvidence(row: OpenTransactionRow): Evidence[] {
  return [
    evidence('open for', row.ageUs, 'us', row.thresholdUs),
    evidence('rows changed', row.rowsAffected, 'count'),
    evidence('statements', row.statements, 'count'),
  ];
}

export function fingerprintsOf(row: OpenTransactionRow): string[] {
  return row.lastFingerprint === null ? [] : [row.lastFingerprint];
}

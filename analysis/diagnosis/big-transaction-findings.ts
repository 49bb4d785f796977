/** D4 as findings: classes that are often big and were not before, and transactions that became big. */
import {
  BIG,
  type BigClassRow,
  type BigTransactions,
  type BigTypeRow,
} from '../../src/events/big-transactions.ts';
import type { Finding } from '../../src/events/finding.ts';
import { defaultBigTransactionsSettings } from './big-transactions.ts';
import {
  countedParts,
  countPart,
  nodePart,
  sharePart,
  statementPart,
  textPart,
} from '../../src/events/sentence.ts';
import { evidence } from '../evidence.ts';

/** As a nightly batch is big each night: told as something new only when its executions change so many times more rows. */
const GROWTH_LEAST = 3;

export function bigTransactionFindings(
  { classes, types }: BigTransactions,
  window: { readonly fromUs: number; readonly toUs: number },
  alertShare = defaultBigTransactionsSettings.alertShare,
): Finding[] {
  return [
    ...classes.filter(({ alert }) => alert).map((row) => classFinding(row, window, alertShare)),
    ...types
      .filter(({ bigRowsCount, manyStatementsCount }) => bigRowsCount + manyStatementsCount > 0)
      .map((row) => typeFinding(row, window)),
  ];
}

/** The class did change rows before, as many at a time. */
function usual({ rowsMeanBefore, rowsAffected, executions }: BigClassRow): boolean {
  return rowsMeanBefore !== null && rowsAffected / executions < GROWTH_LEAST * rowsMeanBefore;
}

function classFinding(
  row: BigClassRow,
  window: { readonly fromUs: number; readonly toUs: number },
  alertShare: number,
): Finding {
  const names = row.types.slice(0, 3).map((type) => type.text);
  return {
    key: `big-transactions/class ${row.server} ${row.fingerprint}`,
    kind: 'big-transactions/class',
    ledger: 'D4',
    severity: usual(row) ? 'info' : 'notice',
    node: row.server,
    role: 'server',
    sinceUs: window.fromUs,
    untilUs: window.toUs,
    summary: [
      nodePart(row.server),
      textPart(': '),
      sharePart(row.bigShare),
      textPart(' of the executions of '),
      statementPart(row.text, row.fingerprint),
      textPart(' changed more than '),
      countPart(row.rowsThreshold),
      textPart(' rows'),
      textPart(
        names.length === 0
          ? '.'
          : `; ${names.length === 1 ? 'a type' : 'types'} of transactions with it: ${names.join(' · ')}.`,
      ),
    ],
    advice:
      'Change the rows in portions with a COMMIT after each, or see which value made the condition so wide.',
    evidence: [
      evidence('share, at least', row.bigShareLeast, 'share', alertShare),
      evidence('big executions', row.bigCount, 'count'),
      evidence('executions', row.executions, 'count'),
      evidence('rows of the largest', row.rowsAffectedMax, 'count', row.rowsThreshold),
      ...(row.rowsMeanBefore === null
        ? []
        : [evidence('rows of one in the week before, mean', row.rowsMeanBefore, 'count')]),
    ],
    fingerprints: [row.fingerprint],
    sessions: [],
    sqlstates: [],
  };
}

function typeFinding(
  row: BigTypeRow,
  window: { readonly fromUs: number; readonly toUs: number },
): Finding {
  const byRows = row.bigRowsCount > 0;
  const count = byRows ? row.bigRowsCount : row.manyStatementsCount;
  return {
    key: `big-transactions/type ${row.server} ${row.type}`,
    kind: 'big-transactions/type',
    ledger: 'D4',
    severity: row.bigRowsBefore > 0 || !byRows ? 'info' : 'notice',
    node: row.server,
    role: 'server',
    sinceUs: Math.max(row.largestUs, window.fromUs),
    untilUs: window.toUs,
    summary: [
      nodePart(row.server),
      textPart(': '),
      ...countedParts(count, ' transaction of the type ', ' transactions of the type '),
      textPart(row.text),
      textPart(
        byRows
          ? ' changed up to '
          : ` ran more than ${BIG.statements} statements and changed up to `,
      ),
      countPart(row.rowsAffectedMax),
      textPart(' rows.'),
    ],
    advice: byRows
      ? 'See whether it can commit in portions: until it ends its rows are locked, and replicas apply it as one.'
      : 'See whether its loop can be one statement over a set.',
    evidence: [
      evidence('rows of the largest', row.rowsAffectedMax, 'count', row.rowsThreshold),
      evidence('transactions of the type', row.transactions, 'count'),
      evidence('share of all rows changed', row.shareOfRows, 'share'),
      evidence('big in the week before', row.bigRowsBefore, 'count'),
    ],
    fingerprints: [],
    sessions: [row.sessionId],
    sqlstates: [],
  };
}

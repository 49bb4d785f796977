/** D3: transactions that others waited for, or gave up waiting for. */
import type { Finding, FindingSeverity } from '../../src/events/finding.ts';
import type { Evidence } from '../../src/events/health.ts';
import type { OpenTransactionRow } from '../../src/events/open-transactions.ts';
import {
  countedParts,
  countPart,
  durationPart,
  type HighlightPart,
  nodePart,
  textPart,
} from '../../src/events/sentence.ts';
import { evidence } from '../evidence.ts';
import { grouped, sumOf } from '../share.ts';
import type { OpenTransactionFindingSettings } from './open-transaction-settings.ts';
import {
  ageEvidence,
  common,
  fingerprintsOf,
  NAMED_MAX,
  nameOf,
  who,
} from './open-transaction-words.ts';
import { COMMIT_ADVICE } from './slow-commit.ts';

/** Of those that wait; more are no help in a sentence. */
const HOSTS_MAX = 2;

export const isWaitedFor = ({ waitingCount, gaveUpCount }: OpenTransactionRow) =>
  waitingCount + gaveUpCount > 0;

/** @param holding those that others waited for */
export function blockingFindings(
  holding: readonly OpenTransactionRow[],
  settings: OpenTransactionFindingSettings,
): Finding[] {
  const first = holding.filter((row) => !holding.some((other) => waitsFor(row, other)));
  const byClient = grouped(first.filter(isOver), ({ server, client }) => `${client} ${server}`);
  const repeated = [...byClient.values()].filter((rows) => rows.length >= settings.manyLeast);
  const single = first.filter((row) => !repeated.some((rows) => rows.includes(row)));
  return [
    ...single.map((row) => blockingFinding(row, settings)),
    ...repeated.map((rows) => repeatedFinding(rows, settings)),
  ];
}

const isOver = (row: OpenTransactionRow) => common(row).untilUs !== null;

/**
 * It may wait itself for one that was open before it: then it suffers, and who waits for it waits for the other. Locks are
 * guessed by tables, so of ten that wait in one queue each would be told as the cause of those behind it.
 */
function waitsFor(row: OpenTransactionRow, other: OpenTransactionRow): boolean {
  return (
    other.sinceUs < row.sinceUs &&
    other.server === row.server &&
    other.waiting.some(({ sessionId }) => sessionId === row.sessionId)
  );
}

/** How long its COMMIT or ROLLBACK took, which others then waited for. */
function endingUs({ endAskedUs, asOfUs }: OpenTransactionRow): number {
  return endAskedUs === null ? 0 : asOfUs - endAskedUs;
}

function blockingFinding(
  row: OpenTransactionRow,
  settings: OpenTransactionFindingSettings,
): Finding {
  const { waitingCount, gaveUpCount } = row;
  const over = isOver(row);
  const bad = isBad([row], settings);
  const severity: FindingSeverity = over
    ? bad
      ? 'warning'
      : 'notice'
    : bad
      ? 'critical'
      : 'warning';
  const ends = endingUs(row) >= settings.endingLeastUs;
  const idle = row.working === false && !ends;
  return {
    ...common(row),
    key: `open-transactions/blocking session ${row.sessionId} ${String(row.sinceUs)}`,
    kind: 'open-transactions/blocking',
    ledger: 'D3',
    severity,
    summary: [
      ...waitedParts(row),
      textPart(waitingCount > 0 && gaveUpCount > 0 ? ', and ' : ''),
      ...gaveUpParts(row),
      textPart(' on the tables of a transaction that '),
      ...who(row),
      textPart(over ? ' had open for ' : ' has open for '),
      durationPart(row.ageUs),
      ...(ends
        ? [textPart(', of which its end (COMMIT or ROLLBACK) took '), durationPart(endingUs(row))]
        : []),
      textPart(idle ? ', idle at that moment.' : '.'),
    ],
    advice: ends
      ? COMMIT_ADVICE
      : idle
        ? 'Let the application commit or roll back before it does anything else; end its session when it does not.'
        : 'See what this transaction does between its statements, and whether it can change these rows last.',
    evidence: [...waitEvidence([row], settings), ...ageEvidence(row)],
    ...concerned([row]),
  };
}

/** Of one client and over, so many that each by itself would be read as the one before. */
function repeatedFinding(
  rows: readonly OpenTransactionRow[],
  settings: OpenTransactionFindingSettings,
): Finding {
  const [first] = rows as [OpenTransactionRow];
  const { server, client } = first;
  const longestAgeUs = Math.max(...rows.map(({ ageUs }) => ageUs));
  const gaveUpCount = sumOf(rows, (row) => row.gaveUpCount);
  return {
    key: `open-transactions/blocking client ${client} server ${server}`,
    kind: 'open-transactions/blocking',
    ledger: 'D3',
    severity: isBad(rows, settings) ? 'warning' : 'notice',
    node: server,
    role: 'server',
    sinceUs: Math.min(...rows.map(({ sinceUs }) => sinceUs)),
    untilUs: Math.max(...rows.map(({ endUs, asOfUs }) => endUs ?? asOfUs)),
    summary: [
      countPart(rows.length),
      textPart(' transactions that '),
      nodePart(client),
      textPart(`${nameOf(first)} had open for up to `),
      durationPart(longestAgeUs),
      textPart(' kept others waiting for up to '),
      durationPart(longestWaitUs(rows)),
      ...(gaveUpCount === 0
        ? [textPart('.')]
        : [
            textPart('; '),
            ...countedParts(gaveUpCount, ' statement', ' statements'),
            textPart(' failed.'),
          ]),
    ],
    advice:
      'See what these transactions do between their statements, and whether they can commit more often.',
    evidence: [
      evidence('transactions', rows.length, 'count', settings.manyLeast),
      ...waitEvidence(rows, settings),
      evidence('longest open for', longestAgeUs, 'us'),
    ],
    ...concerned(rows),
  };
}

function isBad(
  rows: readonly OpenTransactionRow[],
  { waitCriticalUs, waitingCritical }: OpenTransactionFindingSettings,
): boolean {
  const count = sumOf(rows, ({ waitingCount, gaveUpCount }) => waitingCount + gaveUpCount);
  return longestWaitUs(rows) >= waitCriticalUs || count >= waitingCritical;
}

function waitEvidence(
  rows: readonly OpenTransactionRow[],
  { waitCriticalUs, waitingCritical }: OpenTransactionFindingSettings,
): Evidence[] {
  const gaveUpCount = sumOf(rows, (row) => row.gaveUpCount);
  const waitingCount = sumOf(rows, (row) => row.waitingCount);
  return [
    evidence('longest wait', longestWaitUs(rows), 'us', waitCriticalUs),
    ...(gaveUpCount === 0
      ? []
      : [evidence('statements that gave up', gaveUpCount, 'count', waitingCritical)]),
    ...(waitingCount === 0
      ? []
      : [evidence('channels waiting', waitingCount, 'count', waitingCritical)]),
  ];
}

/** Codes, classes and sessions, of who was waited for first. */
function concerned(
  rows: readonly OpenTransactionRow[],
): Pick<Finding, 'sqlstates' | 'fingerprints' | 'sessions'> {
  const waiting = rows.flatMap((row) => row.waiting);
  const gaveUp = rows.flatMap((row) => row.gaveUp);
  const first = <Value>(values: readonly Value[]): Value[] =>
    [...new Set(values)].slice(0, NAMED_MAX);
  return {
    sqlstates: first(gaveUp.map(({ sqlstate }) => sqlstate)),
    fingerprints: first([
      ...rows.flatMap(fingerprintsOf),
      ...[...waiting, ...gaveUp].map(({ fingerprint }) => fingerprint),
    ]),
    sessions: first([...rows, ...waiting].map(({ sessionId }) => sessionId)),
  };
}

function longestWaitUs(rows: readonly OpenTransactionRow[]): number {
  return Math.max(...rows.flatMap((row) => [waitedUs(row), gaveUpAfterUs(row)]));
}

/** How long the one has waited that waits longest; 0 where nobody does. */
function waitedUs({ asOfUs, waiting }: OpenTransactionRow): number {
  return Math.max(0, ...waiting.map(({ sinceUs }) => asOfUs - sinceUs));
}

/** The longest wait of those that gave up; 0 where nobody did. */
function gaveUpAfterUs({ gaveUp }: OpenTransactionRow): number {
  return Math.max(0, ...gaveUp.map(({ longestUs }) => longestUs));
}

function waitedParts(row: OpenTransactionRow): HighlightPart[] {
  const { waiting, waitingCount } = row;
  if (waitingCount === 0) return [];
  return [
    ...countedParts(waitingCount, ' channel', ' channels'),
    ...(waiting.length < waitingCount ? [] : hostsOf(waiting)),
    textPart(' waited up to '),
    durationPart(waitedUs(row)),
  ];
}

function gaveUpParts(row: OpenTransactionRow): HighlightPart[] {
  const { gaveUp, gaveUpCount } = row;
  if (gaveUpCount === 0) return [];
  return [
    ...countedParts(gaveUpCount, ' statement', ' statements'),
    ...hostsOf(gaveUp),
    textPart(' failed after waiting up to '),
    durationPart(gaveUpAfterUs(row)),
  ];
}

/** Where they are few. */
function hostsOf(those: readonly { readonly client: string }[]): HighlightPart[] {
  const hosts = [...new Set(those.map(({ client }) => client))];
  if (hosts.length > HOSTS_MAX) return [];
  return hosts.flatMap((host, at) => [textPart(at === 0 ? ' of ' : ' and '), nodePart(host)]);
}

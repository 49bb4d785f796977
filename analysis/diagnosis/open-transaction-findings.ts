/** D3 and P7 as findings: who blocks others, who stands open and does nothing, and how many do. */
import type { Finding, FindingSeverity } from '../../src/events/finding.ts';
import type { Evidence } from '../../src/events/health.ts';
import type { OpenTransactionRow, OpenTransactions } from '../../src/events/open-transactions.ts';
import { SECOND_US } from '../../src/core/time.ts';
import {
  type HighlightPart,
  textPart,
  countedParts,
  countPart,
  sharePart,
  durationPart,
  nodePart,
} from '../../src/events/sentence.ts';
import { evidence } from '../evidence.ts';
import { COMMIT_ADVICE } from './slow-commit.ts';

export interface OpenTransactionFindingSettings {
  /** Nothing was asked for so long: less may be a client that computes between two statements. */
  readonly idleLeastUs: number;
  /** From then on changes that are not committed are worth a warning: replicas and vacuum feel them. */
  readonly idleWarningUs: number;
  /** A wait that callers give up at, or as many that wait or have given up: critical while it lasts. */
  readonly waitCriticalUs: number;
  readonly waitingCritical: number;
  /** A COMMIT that takes so long is what keeps others waiting, and not what was before it. */
  readonly endingLeastUs: number;
  /** So many idle ones at once are told in one finding: a leak, not a forgotten terminal. */
  readonly manyLeast: number;
  /** D4: told when becoming big is as probable as this, and not certain already. */
  readonly bigProbabilityLeast: number;
}

export const defaultOpenTransactionFindingSettings: OpenTransactionFindingSettings = {
  idleLeastUs: 30 * SECOND_US,
  idleWarningUs: 300 * SECOND_US,
  waitCriticalUs: 30 * SECOND_US,
  waitingCritical: 3,
  endingLeastUs: SECOND_US,
  manyLeast: 5,
  bigProbabilityLeast: 0.8,
};

const NAMED_MAX = 10;
/** Of those that wait; more are no help in a sentence. */
const HOSTS_MAX = 2;

export function openTransactionFindings(
  { open, ended, asOfUs }: OpenTransactions,
  settings: OpenTransactionFindingSettings = defaultOpenTransactionFindingSettings,
): Finding[] {
  // Where bytes were lost, the end may be among them.
  const seen = open.filter(({ torn }) => !torn);
  const holding = [...seen, ...ended.filter(({ torn }) => !torn)].filter(
    ({ waitingCount, gaveUpCount }) => waitingCount + gaveUpCount > 0,
  );
  const blocking = holding.filter((row) => !holding.some((other) => waitsFor(row, other)));
  const idle = seen.filter((row) => row.long && idleUs(row) >= settings.idleLeastUs);
  const quiet = idle.filter((row) => !holding.includes(row));
  const endedIdle = ended.filter(
    (row) => row.long && !row.torn && !holding.includes(row) && idleUs(row) >= row.ageUs / 2,
  );
  return [
    ...blocking.map((row) => blockingFinding(row, settings)),
    ...(idle.length >= settings.manyLeast
      ? [manyFinding(idle, asOfUs)]
      : quiet.map((row) => idleFinding(row, settings))),
    ...endedIdle.map((row) => idleFinding(row, settings)),
    ...seen
      .filter((row) => willBeBig(row, settings))
      .map((row) => bigFinding(row, settings.bigProbabilityLeast)),
  ];
}

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

/** For how long nothing was asked, also before its COMMIT was; 0 where something was, or where that is not known. */
function idleUs(row: OpenTransactionRow): number {
  if (row.working !== false) return 0;
  const restsUs = row.lastAnswerUs ?? row.lastStatementUs ?? row.sinceUs;
  return Math.max(0, (row.endAskedUs ?? row.asOfUs) - restsUs);
}

/** How long its COMMIT or ROLLBACK took, which others then waited for. */
function endingUs({ endAskedUs, asOfUs }: OpenTransactionRow): number {
  return endAskedUs === null ? 0 : asOfUs - endAskedUs;
}

function who(row: OpenTransactionRow): HighlightPart[] {
  const name = row.application ?? row.user;
  return [
    nodePart(`${row.client}:${String(row.clientPort)}`),
    textPart(name === null ? '' : ` (${name})`),
  ];
}

function common(row: OpenTransactionRow) {
  const open = row.endUs === null || row.endUs > row.asOfUs;
  return {
    node: row.server,
    role: 'server' as const,
    sinceUs: row.sinceUs,
    untilUs: open ? null : row.endUs,
    sqlstates: [],
  };
}

function ageEvidence(row: OpenTransactionRow): Evidence[] {
  return [
    evidence('open for', row.ageUs, 'us', row.thresholdUs),
    evidence('rows changed', row.rowsAffected, 'count'),
    evidence('statements', row.statements, 'count'),
  ];
}

function fingerprintsOf(row: OpenTransactionRow): string[] {
  return row.lastFingerprint === null ? [] : [row.lastFingerprint];
}

function blockingFinding(
  row: OpenTransactionRow,
  settings: OpenTransactionFindingSettings,
): Finding {
  const { waitCriticalUs, waitingCritical } = settings;
  const { waitingCount, gaveUpCount } = row;
  const longestUs = Math.max(waitedUs(row), gaveUpAfterUs(row));
  const over = common(row).untilUs !== null;
  const bad = longestUs >= waitCriticalUs || waitingCount + gaveUpCount >= waitingCritical;
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
    evidence: [
      evidence('longest wait', longestUs, 'us', waitCriticalUs),
      ...(gaveUpCount === 0
        ? []
        : [evidence('statements that gave up', gaveUpCount, 'count', waitingCritical)]),
      ...(waitingCount === 0
        ? []
        : [evidence('channels waiting', waitingCount, 'count', waitingCritical)]),
      ...ageEvidence(row),
    ],
    sqlstates: [...new Set(row.gaveUp.map(({ sqlstate }) => sqlstate))].slice(0, NAMED_MAX),
    fingerprints: [
      ...new Set([
        ...fingerprintsOf(row),
        ...[...row.waiting, ...row.gaveUp].map(({ fingerprint }) => fingerprint),
      ]),
    ].slice(0, NAMED_MAX),
    sessions: [...new Set([row.sessionId, ...row.waiting.map(({ sessionId }) => sessionId)])].slice(
      0,
      NAMED_MAX,
    ),
  };
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

const rowsParts = ({ rowsAffected }: OpenTransactionRow) =>
  countedParts(rowsAffected, ' row', ' rows');

function idleFinding(
  row: OpenTransactionRow,
  { idleLeastUs, idleWarningUs }: OpenTransactionFindingSettings,
): Finding {
  const over = common(row).untilUs !== null;
  const changed = row.rowsAffected > 0;
  const warns = !over && changed && row.ageUs >= idleWarningUs;
  return {
    ...common(row),
    key: `open-transactions/idle session ${row.sessionId} ${String(row.sinceUs)}`,
    kind: 'open-transactions/idle',
    ledger: 'D3',
    severity: warns ? 'warning' : over ? 'info' : 'notice',
    summary: [
      ...who(row),
      textPart(over ? ' had a transaction open for ' : ' has a transaction open for '),
      durationPart(row.ageUs),
      textPart(over ? ' and asked nothing for ' : ' and has asked nothing for '),
      durationPart(idleUs(row)),
      ...(changed
        ? [textPart(', with '), ...rowsParts(row), textPart(' changed.')]
        : [textPart('.')]),
    ],
    advice: changed
      ? 'See what the application does between its last statement and its COMMIT; its rows stay locked until then.'
      : 'It changed nothing, but as long as it is open the database keeps old rows for it.',
    evidence: [evidence('idle for', idleUs(row), 'us', idleLeastUs), ...ageEvidence(row)],
    fingerprints: fingerprintsOf(row),
    sessions: [row.sessionId],
  };
}

function manyFinding(idle: readonly OpenTransactionRow[], asOfUs: number): Finding {
  const oldestUs = Math.min(...idle.map(({ sinceUs }) => sinceUs));
  const servers = [...new Set(idle.map(({ server }) => server))];
  const [server] = servers;
  const one = servers.length === 1 && server !== undefined;
  return {
    key: `open-transactions/many ${one ? `server ${server}` : 'servers'}`,
    kind: 'open-transactions/many',
    ledger: 'P7',
    severity: 'warning',
    node: one ? server : null,
    role: one ? 'server' : null,
    sinceUs: oldestUs,
    untilUs: null,
    summary: [
      countPart(idle.length),
      textPart(' transactions stand open and ask nothing, the oldest for '),
      durationPart(asOfUs - oldestUs),
      textPart('.'),
    ],
    advice:
      'Look for a way through the application on which a transaction is neither committed nor rolled back.',
    evidence: [
      evidence('idle transactions', idle.length, 'count'),
      evidence('oldest', asOfUs - oldestUs, 'us'),
      {
        name: 'rows changed',
        value: idle.reduce((sum, { rowsAffected }) => sum + rowsAffected, 0),
        unit: 'count',
        threshold: null,
      },
    ],
    fingerprints: [...new Set(idle.flatMap(fingerprintsOf))].slice(0, NAMED_MAX),
    sessions: idle.map(({ sessionId }) => sessionId).slice(0, NAMED_MAX),
    sqlstates: [],
  };
}

function willBeBig(
  { bigProbability }: OpenTransactionRow,
  { bigProbabilityLeast }: OpenTransactionFindingSettings,
): boolean {
  return bigProbability !== null && bigProbability > bigProbabilityLeast && bigProbability < 1;
}

function bigFinding(row: OpenTransactionRow, threshold: number): Finding {
  return {
    ...common(row),
    key: `open-transactions/becoming-big session ${row.sessionId} ${String(row.sinceUs)}`,
    kind: 'open-transactions/becoming-big',
    ledger: 'D4',
    severity: 'notice',
    summary: [
      textPart('The transaction that '),
      ...who(row),
      textPart(' has open will become big: of its like that changed '),
      ...rowsParts(row),
      textPart(', '),
      sharePart(row.bigProbability ?? 0),
      textPart(' did.'),
    ],
    advice: 'Expect its locks, and the lag of replicas, until it ends.',
    evidence: [
      evidence('probability', row.bigProbability ?? 0, 'share', threshold),
      ...ageEvidence(row),
    ],
    fingerprints: fingerprintsOf(row),
    sessions: [row.sessionId],
  };
}

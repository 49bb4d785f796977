/** D3 and P7 as findings: who blocks others, who stands open and does nothing, and how many do. */
import type { Finding } from '../../src/events/finding.ts';
import type { OpenTransactionRow, OpenTransactions } from '../../src/events/open-transactions.ts';
import {
  textPart,
  countedParts,
  countPart,
  sharePart,
  durationPart,
} from '../../src/events/sentence.ts';
import { evidence } from '../evidence.ts';
import { blockingFindings, isWaitedFor } from './blocking-findings.ts';
import {
  defaultOpenTransactionFindingSettings,
  type OpenTransactionFindingSettings,
} from './open-transaction-settings.ts';
import {
  ageEvidence,
  common,
  fingerprintsOf,
  idleUs,
  NAMED_MAX,
  rested,
  who,
} from './open-transaction-words.ts';

export function openTransactionFindings(
  { open, ended, asOfUs }: OpenTransactions,
  settings: OpenTransactionFindingSettings = defaultOpenTransactionFindingSettings,
): Finding[] {
  // Where bytes were lost, the end may be among them.
  const seen = open.filter(({ torn }) => !torn);
  const holding = [...seen, ...ended.filter(({ torn }) => !torn)].filter(isWaitedFor);
  const idle = seen.filter((row) => row.long && idleUs(row) >= settings.idleLeastUs);
  const quiet = idle.filter((row) => !holding.includes(row));
  const endedIdle = ended.filter(
    (row) => row.long && !row.torn && !holding.includes(row) && rested(row),
  );
  return [
    ...blockingFindings(holding, settings),
    ...(idle.length >= settings.manyLeast
      ? [manyFinding(idle, asOfUs)]
      : quiet.map((row) => idleFinding(row, settings))),
    ...endedIdle.map((row) => idleFinding(row, settings)),
    ...seen
      .filter((row) => willBeBig(row, settings))
      .map((row) => bigFinding(row, settings.bigProbabilityLeast)),
  ];
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

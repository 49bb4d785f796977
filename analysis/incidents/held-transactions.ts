/**
 * Who held a transaction open while a database hung, where the session itself did not live to end it: a crash or a reset
 * takes the transaction away with its session, so no table of ended transactions has it, and what is open at the end of
 * the window neither. The traffic shows no locks, so this says what can be seen: it was open before the hang began, it
 * asked nothing since shortly before, and others waited.
 */
import type { ChannelFacts } from '../../src/events/facts.ts';
import type { Finding } from '../../src/events/finding.ts';
import type { HealthInterval } from '../../src/events/health.ts';
import { transactionAgeUs } from '../monitors/channels.ts';
import { textPart, durationPart, nodePart } from '../../src/events/sentence.ts';
import { nameOf } from '../diagnosis/open-transaction-words.ts';
import { evidence } from '../evidence.ts';

/** Several that fit say nothing about one. */
const CANDIDATES_MAX = 3;
/** Its last statement was so shortly before: a lock that stops everybody is felt at once, not after an hour. */
const FELT_WITHIN_US = 10_000_000;

/** @param told sessions that another finding speaks of */
export function heldTransactionFindings(
  health: readonly HealthInterval[],
  channels: readonly ChannelFacts[],
  told: ReadonlySet<string>,
): Finding[] {
  return health
    .filter(({ role, state }) => role === 'server' && state === 'hang')
    .flatMap((hang) => {
      const waitedUs = hang.evidence.find(({ unit }) => unit === 'us')?.value ?? 0;
      const holders = channels.filter((channel) => held(channel, hang, hang.sinceUs - waitedUs));
      if (holders.length > CANDIDATES_MAX) return [];
      return holders
        .filter(({ sessionId }) => !told.has(sessionId))
        .flatMap((channel) => findingOf(channel, hang) ?? []);
    });
}

/** A transaction of its own making (not a single statement that waits), before the hang and until it was known, and idle. */
function held(
  channel: ChannelFacts,
  { node, sinceUs }: HealthInterval,
  hungFromUs: number,
): boolean {
  const { server, transactionStatus, openTransactionSinceUs: openUs, lastStatementUs } = channel;
  const ageUs = transactionAgeUs(channel);
  if (server !== node || openUs === null || ageUs === null) return false;
  if (transactionStatus !== 'T' && transactionStatus !== 'E') return false;
  if (lastStatementUs === null || lastStatementUs > hungFromUs) return false;
  const felt = hungFromUs - lastStatementUs <= FELT_WITHIN_US;
  return felt && openUs <= hungFromUs && openUs + ageUs >= sinceUs;
}

function findingOf(channel: ChannelFacts, hang: HealthInterval): Finding | undefined {
  const { sessionId, server, client, clientPort, endUs } = channel;
  const { openTransactionSinceUs: sinceUs, lastStatementUs } = channel;
  const ageUs = transactionAgeUs(channel);
  if (sinceUs === null || lastStatementUs === null || ageUs === null) return undefined;
  const idleUs = hang.sinceUs - lastStatementUs;
  return {
    key: `open-transactions/held session ${sessionId} ${String(sinceUs)}`,
    kind: 'open-transactions/held',
    ledger: 'D3',
    severity: 'warning',
    node: server,
    role: 'server',
    sinceUs,
    untilUs: endUs,
    summary: [
      nodePart(`${client}:${String(clientPort)}`),
      textPart(`${nameOf(channel)} held a transaction open for `),
      durationPart(ageUs),
      textPart(' and asked nothing while '),
      nodePart(server),
      textPart(' hung.'),
    ],
    advice:
      'See what it changed last: others probably waited for its locks. Let the application commit before it does anything else, and set idle_in_transaction_session_timeout.',
    evidence: [
      evidence('open for', ageUs, 'us'),
      evidence('idle when the hang was known', idleUs, 'us'),
      ...hang.evidence.filter(({ unit }) => unit === 'count').slice(0, 1),
    ],
    fingerprints: [],
    sessions: [sessionId],
    sqlstates: [],
  };
}

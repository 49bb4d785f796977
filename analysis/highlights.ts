/**
 * What stands out in a window, in sentences: the few lines that someone woken at night reads first. Each rule below
 * looks at one thing and stays silent unless it is worth a line; the most severe six are kept. Numbers stay numbers
 * (HighlightPart), so that every surface writes them in its own way.
 */
import type { WindowFacts } from '../src/events/facts.ts';
import type { LowTpsEpisode } from '../src/events/low-tps.ts';
import { LOSSY_SHARE } from '../src/events/quality.ts';
import type { Highlight, HighlightTopic, Report } from '../src/events/report.ts';
import { biggestWrite } from './monitors/affected-rows.ts';
import { transactionAgeUs } from './monitors/channels.ts';
import { greatestOf, shareOf, sumOf } from './share.ts';
import { peakOf } from './response-peak.ts';
import {
  type HighlightPart,
  textPart,
  countPart,
  sharePart,
  durationPart,
  timePart,
  nodePart,
  statementPart,
} from '../src/events/sentence.ts';

const HIGHLIGHTS_MAX = 6;
/** A transaction open as long as this deserves a line; from the longer time on (research 4.1) it is a warning. */
const OPEN_NOTICE_US = 5_000_000;
const OPEN_WARNING_US = 30_000_000;
/** A class that takes this share of the time is news; below, the load is spread. */
const SHARE_NEWS = 0.25;
const SHARE_NOTICE = 0.4;
const ROLLBACK_RATE_NOTICE = 0.05;
const TRANSACTIONS_MIN = 20;
const SLOW_US = 1_000_000;
const LOGINS_WARNING = 5;
const CAUSES_MAX = 3;

/** All of the report but its highlights. */
export type ReportWithoutHighlights = Omit<Report, 'highlights'>;

type Severity = Highlight['severity'];
type Rule = (report: ReportWithoutHighlights, facts: WindowFacts) => Highlight | undefined;

const ORDER: Record<Severity, number> = { warning: 0, notice: 1, info: 2 };

/** The most severe first; within a severity in the order of the rules. */
export function highlightsOf(report: ReportWithoutHighlights, facts: WindowFacts): Highlight[] {
  const found: Highlight[] = [];
  for (const rule of RULES) {
    const highlight = rule(report, facts);
    if (highlight !== undefined) found.push(highlight);
  }
  return found.sort((a, b) => ORDER[a.severity] - ORDER[b.severity]).slice(0, HIGHLIGHTS_MAX);
}

function highlight(
  severity: Severity,
  topic: HighlightTopic,
  ...parts: (HighlightPart | string)[]
): Highlight {
  return {
    severity,
    topic,
    parts: parts.map((part) => (typeof part === 'string' ? textPart(part) : part)),
  };
}

/** `one` or `many`, by the number. */
const plural = (value: number, one: string, many: string): string => (value === 1 ? one : many);

const silence: Rule = ({ overview, capture }) => {
  if (overview.requests > 0 || overview.answers > 0) return undefined;
  if (capture.encryptedSessions === 0)
    return highlight('notice', 'load', 'No statements were seen.');
  return highlight(
    'warning',
    'capture',
    'No statements could be read: ',
    countPart(capture.encryptedSessions),
    plural(capture.encryptedSessions, ' session is encrypted.', ' sessions are encrypted.'),
  );
};

/** Nodes that were down or hung, or not well in another way: the worst of them. */
const illHealth: Rule = ({ health, window }) => {
  const ill = health.filter(({ state }) => ILL_WORDS.has(state));
  const [worst] = ill;
  if (worst === undefined) return undefined;
  const nodes = new Set(ill.map(({ role, node }) => `${role} ${node}`)).size;
  return highlight(
    worst.state === 'down' || worst.state === 'hang' ? 'warning' : 'notice',
    'health',
    nodePart(worst.node),
    ` ${ILL_WORDS.get(worst.state) ?? worst.state} from `,
    timePart(worst.sinceUs),
    ' for ',
    durationPart((worst.untilUs ?? window.toUs) - worst.sinceUs),
    nodes === 1 ? '.' : '; ',
    ...(nodes === 1
      ? []
      : [
          countPart(nodes - 1),
          plural(nodes - 1, ' other node was', ' other nodes were'),
          ' not well.',
        ]),
  );
};

/** The stretch of low TPS in which most was lost; whose doing it was stands among the findings. */
const lowTps: Rule = ({ lowTps: { episodes }, window }) => {
  const lastedUs = ({ fromUs, toUs }: LowTpsEpisode): number => (toUs ?? window.toUs) - fromUs;
  const lost = (one: LowTpsEpisode): number => (one.usualTps - one.tps) * lastedUs(one);
  const [worst] = [...episodes].sort((a, b) => lost(b) - lost(a));
  if (worst === undefined) return undefined;
  const { server, tps, usualTps, fromUs } = worst;
  return highlight(
    'notice',
    'load',
    nodePart(server),
    ' ended ',
    sharePart(Math.min(1, tps / usualTps)),
    ' of its usual transactions from ',
    timePart(fromUs),
    ' for ',
    durationPart(lastedUs(worst)),
    '.',
  );
};

const ILL_WORDS: ReadonlyMap<string, string> = new Map([
  ['down', 'was down'],
  ['hang', 'hung'],
  ['slow', 'was slow'],
  ['jitter', 'answered unevenly'],
  ['sub_healthy', 'got worse steadily'],
]);

const unanswered: Rule = ({ overview }) => {
  if (overview.unanswered === 0) return undefined;
  return highlight(
    'warning',
    'response',
    countPart(overview.unanswered),
    plural(overview.unanswered, ' request', ' requests'),
    ' had no answer within ',
    durationPart(10_000_000),
    '.',
  );
};

/** Transactions that hold their locks while nobody ends them. */
const openTransactions: Rule = (report, { channels, channelsCount }) => {
  const { window } = report;
  const open = channels.flatMap((channel) => {
    const since = channel.openTransactionSinceUs;
    const ageUs = transactionAgeUs(channel);
    const seen = since !== null && since < window.toUs;
    return seen && ageUs !== null && ageUs >= OPEN_NOTICE_US ? [{ channel, ageUs }] : [];
  });
  const [oldest] = [...open].sort((a, b) => b.ageUs - a.ageUs);
  if (oldest === undefined) return undefined;
  const { channel } = oldest;
  const others = othersParts(report, channel.sessionId);
  return highlight(
    oldest.ageUs >= OPEN_WARNING_US ? 'warning' : 'notice',
    'transactions',
    // Those with the oldest transactions come first, so there may be more where every channel that was read has one.
    ...(open.length === channels.length && channelsCount > channels.length ? ['At least '] : []),
    countPart(open.length),
    plural(
      open.length,
      ' channel left a transaction open for ',
      ' channels left transactions open, the longest for ',
    ),
    durationPart(oldest.ageUs),
    ': ',
    nodePart(channel.client),
    ...(others.length > 0 || channel.lastCommand === null
      ? others
      : [`, after ${channel.lastCommand}`]),
    '.',
  );
};

/** Who waited on the tables of a session's transaction, and who waited too long. */
function othersParts({ openTransactions }: Pick<Report, 'openTransactions'>, session: string) {
  const row = openTransactions.open.find(({ sessionId }) => sessionId === session);
  const { waitingCount = 0, gaveUpCount = 0 } = row ?? {};
  return [
    ...(waitingCount === 0
      ? []
      : ['; ', countPart(waitingCount), plural(waitingCount, ' channel waits', ' channels wait')]),
    ...(gaveUpCount === 0
      ? []
      : [
          '; ',
          countPart(gaveUpCount),
          plural(gaveUpCount, ' statement', ' statements'),
          ' gave up',
        ]),
    ...(waitingCount + gaveUpCount === 0 ? [] : [' on its tables']),
  ];
}

/** Errors by cause. Those that only follow from an earlier error of their transaction are not causes. */
const failures: Rule = ({ errors }) => {
  const causes = new Map<string, number>();
  let followed = 0;
  for (const row of errors) {
    if (row.concern === 'follow_on') {
      followed += row.count;
      continue;
    }
    causes.set(row.errorClass, (causes.get(row.errorClass) ?? 0) + row.count);
  }
  const ranked = [...causes].sort(([, a], [, b]) => b - a);
  const all = sumOf(ranked, ([, value]) => value);
  if (all === 0) return undefined;
  const named = ranked.slice(0, CAUSES_MAX);
  const rest = sumOf(ranked.slice(CAUSES_MAX), ([, value]) => value);
  const parts = named.flatMap(([name, value], index) => [
    textPart(index === 0 ? '' : ', '),
    countPart(value),
    textPart(` × ${name.replaceAll('_', ' ')}`),
  ]);
  const databaseIsToBlame = errors.some(({ concern }) => concern === 'database');
  return highlight(
    databaseIsToBlame ? 'warning' : 'notice',
    'errors',
    countPart(all),
    plural(all, ' statement failed: ', ' statements failed: '),
    ...parts,
    ...(rest > 0 ? [', ', countPart(rest), ' other'] : []),
    ...(followed > 0 ? ['; ', countPart(followed), ' more followed'] : []),
    '.',
  );
};

const failedLogins: Rule = ({ sessionEvents }) => {
  const failed = sumOf(
    sessionEvents.filter(({ type }) => type === 'login_failed'),
    (row) => row.count,
  );
  if (failed === 0) return undefined;
  return highlight(
    failed >= LOGINS_WARNING ? 'warning' : 'notice',
    'logins',
    countPart(failed),
    plural(failed, ' login failed.', ' logins failed.'),
  );
};

const peak: Rule = ({ series }) => {
  const found = peakOf(series);
  if (found === undefined) return undefined;
  return highlight(
    found.meanUs >= SLOW_US ? 'warning' : 'notice',
    'response',
    'Response time rose to ',
    durationPart(found.meanUs),
    ' at ',
    timePart(found.startUs),
    ', ',
    countPart(Math.round(found.meanUs / found.usualUs)),
    ' times the usual ',
    durationPart(found.usualUs),
    '.',
  );
};

const trends: Rule = ({ expensive, slow }) => {
  const growing = [...expensive, ...slow].filter((row) => (row.trend?.changePerHour ?? 0) > 0);
  const [first] = growing;
  if (first === undefined) return undefined;
  return highlight(
    'notice',
    'trend',
    'Growing slower over the window: ',
    statementPart(first.normalized, first.fingerprint),
  );
};

const rollbacks: Rule = ({ overview }) => {
  const { rollbackRate, explicitRollbacks, commits } = overview;
  if (rollbackRate === null || rollbackRate < ROLLBACK_RATE_NOTICE) return undefined;
  if (commits + explicitRollbacks < TRANSACTIONS_MIN) return undefined;
  return highlight(
    'notice',
    'transactions',
    countPart(explicitRollbacks),
    plural(explicitRollbacks, ' transaction was', ' transactions were'),
    ' rolled back, ',
    sharePart(rollbackRate),
    ' of all.',
  );
};

const bigWrite: Rule = (_, { classes }) => {
  const found = biggestWrite(classes);
  if (found === undefined) return undefined;
  return highlight(
    'notice',
    'load',
    'One execution changed ',
    countPart(found.rowsAffectedMax),
    ' rows: ',
    statementPart(found.normalized, found.fingerprint),
  );
};

const schemaChanges: Rule = ({ ddlCount, ddl }) => {
  if (ddlCount === 0) return undefined;
  const commands = [...new Set(ddl.map(({ command }) => command))].slice(0, CAUSES_MAX);
  return highlight(
    'notice',
    'ddl',
    countPart(ddlCount),
    plural(ddlCount, ' statement', ' statements'),
    ` changed the schema${commands.length > 0 ? `: ${commands.join(', ')}` : ''}.`,
  );
};

const mostExpensive: Rule = ({ expensive }) => {
  const [first] = expensive;
  if (first === undefined || first.shareOfTime === null) return undefined;
  if (first.shareOfTime < SHARE_NEWS) return undefined;
  return highlight(
    first.shareOfTime >= SHARE_NOTICE ? 'notice' : 'info',
    'load',
    sharePart(first.shareOfTime),
    " of the databases' time goes to one class: ",
    statementPart(first.normalized, first.fingerprint),
  );
};

const slowest: Rule = ({ slowest: executions }) => {
  const longestUs = greatestOf(executions, (row) => row.durationUs ?? 0);
  const longest = executions.find((row) => row.durationUs === longestUs);
  if (longest === undefined || longestUs < SLOW_US) return undefined;
  return highlight(
    'info',
    'response',
    'The slowest statement took ',
    durationPart(longestUs),
    ': ',
    statementPart(longest.statement, longest.fingerprint),
  );
};

const loss: Rule = ({ capture, overview }) => {
  if (capture.complete || capture.packets === 0) return undefined;
  const seen = overview.requestBytes + overview.responseBytes;
  const lost = shareOf(capture.lostBytes, capture.lostBytes + seen) ?? 0;
  return highlight(lost > LOSSY_SHARE ? 'warning' : 'info', 'capture', capture.verdict);
};

const doubled: Rule = ({ capture: { connectionsDoubled } }) =>
  connectionsDoubled === 0
    ? undefined
    : highlight(
        'notice',
        'capture',
        countPart(connectionsDoubled),
        plural(connectionsDoubled, ' connection was', ' connections were'),
        ' seen by more than one collector and counted once for each: look at one collector at a time.',
      );

const loadedTwice: Rule = ({ capture: { connectionsLoadedTwice } }) =>
  connectionsLoadedTwice === 0
    ? undefined
    : highlight(
        'warning',
        'capture',
        countPart(connectionsLoadedTwice),
        plural(connectionsLoadedTwice, ' connection is', ' connections are'),
        ' stored from several captures of the same time and counted once for each: load one of them into another store.',
      );

const allWell: Rule = ({ overview, errors }) => {
  const well = overview.answers > 0 && overview.unanswered === 0 && errors.length === 0;
  return well
    ? highlight('info', 'errors', 'Every judged request was answered, none failed.')
    : undefined;
};

const RULES: readonly Rule[] = [
  silence,
  illHealth,
  lowTps,
  unanswered,
  openTransactions,
  failures,
  peak,
  failedLogins,
  mostExpensive,
  trends,
  rollbacks,
  bigWrite,
  schemaChanges,
  slowest,
  loss,
  doubled,
  loadedTwice,
  allWell,
];

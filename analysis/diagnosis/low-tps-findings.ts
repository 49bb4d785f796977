/** D2 as findings: one for each stretch of low TPS, as severe as its verdict concerns who runs the database. */
import type { Finding, FindingSeverity } from '../../src/events/finding.ts';
import type {
  LowTps,
  LowTpsClient,
  LowTpsEpisode,
  LowTpsVerdict,
} from '../../src/events/low-tps.ts';
import { type HighlightPart, textPart, sharePart, nodePart } from '../../src/events/sentence.ts';

interface Words {
  readonly says: string;
  readonly severity: FindingSeverity;
  readonly advice: string;
}

const WORDS: Readonly<Record<LowTpsVerdict, Words>> = {
  DATABASE: {
    says: 'the database',
    severity: 'warning',
    advice:
      'Look at the database: its errors, its oldest open transactions and what waits for them, then its disk and processor.',
  },
  NETWORK: {
    says: 'the network',
    severity: 'warning',
    advice:
      'Measure the way between application and database (loss, delay), and the load of the whole machine of the database.',
  },
  CAPTURE: {
    says: 'the capture',
    severity: 'notice',
    advice: 'Look at what the mirror port and the capture drop before anything is concluded.',
  },
  APPLICATION: {
    says: 'the application',
    severity: 'notice',
    advice:
      'The database answers as usual: look at the applications that ask less, and at the way from them to the mirror, which is not seen.',
  },
  WORKLOAD_CHANGE: {
    says: 'a changed workload',
    severity: 'info',
    advice:
      'Compare the transactions of these minutes with those before: they do more, or other work.',
  },
};

/** Less than this of the usual is an outage. */
const OUTAGE_SHARE = 0.1;
/** A verdict that explains less of the loss is told as not clear. */
const CONFIDENT = 0.5;
const SQLSTATES_MAX = 10;
/** Applications by name; of more it is all of them. */
const NAMED_MAX = 3;

/** Whose doing it is: hosts with this sign. */
const SIGN_NAMED: Readonly<Partial<Record<LowTpsVerdict, LowTpsClient['sign']>>> = {
  APPLICATION: 'asks_less',
  WORKLOAD_CHANGE: 'longer_transactions',
};

export function lowTpsFindings({ episodes }: LowTps): Finding[] {
  return episodes.map((episode) => ({
    key: `low-tps/${episode.verdict.toLowerCase()} server ${episode.server}`,
    kind: `low-tps/${episode.verdict.toLowerCase()}`,
    ledger: 'D2',
    severity: severityOf(episode),
    node: episode.server,
    role: 'server' as const,
    sinceUs: episode.fromUs,
    untilUs: episode.toUs,
    summary: [
      nodePart(episode.server),
      textPart(' ended '),
      sharePart(Math.min(1, episode.tps / episode.usualTps)),
      ...verdictParts(episode),
    ],
    advice: adviceOf(episode),
    evidence: episode.evidence,
    fingerprints: [],
    sessions: [],
    sqlstates: episode.sqlstates.slice(0, SQLSTATES_MAX),
  }));
}

/** Applications that ask less, or other work, are named: of five, one may be gone. */
function verdictParts(episode: LowTpsEpisode): HighlightPart[] {
  const { verdict, confidence, orElse, clients, because } = episode;
  const others = orElse.map((other) => WORDS[other].says);
  const also = others.length === 0 ? '' : ` or ${others.join(' or ')}`;
  const head = ` of its usual transactions, ${confidence < CONFIDENT ? 'perhaps ' : ''}because of `;
  const tail = `${also}: ${because}.`;
  const sign = SIGN_NAMED[verdict];
  const named = clients.filter(
    (one) => one.client !== '' && one.sign === sign && one.shareOfDrop > 0,
  );
  if (named.length === 0 || named.length > NAMED_MAX)
    return [textPart(`${head}${WORDS[verdict].says}${tail}`)];
  const lead =
    verdict === 'WORKLOAD_CHANGE'
      ? 'a changed workload of '
      : `the ${named.length === 1 ? 'application' : 'applications'} `;
  return [
    textPart(`${head}${lead}`),
    ...named.flatMap(({ client }, at) => [
      ...(at === 0 ? [] : [textPart(at === named.length - 1 ? ' and ' : ', ')]),
      nodePart(client),
    ]),
    textPart(tail),
  ];
}

/** Of the database or the application: only of refused logins nobody can tell which. */
function adviceOf({ verdict, orElse }: LowTpsEpisode): string {
  return verdict === 'DATABASE' && orElse.includes('APPLICATION')
    ? 'Look at which logins are refused and why: rules and passwords of the server, then what these hosts were told to say there.'
    : WORDS[verdict].advice;
}

function severityOf({ verdict, confidence, tps, usualTps }: LowTpsEpisode): FindingSeverity {
  const { severity } = WORDS[verdict];
  if (severity !== 'warning') return severity;
  if (confidence < CONFIDENT) return 'notice';
  return tps < OUTAGE_SHARE * usualTps ? 'critical' : 'warning';
}

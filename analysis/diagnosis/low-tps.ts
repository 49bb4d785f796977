/**
 * D2, low TPS: when a database ended far fewer transactions than usual, and whose doing it was. What each application host
 * lost is divided by what the host itself shows (it asks less, it is not answered, its answers are late, its transactions
 * are longer); the verdict is the one that explains most of the loss. Definitions: analysis/README.md.
 */
import type { ErrorCauseFacts } from '../../src/events/error-diagnosis.ts';
import type { Window } from '../../src/events/facts.ts';
import type { Evidence } from '../../src/events/health.ts';
import type {
  LowTps,
  LowTpsEpisode,
  LowTpsFacts,
  LowTpsVerdict,
} from '../../src/events/low-tps.ts';
import { errorMeaning } from '../../src/sql/error-classes.ts';
import { sumOf } from '../share.ts';
import { wilsonLower } from '../statistics/wilson.ts';
import {
  type ComparedClient,
  comparedClients,
  controlLateUs,
  mayBeItsWay,
  type RefusedLogins,
  type Totals,
  totalsOf,
} from './low-tps-clients.ts';
import { lowStretches, type LowStretch, minutesByNode } from './low-tps-minutes.ts';
import { defaultLowTpsSettings, type LowTpsSettings } from './low-tps-settings.ts';
import { evidence } from '../evidence.ts';

const EPISODES_MAX = 50;
const CLIENTS_MAX = 10;
const SQLSTATES_MAX = 10;
/** Loss of the capture that could explain this share of the drop is the first thing to look at. */
const CAPTURE_EXPLAINS = 0.2;

const VERDICT_OF: Readonly<Record<ComparedClient['sign'], LowTpsVerdict | undefined>> = {
  asks_less: 'APPLICATION',
  not_answered: 'DATABASE',
  slow: 'DATABASE',
  delayed: 'NETWORK',
  longer_transactions: 'WORKLOAD_CHANGE',
  none: undefined,
};

export function diagnoseLowTps(
  facts: LowTpsFacts,
  causes: readonly ErrorCauseFacts[],
  window: Window,
  extent: Window,
  settings: LowTpsSettings = defaultLowTpsSettings,
): LowTps {
  const untilUs = Math.min(window.toUs, extent.toUs);
  const nodes = [...minutesByNode(facts, untilUs)].map(([server, minutes]) => ({
    server,
    ...lowStretches(minutes, settings),
  }));
  const episodes = nodes.flatMap(({ server, stretches }) =>
    stretches
      .filter(({ toUs }) => (toUs ?? untilUs) > facts.judgedFromUs)
      .map((stretch) =>
        episodeOf(
          server,
          stretch,
          causes.filter((cause) => cause.server === server),
          settings,
        ),
      ),
  );
  return {
    episodes: episodes
      .sort((a, b) => a.fromUs - b.fromUs || (a.server < b.server ? -1 : 1))
      .slice(0, EPISODES_MAX),
    learning: nodes.some(({ learning }) => learning),
  };
}

interface DatabaseErrors {
  readonly count: number;
  /** Wilson's lower bound. */
  readonly shareMin: number;
  readonly sqlstates: readonly string[];
  /** Most of them say that writes are refused. */
  readonly readOnly: boolean;
}

/** What a server says of its own state, though nothing in it is broken. */
const STATE_OF_SERVER: readonly string[] = ['admin_shutdown', 'cannot_connect_now', 'read_only'];
/** More than so many times the usual errors a minute are news; a job that fails every minute, as ever, costs no transactions. */
const NEWS_TIMES = 2;

/** Errors in the low minutes that are the server's own, or come from its state, and that are not as many as ever. */
function databaseErrors(stretch: LowStretch, causes: readonly ErrorCauseFacts[]): DatabaseErrors {
  const counted = causes
    .filter(
      ({ errorClass }) =>
        errorMeaning(errorClass).concern === 'database' || STATE_OF_SERVER.includes(errorClass),
    )
    .map(({ sqlstate, errorClass, minutes }) => ({
      sqlstate,
      errorClass,
      count: countIn(stretch.low, minutes),
      usual: (countIn(stretch.usual, minutes) / stretch.usual.length) * stretch.low.length,
    }))
    .filter(({ count, usual }) => count > NEWS_TIMES * usual)
    .sort((a, b) => b.count - a.count);
  const count = sumOf(counted, (one) => one.count);
  const answers = sumOf(stretch.low, ({ edges }) => sumOf(edges, (edge) => edge.answers));
  const refusedWrites = counted.filter(({ errorClass }) => errorClass === 'read_only');
  return {
    count,
    shareMin: wilsonLower(count / Math.max(answers, count, 1), Math.max(answers, count)),
    sqlstates: [...new Set(counted.map(({ sqlstate }) => sqlstate))].slice(0, SQLSTATES_MAX),
    readOnly: sumOf(refusedWrites, (one) => one.count) > count / 2,
  };
}

function countIn(side: LowStretch['low'], minutes: ErrorCauseFacts['minutes']): number {
  const within = new Set(side.map(({ startUs }) => startUs));
  return sumOf(
    minutes.filter(({ startUs }) => within.has(startUs)),
    ({ count }) => count,
  );
}

/**
 * Of all causes that are logins alone. They are no failures of the database, so that nobody calls it down for them, but a host whose
 * logins are refused does not ask less by itself.
 */
function refusedLogins(
  stretch: LowStretch,
  causes: readonly ErrorCauseFacts[],
): RefusedLogins & { readonly sqlstates: readonly string[] } {
  const met = causes.filter(({ logins, count }) => logins > 0 && logins === count);
  const perMinute = (side: LowStretch['low']): number => {
    return sumOf(met, ({ minutes }) => countIn(side, minutes)) / Math.max(1, side.length);
  };
  return {
    clients: new Set(met.flatMap(({ clients }) => clients)),
    low: perMinute(stretch.low),
    usual: perMinute(stretch.usual),
    sqlstates: met.map(({ sqlstate }) => sqlstate),
  };
}

interface Judgement {
  readonly verdict: LowTpsVerdict;
  readonly confidence: number;
  readonly because: string;
  readonly orElse: readonly LowTpsVerdict[];
}

function episodeOf(
  server: string,
  stretch: LowStretch,
  causes: readonly ErrorCauseFacts[],
  settings: LowTpsSettings,
): LowTpsEpisode {
  const all = (minutes: LowStretch['low']): Totals =>
    totalsOf(
      minutes.flatMap(({ edges }) => edges),
      minutes.length,
    );
  const low = all(stretch.low);
  const usual = all(stretch.usual);
  const logins = refusedLogins(stretch, causes);
  const clients = comparedClients(stretch, { low, usual }, logins, settings);
  const errors = databaseErrors(stretch, causes);
  const turnedAway = clients.some((client) => client.turnedAway) ? logins.sqlstates : [];
  const seenYield = low.answers > 0 ? low.normal / low.answers : null;
  return {
    server,
    fromUs: stretch.fromUs,
    toUs: stretch.toUs,
    tps: low.transactions / 60,
    usualTps: stretch.median / 60,
    thresholdTps: stretch.threshold / 60,
    ...judge(stretch, low, clients, errors, settings),
    plainRule: {
      yield: seenYield,
      databaseIsToBlame: seenYield !== null && seenYield < settings.yieldMin,
    },
    evidence: evidenceOf(stretch, low, usual, errors, settings),
    sqlstates: [...new Set([...errors.sqlstates, ...turnedAway])].slice(0, SQLSTATES_MAX),
    clients: clients
      .slice(0, CLIENTS_MAX)
      .map(({ low: _low, usual: _usual, turnedAway: _away, ...client }) => client),
  };
}

function judge(
  stretch: LowStretch,
  low: Totals,
  clients: readonly ComparedClient[],
  errors: DatabaseErrors,
  settings: LowTpsSettings,
): Judgement {
  const drop = Math.max(0.01, 1 - low.transactions / stretch.median);
  const lossy = low.lostShare > settings.lostShare;
  if (lossy && low.lostShare >= CAPTURE_EXPLAINS * drop) {
    return {
      verdict: 'CAPTURE',
      confidence: Math.min(1, low.lostShare / drop),
      because: 'the capture lost bytes: what was in them cannot be counted',
      orElse: [],
    };
  }
  const best = bestExplanation(clients, errors, settings);
  return lossy ? { ...best, orElse: [...best.orElse, 'CAPTURE'] } : best;
}

function bestExplanation(
  clients: readonly ComparedClient[],
  errors: DatabaseErrors,
  settings: LowTpsSettings,
): Judgement {
  const explained = new Map<LowTpsVerdict, number>();
  for (const { sign, shareOfDrop } of clients) {
    const verdict = VERDICT_OF[sign];
    if (verdict === undefined || shareOfDrop <= 0) continue;
    explained.set(verdict, Math.min(1, (explained.get(verdict) ?? 0) + shareOfDrop));
  }
  const of = (verdict: LowTpsVerdict): number => explained.get(verdict) ?? 0;
  if (errors.shareMin > settings.databaseErrorsShare) {
    return {
      verdict: 'DATABASE',
      confidence: Math.max(of('DATABASE'), errors.shareMin),
      ...(errors.readOnly
        ? {
            because:
              'writes are refused: the server is read-only, or the application writes to the wrong one',
            orElse: ['APPLICATION'],
          }
        : { because: 'the database fails statements with errors of its own', orElse: [] }),
    };
  }
  const [first] = [...explained].sort(([, a], [, b]) => b - a);
  if (first === undefined) {
    return {
      verdict: 'WORKLOAD_CHANGE',
      confidence: 0,
      because: 'nothing on the wire explains it: requests and response times are as usual',
      orElse: ['APPLICATION', 'DATABASE'],
    };
  }
  const [verdict, confidence] = first;
  return { verdict, confidence, ...reasonOf(verdict, clients, settings) };
}

function reasonOf(
  verdict: LowTpsVerdict,
  clients: readonly ComparedClient[],
  settings: LowTpsSettings,
): Pick<Judgement, 'because' | 'orElse'> {
  switch (verdict) {
    case 'NETWORK':
      return {
        because:
          'every answer is late by about as much, also those that wait for nobody: the way to the database is slow or loses packets, or its whole machine is slow',
        orElse: ['DATABASE'],
      };
    case 'APPLICATION':
      return { because: askingReason(clients), orElse: [] };
    case 'WORKLOAD_CHANGE':
      return { because: 'transactions have more statements than usual', orElse: [] };
    default:
      return databaseReason(clients, settings);
  }
}

/** Of the usual requests; the first low minute may hold some of a host that stopped within it. */
const NEXT_TO_NOTHING_SHARE = 0.05;

function askingReason(clients: readonly ComparedClient[]): string {
  const ratios = clients
    .filter(({ sign, shareOfDrop }) => sign === 'asks_less' && shareOfDrop > 0)
    .map(({ requestsRatio }) => requestsRatio ?? 1);
  const most = Math.max(...ratios);
  if (ratios.length === 0 || most >= NEXT_TO_NOTHING_SHARE)
    return 'fewer requests come, and those that come are answered as usual';
  const nothing = most === 0 ? 'nothing' : 'next to nothing';
  return `${ratios.length === 1 ? 'it asks' : 'they ask'} ${nothing} any more`;
}

/** A server that refuses is reached; one that says nothing may as well not be. */
function databaseReason(
  clients: readonly ComparedClient[],
  settings: LowTpsSettings,
): Pick<Judgement, 'because' | 'orElse'> {
  const losing = clients.filter(({ shareOfDrop }) => shareOfDrop > 0);
  const lost = (sign: ComparedClient['sign'], which = losing): number =>
    sumOf(
      which.filter((client) => client.sign === sign),
      ({ shareOfDrop }) => shareOfDrop,
    );
  if (lost('slow') >= lost('not_answered')) {
    const late = losing.filter((client) => mayBeItsWay(client, settings));
    return lost('slow', late) > lost('slow') / 2
      ? {
          because:
            'requests come, and even the shortest answers take longer than usual, where other hosts are answered as ever: these statements, or the way of these hosts',
          orElse: ['NETWORK'],
        }
      : { because: 'requests come, and their answers take longer than usual', orElse: [] };
  }
  const turnedAway = losing.filter((client) => client.turnedAway);
  if (lost('not_answered', turnedAway) > lost('not_answered') / 2) {
    return {
      because:
        'logins are refused, of hosts that asked more before: a rule or password of the server, or what these hosts say there',
      orElse: ['APPLICATION'],
    };
  }
  if (losing.some(({ low }) => low.refused > 0)) {
    return { because: 'connections are refused', orElse: [] };
  }
  return losing.some(({ low }) => low.answers > 0)
    ? { because: 'requests come, and many of them are not answered', orElse: ['NETWORK'] }
    : {
        because:
          'requests come and nothing is answered: the database hangs, or what it says does not arrive',
        orElse: ['NETWORK'],
      };
}

function evidenceOf(
  stretch: LowStretch,
  low: Totals,
  usual: Totals,
  errors: DatabaseErrors,
  settings: LowTpsSettings,
): Evidence[] {
  const one = (
    name: string,
    value: number | null,
    unit: Evidence['unit'],
    threshold: number | null = null,
  ): Evidence[] => (value === null ? [] : [evidence(name, value, unit, threshold)]);
  const late = controlLateUs({ low, usual });
  const lateUs = late === undefined ? null : Math.max(0, late);
  return [
    ...one('TPS', low.transactions / 60, 'per_second', stretch.threshold / 60),
    ...one('usual TPS', stretch.median / 60, 'per_second'),
    ...one('yield', low.answers > 0 ? low.normal / low.answers : null, 'share', settings.yieldMin),
    ...one('requests', low.requests / 60, 'per_second'),
    ...one('usual requests', usual.requests / 60, 'per_second'),
    ...one('answered within 10 s', low.answeredShare, 'share', settings.answeredShare),
    ...one('mean response time', low.meanUs, 'us'),
    ...one('usual mean response time', usual.meanUs, 'us'),
    ...one('shortest answers', low.floorUs, 'us'),
    ...one('usual shortest answers', usual.floorUs, 'us'),
    ...one('how much later BEGIN or COMMIT is answered', lateUs, 'us'),
    ...one('errors of the database itself', errors.count, 'count'),
    ...one('bytes lost by the capture', low.lostShare, 'share', settings.lostShare),
  ];
}

/** What each application host did while TPS was low, compared with what it usually does: who lost how much, and why. */
import type { EdgeMinute, LowTpsClient } from '../../src/events/low-tps.ts';
import { MINUTE_US } from '../../src/core/time.ts';
import { greatestOf, shareOf, sumOf } from '../share.ts';
import { medianOf } from '../statistics/median.ts';
import type { LowStretch, NodeMinute } from './low-tps-minutes.ts';
import type { LowTpsSettings } from './low-tps-settings.ts';

/** A request that waits longer than this counts as not answered, as in the response rate (monitor P2). */
const ANSWER_IN_TIME_US = 10_000_000;
const REFUSED_MIN = 3;
const OUTSTANDING_MIN = 3;
/** Of fewer BEGINs there is no mean. */
const CONTROL_MIN = 10;

/** Per minute, unless it says otherwise. */
export interface Totals {
  readonly requests: number;
  readonly answers: number;
  readonly normal: number;
  readonly transactions: number;
  readonly durationUs: number;
  readonly meanUs: number | null;
  readonly floorUs: number | null;
  /** Mean time of a BEGIN, and of a COMMIT or ROLLBACK; null of too few. */
  readonly beginUs: number | null;
  readonly endUs: number | null;
  /** Of all requests. */
  readonly answeredShare: number | null;
  readonly refused: number;
  /** At least half of the connections, or three of them, wait longer than 10 s. */
  readonly waits: boolean;
  /** Of all bytes. */
  readonly lostShare: number;
}

export function totalsOf(edges: readonly EdgeMinute[], minutesCount: number): Totals {
  const per = (value: (edge: EdgeMinute) => number): number =>
    sumOf(edges, value) / Math.max(1, minutesCount);
  const answers = sumOf(edges, (edge) => edge.answers);
  const requests = sumOf(edges, (edge) => edge.requests);
  const floors = edges.flatMap(({ floorUs }) => floorUs ?? []);
  const lost = sumOf(edges, (edge) => edge.lostBytes);
  const outstanding = greatestOf(edges, (edge) => edge.outstanding);
  const waiting = edges.filter((edge) => edge.outstandingAgeMaxUs >= ANSWER_IN_TIME_US);
  return {
    requests: per((edge) => edge.requests),
    answers: per((edge) => edge.answers),
    normal: per((edge) => edge.normal),
    transactions: per((edge) => edge.transactions),
    durationUs: per((edge) => edge.durationSumUs),
    meanUs: answers > 0 ? sumOf(edges, (edge) => edge.durationSumUs) / answers : null,
    floorUs: floors.length > 0 ? medianOf(floors) : null,
    beginUs: meanOf(edges, (edge) => [edge.begins, edge.beginSumUs]),
    endUs: meanOf(edges, (edge) => [edge.ends, edge.endSumUs]),
    answeredShare: shareOf(
      sumOf(edges, (edge) => edge.requestsAnswered),
      requests,
    ),
    refused: sumOf(edges, (edge) => edge.connectionsRefused),
    waits:
      waiting.length > minutesCount / 2 &&
      outstanding >=
        Math.min(OUTSTANDING_MIN, greatestOf(edges, (edge) => edge.connectionsOpen) / 2),
    lostShare: shareOf(lost, lost + sumOf(edges, (edge) => edge.bytes)) ?? 0,
  };
}

function meanOf(
  edges: readonly EdgeMinute[],
  of: (edge: EdgeMinute) => readonly [count: number, sumUs: number],
): number | null {
  const count = sumOf(edges, (edge) => of(edge)[0]);
  return count < CONTROL_MIN ? null : sumOf(edges, (edge) => of(edge)[1]) / count;
}

/** Logins that were refused with an error: whom they met, and how many a minute, then and usually. */
export interface RefusedLogins {
  readonly clients: ReadonlySet<string>;
  readonly low: number;
  readonly usual: number;
}

export interface ComparedClient extends LowTpsClient {
  /** It asks less, and is not let in. */
  readonly turnedAway: boolean;
  readonly low: Totals;
  readonly usual: Totals;
}

/** What was, and what usually is. */
export interface Compared {
  readonly low: Totals;
  readonly usual: Totals;
}

/** Every host of both times, those that lost most first. */
export function comparedClients(
  stretch: LowStretch,
  node: Compared,
  logins: RefusedLogins,
  settings: LowTpsSettings,
): ComparedClient[] {
  const low = edgesByClient(stretch.low);
  const usual = edgesByClient(stretch.usual);
  const dropped =
    sumOf(stretch.usual, ({ transactions }) => transactions) / stretch.usual.length -
    sumOf(stretch.low, ({ transactions }) => transactions) / stretch.low.length;
  return [...new Set([...low.keys(), ...usual.keys()])]
    .map((client) =>
      compared(
        client,
        totalsOf(low.get(client) ?? [], stretch.low.length),
        totalsOf(usual.get(client) ?? [], stretch.usual.length),
        dropped,
        node,
        logins,
        settings,
      ),
    )
    .sort((a, b) => b.shareOfDrop - a.shareOfDrop || (a.client < b.client ? -1 : 1));
}

function edgesByClient(minutes: readonly NodeMinute[]): Map<string, EdgeMinute[]> {
  const clients = new Map<string, EdgeMinute[]>();
  for (const edge of minutes.flatMap(({ edges }) => edges)) {
    const edges = clients.get(edge.client);
    if (edges === undefined) clients.set(edge.client, [edge]);
    else edges.push(edge);
  }
  return clients;
}

function ratioOf(now: number | null, usual: number | null): number | null {
  return now === null || usual === null || usual <= 0 ? null : now / usual;
}

function compared(
  client: string,
  low: Totals,
  usual: Totals,
  dropped: number,
  node: Compared,
  logins: RefusedLogins,
  settings: LowTpsSettings,
): ComparedClient {
  const requestsRatio = ratioOf(low.requests, usual.requests);
  const turnedAway =
    (requestsRatio ?? 1) <= settings.fewerRequestsShare &&
    logins.clients.has(client) &&
    logins.low >= REFUSED_MIN &&
    logins.low > 2 * logins.usual;
  return {
    client,
    turnedAway,
    tps: low.transactions / 60,
    usualTps: usual.transactions / 60,
    shareOfDrop: dropped > 0 ? (usual.transactions - low.transactions) / dropped : 0,
    requestsRatio,
    responseRatio: ratioOf(low.meanUs, usual.meanUs),
    sign: turnedAway ? 'not_answered' : signOf(low, usual, node, settings),
    low,
    usual,
  };
}

/** The first that holds: who is not answered has fewer requests as well, for he waits. */
function signOf(
  low: Totals,
  usual: Totals,
  node: Compared,
  settings: LowTpsSettings,
): LowTpsClient['sign'] {
  const requests = ratioOf(low.requests, usual.requests) ?? 1;
  const asksLess = requests <= settings.fewerRequestsShare;
  const refused = asksLess && low.refused >= REFUSED_MIN && low.refused > 2 * usual.refused;
  const unanswered =
    low.answeredShare !== null && low.answeredShare < settings.answeredShare && low.requests > 0;
  if (refused || unanswered || (low.waits && !usual.waits)) return 'not_answered';
  if (isSlow(low, usual, settings) && !(asksLess && wouldAskLess(low, usual, settings)))
    return isDelayed(low, usual, node, settings) ? 'delayed' : 'slow';
  const longer = ratioOf(
    ratioOf(low.requests, low.transactions),
    ratioOf(usual.requests, usual.transactions),
  );
  if (!asksLess && longer !== null && longer >= settings.longerFactor) return 'longer_transactions';
  return asksLess ? 'asks_less' : 'none';
}

/** Its answers take longer, and it spends at least half as much time as usual waiting for them: it still wants to work. */
function isSlow(low: Totals, usual: Totals, settings: LowTpsSettings): boolean {
  if (low.meanUs === null || usual.meanUs === null) return false;
  return (
    low.meanUs >= settings.slowFactor * usual.meanUs &&
    low.meanUs - usual.meanUs >= settings.slowFloorUs &&
    low.durationUs >= usual.durationUs / 2
  );
}

/**
 * It would ask less if its answers were as fast as ever: even a host with a single worker, given back all the time that it waited
 * longer, would make no more requests than usual / (1 - requests a second * longer response time). Hosts with more workers lose less by
 * it. A host that waits longer than it has time to, counted so, has several, and nothing can be said.
 */
function wouldAskLess(low: Totals, usual: Totals, settings: LowTpsSettings): boolean {
  const longerUs = (low.meanUs ?? 0) - (usual.meanUs ?? 0);
  const waitedShare = (low.requests * longerUs) / MINUTE_US;
  const requestsMax = low.requests / (1 - waitedShare);
  return waitedShare < 1 && requestsMax <= settings.fewerRequestsShare * usual.requests;
}

/**
 * What waits for nobody is late as well: the way is slow, not the statements. Of the host itself, else of all hosts of the
 * node, by BEGIN and COMMIT; where there are none, by the shortest answers.
 */
function isDelayed(low: Totals, usual: Totals, node: Compared, settings: LowTpsSettings): boolean {
  const longerUs = (low.meanUs ?? 0) - (usual.meanUs ?? 0);
  const lateUs =
    controlLateUs({ low, usual }) ?? controlLateUs(node) ?? difference(low.floorUs, usual.floorUs);
  return lateUs !== undefined && lateUs >= settings.delayedShare * longerUs;
}

/**
 * This host sends no BEGIN by which its way could be told from its statements, and all its answers are late, the shortest by
 * nearly as much: what other hosts see speaks for the database, and not for the way to this one.
 */
export function mayBeItsWay({ low, usual }: Compared, settings: LowTpsSettings): boolean {
  const lateUs = difference(low.floorUs, usual.floorUs) ?? 0;
  const longerUs = (low.meanUs ?? 0) - (usual.meanUs ?? 0);
  return (
    controlLateUs({ low, usual }) === undefined &&
    longerUs > 0 &&
    lateUs >= settings.delayedShare * longerUs
  );
}

/**
 * By how much the less late of BEGIN and COMMIT takes longer: a COMMIT may wait for the disk, and a driver may send its
 * BEGIN together with a statement that waits.
 */
export function controlLateUs({ low, usual }: Compared): number | undefined {
  const late = [difference(low.beginUs, usual.beginUs), difference(low.endUs, usual.endUs)].flatMap(
    (one) => one ?? [],
  );
  return late.length === 0 ? undefined : Math.min(...late);
}

function difference(now: number | null, usual: number | null): number | undefined {
  return now === null || usual === null ? undefined : now - usual;
}

/**
 * Made-up nodes that are well all day: response times that wander around one level, at any call rate, with nights without
 * traffic and with single outliers. Whatever state is told of them is false.
 */
import { Watch } from '../../../analysis/health/states.ts';
import type { HealthSettings } from '../../../analysis/health/settings.ts';
import { emptySecond } from '../../../analysis/health/each-second.ts';
import type { HealthInterval, NodeRole, NodeSecond } from '../../../src/events/health.ts';
import { SECOND_US } from '../../../src/core/time.ts';
import { normal, uniform } from '../random.ts';

export const DAY_SECONDS = 86_400;
const START_US = 1_795_219_200_000_000;

export interface NullNode {
  readonly role: NodeRole;
  /** Level of the response time, in milliseconds. */
  readonly meanMs: number;
  /** Deviation of the means of seconds, as a share of the level. */
  readonly noise: number;
  /** Autocorrelation of that deviation from one second to the next. */
  readonly phi: number;
  /** Requests per second, in the mean. */
  readonly rate: number;
  /** Deviation of single answers within a second, as a share of their mean: 1 for exponential ones. */
  readonly answers: number;
  /** The level is multiplied by the exponential of the deviation, or the deviation is added to it. */
  readonly shape: 'exponential' | 'additive';
  /**
   * `night`: nothing for eight hours, but a request now and then. `quiet`: traffic falls to a fiftieth and comes back.
   * `outliers`: one second in 97 takes thirty times as long. `pool`: connections come and go with a wandering of their own.
   */
  readonly day: 'steady' | 'night' | 'quiet' | 'outliers' | 'pool';
  readonly seed: number;
}

const WELL = new Set(['healthy', 'idle']);
const NIGHT_RATE = 0.01;
const QUIET_SHARE = 0.02;
const CONNECTIONS = 12;
/** Of a pool that wanders: resemblance of a second to the one before, and share of its connections that come and go. */
const POOL_PHI = 0.997;
const POOL_NOISE = 0.15;
const OUTLIER = 30;

/** The states told of `seconds` seconds that are not well. */
export function falseStatesOf(
  node: NullNode,
  seconds: number,
  settings: HealthSettings,
): HealthInterval[] {
  const watch = new Watch({ node: 'null', role: node.role }, settings);
  const told: HealthInterval[] = [];
  const nextSecond = secondsOf(node, seconds);
  for (let at = 0; at < seconds; at++) {
    watch.second(nextSecond(at));
    if (at % 3_600 === 3_599) told.push(...watch.drain());
  }
  const byStart = new Map(told.map((one) => [one.sinceUs, one]));
  return [...byStart.values()].filter(({ state }) => !WELL.has(state));
}

function secondsOf(node: NullNode, seconds: number): (at: number) => NodeSecond {
  const random = uniform(node.seed);
  const gauss = normal(random);
  const scale = Math.sqrt(1 - node.phi ** 2);
  let wander = gauss();
  let pool = 0;
  return (at) => {
    wander = node.phi * wander + scale * gauss();
    if (node.day === 'pool') pool = POOL_PHI * pool + Math.sqrt(1 - POOL_PHI ** 2) * gauss();
    const eightHours = at > seconds / 3 && at < (seconds * 2) / 3;
    const night = node.day === 'night' && eightHours;
    const quiet = node.day === 'quiet' ? quietShare(at / seconds) : 1;
    const count = poisson(night ? NIGHT_RATE : node.rate * quiet, random, gauss);
    const outlier = node.day === 'outliers' && at % 97 === 5 ? OUTLIER : 1;
    const factor =
      node.shape === 'exponential'
        ? Math.exp(node.noise * wander)
        : Math.max(0.02, 1 + node.noise * wander);
    const meanUs = node.meanMs * 1_000 * factor * outlier;
    const [sum, squares] = answersOf(count, meanUs, node.answers, random, gauss);
    const startUs = START_US + at * SECOND_US;
    return {
      ...emptySecond('null', node.role, startUs),
      requests: count,
      answers: count,
      timedCount: count,
      durationSumUs: sum,
      durationSquaresSum: squares,
      connectionsOpen: Math.max(1, Math.round(CONNECTIONS * (1 + POOL_NOISE * pool))),
      connectionsInTransaction: night ? 0 : 1,
      outstanding: Math.min(CONNECTIONS, Math.round((count * meanUs) / SECOND_US)),
      outstandingAgeMaxUs: count > 0 ? meanUs : 0,
      bytes: count * 400,
    };
  };
}

/** At noon of a quiet day a fiftieth of the traffic, at its ends all of it. */
function quietShare(ofDay: number): number {
  return QUIET_SHARE ** Math.sin(Math.PI * ofDay);
}

function poisson(rate: number, random: () => number, gauss: () => number): number {
  if (rate > 30) return Math.max(0, Math.round(rate + Math.sqrt(rate) * gauss()));
  const limit = Math.exp(-rate);
  let count = 0;
  for (let product = random(); product > limit; product *= random()) count++;
  return count;
}

/** Sum and sum of squares of gamma-distributed answers: of many by the normal approximation of both. */
function answersOf(
  count: number,
  meanUs: number,
  deviation: number,
  random: () => number,
  gauss: () => number,
): [number, number] {
  if (count === 0) return [0, 0];
  if (deviation === 0) return [count * meanUs, count * meanUs ** 2];
  if (count > 30) {
    const mean = meanUs * (1 + (deviation / Math.sqrt(count)) * gauss());
    const variance = (deviation * meanUs) ** 2 * (1 + Math.sqrt(8 / count) * gauss());
    return [count * mean, count * (mean ** 2 + Math.max(0, variance))];
  }
  let [sum, squares] = [0, 0];
  for (let index = 0; index < count; index++) {
    const value = meanUs * (1 - deviation + deviation * -Math.log(1 - random()));
    sum += value;
    squares += value ** 2;
  }
  return [sum, squares];
}

/** Seconds of made-up nodes: a database under steady load whose health is known, and changes to it. */
import { emptySecond } from '../../../analysis/health/each-second.ts';
import type { HealthSettings } from '../../../analysis/health/settings.ts';
import type { Seasons } from '../../../analysis/health/seasons.ts';
import { statesOf } from '../../../analysis/health/states.ts';
import type { HealthInterval, NodeRole, NodeSecond } from '../../../src/events/health.ts';
import { autocorrelated, normal, uniform } from '../random.ts';
import { SECOND_US } from '../../../src/core/time.ts';
import { nodeSecondsOf } from './node-columns.ts';

export const START_US = 1_795_228_200_000_000;

export interface Traffic {
  readonly seconds: number;
  readonly seed: number;
  readonly role?: NodeRole;
  /** Requests per second, in the mean. */
  readonly rate?: number;
  /** Mean response time in microseconds. */
  readonly responseUs?: number;
  /** Autocorrelation of the noise of the response time, and its deviation as a share of the mean. */
  readonly phi?: number;
  readonly noise?: number;
  readonly connections?: number;
}

/** Exponential response times around a level that wanders, Poisson arrivals. */
export function trafficOf(traffic: Traffic): NodeSecond[] {
  const { rate = 50, responseUs = 2_000, phi = 0.5, noise = 0.15, connections = 8 } = traffic;
  const gauss = normal(uniform(traffic.seed));
  const level = autocorrelated(traffic.seconds, phi, gauss);
  return level.map((deviation, index) => {
    const count = Math.max(0, Math.round(rate + Math.sqrt(rate) * gauss()));
    const meanUs = responseUs * Math.exp(noise * deviation);
    const drawn = count === 0 ? 0 : Math.max(0.05, 1 + gauss() / Math.sqrt(count));
    return {
      ...emptySecond('10.0.0.1:5432', traffic.role ?? 'server', START_US + index * SECOND_US),
      requests: count,
      answers: count,
      timedCount: count,
      durationSumUs: count * meanUs * drawn,
      durationSquaresSum: 2 * count * (meanUs * drawn) ** 2,
      connectionsOpen: connections,
      outstanding: Math.min(count, 1),
      outstandingAgeMaxUs: count > 0 ? meanUs : 0,
      bytes: count * 400,
    };
  });
}

/** The seconds from `from` on, up to `to`, changed. */
export function changed(
  seconds: readonly NodeSecond[],
  from: number,
  to: number,
  change: (second: NodeSecond, sinceSeconds: number) => Partial<NodeSecond>,
): NodeSecond[] {
  return seconds.map((second, index) =>
    index >= from && index < to ? { ...second, ...change(second, index - from) } : second,
  );
}

/** The states of one node in these seconds, none left out. */
export function statesIn(
  seconds: readonly NodeSecond[],
  settings: HealthSettings,
  seasons?: Seasons,
): HealthInterval[] {
  const fromUs = seconds[0]?.startUs ?? 0;
  const window = { fromUs, toUs: fromUs + seconds.length * SECOND_US };
  return nodeSecondsOf(seconds).flatMap((one) => statesOf(one, window, settings, seasons));
}

/** Second of the stretch in which a moment lies. */
export function secondOf(us: number): number {
  return (us - START_US) / SECOND_US;
}

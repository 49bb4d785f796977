/**
 * The states by the plain definitions of H1 to H5: one minute, a straight line by least squares, fixed thresholds, and no
 * hysteresis. They are shown beside the refined ones (states.ts), which were made because these take a night without
 * traffic for a failure and noise for jitter; and they can be chosen in their place (HealthSettings.definition).
 */
import type { Evidence, HealthState, NodeRole, NodeSecond } from '../../src/events/health.ts';
import type { HealthSettings } from './settings.ts';
import { Stretches } from './stretches.ts';
import { SECOND_US } from '../../src/core/time.ts';
import { evidence } from '../evidence.ts';

const WINDOW_SECONDS = 60;
const EVERY_SECONDS = 10;
/** Fewer seconds with answers have no line. */
const POINTS_MIN = 3;

interface Plain {
  readonly state: HealthState;
  readonly evidence: readonly Evidence[];
}

/** The same as Watch of states.ts, by the plain definitions: judged every ten seconds from the minute before. */
export class PlainWatch {
  readonly #stretches: Stretches;
  readonly #role: NodeRole;
  readonly #settings: HealthSettings;
  readonly #lately: NodeSecond[] = [];
  #seconds = 0;

  constructor(node: { readonly node: string; readonly role: NodeRole }, settings: HealthSettings) {
    this.#stretches = new Stretches(node);
    this.#role = node.role;
    this.#settings = settings;
  }

  second(second: NodeSecond): void {
    this.#lately.push(second);
    if (this.#lately.length > WINDOW_SECONDS) this.#lately.shift();
    this.#seconds++;
    if (this.#seconds % EVERY_SECONDS !== 0 || this.#lately.length < WINDOW_SECONDS) return;
    const { state, evidence } = plainStateOf(this.#lately, this.#role, this.#settings);
    const atUs = second.startUs + SECOND_US;
    const fromUs = atUs - WINDOW_SECONDS * SECOND_US;
    this.#stretches.tell({ state, atUs, fromUs, evidence, learning: false });
  }

  drain() {
    return this.#stretches.drain();
  }
}

/** The worst state that holds of a window of seconds, with the numbers that make it. */
export function plainStateOf(
  seconds: readonly NodeSecond[],
  role: NodeRole,
  settings: HealthSettings,
): Plain {
  const sum = (valueOf: (second: NodeSecond) => number): number =>
    seconds.reduce((total, second) => total + valueOf(second), 0);
  const connections = seconds.reduce((most, one) => Math.max(most, one.connectionsOpen), 0);
  const requests = sum((second) => second.requests);
  const answers = sum((second) => second.answers);
  const counts = [
    evidence('connections in a minute, at most', connections, 'count'),
    evidence('requests in a minute', requests, 'count'),
    evidence('answers in a minute', answers, 'count'),
  ];
  if (connections + requests + answers === 0) return { state: 'down', evidence: counts };
  const asks = role === 'client' ? requests === 0 : requests > 0;
  if (connections > 0 && asks && answers === 0) return { state: 'hang', evidence: counts };
  return byLine(seconds, role, settings);
}

function byLine(seconds: readonly NodeSecond[], role: NodeRole, settings: HealthSettings): Plain {
  const line = lineOf(seconds, responseUs);
  if (line.points >= POINTS_MIN) {
    const { meanUs, deviationUs, slopeUs } = line;
    const growthUs = slopeUs * WINDOW_SECONDS;
    if (meanUs > settings.plainSlowUs)
      return plain('slow', 'mean of the line', meanUs, settings.plainSlowUs);
    if (deviationUs > settings.plainDeviationUs)
      return plain('jitter', 'deviation around the line', deviationUs, settings.plainDeviationUs);
    if (role === 'server' && growthUs > settings.plainGrowthPerMinuteUs)
      return plain('sub_healthy', 'growth in a minute', growthUs, settings.plainGrowthPerMinuteUs);
  }
  if (role === 'client') {
    const lost =
      -lineOf(seconds, ({ connectionsOpen }) => connectionsOpen).slopeUs * WINDOW_SECONDS;
    const threshold = settings.plainConnectionsLossPerMinute;
    if (lost > threshold) {
      return {
        state: 'sub_healthy',
        evidence: [evidence('connections lost in a minute', lost, 'count', threshold)],
      };
    }
  }
  return { state: 'healthy', evidence: [] };
}

/** Undefined in a second without answers. */
function responseUs({ timedCount, durationSumUs }: NodeSecond): number | undefined {
  return timedCount > 0 ? durationSumUs / timedCount : undefined;
}

/** The line by least squares: its mean, its slope in a second, and the root of the mean square around it. */
function lineOf(
  seconds: readonly NodeSecond[],
  valueOf: (second: NodeSecond) => number | undefined,
): { points: number; meanUs: number; slopeUs: number; deviationUs: number } {
  let [points, x, y, xx, xy, yy] = [0, 0, 0, 0, 0, 0];
  for (let at = 0; at < seconds.length; at++) {
    const second = seconds[at];
    const value = second === undefined ? undefined : valueOf(second);
    if (value === undefined) continue;
    points++;
    x += at;
    y += value;
    xx += at * at;
    xy += at * value;
    yy += value * value;
  }
  if (points === 0) return { points, meanUs: 0, slopeUs: 0, deviationUs: 0 };
  const spread = xx - (x * x) / points;
  const slopeUs = spread > 0 ? (xy - (x * y) / points) / spread : 0;
  const around = yy - (y * y) / points - slopeUs * (xy - (x * y) / points);
  return {
    points,
    meanUs: y / points,
    slopeUs,
    deviationUs: Math.sqrt(Math.max(0, around) / points),
  };
}

function plain(state: HealthState, name: string, value: number, threshold: number): Plain {
  return { state, evidence: [evidence(name, value, 'us', threshold)] };
}

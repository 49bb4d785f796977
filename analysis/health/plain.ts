/**
 * The states by the plain definitions of H1 to H5: one minute, a straight line by least squares, fixed thresholds, and no
 * hysteresis. They are shown beside the refined ones (states.ts), which were made because these take a night without
 * traffic for a failure and noise for jitter; and they can be chosen in their place (HealthSettings.definition).
 */
import type { Evidence, HealthState, NodeRole, NodeSecond } from '../../src/events/health.ts';
import { Lately } from './lately.ts';
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
  readonly #lately = new Lately();
  #seconds = 0;

  constructor(node: { readonly node: string; readonly role: NodeRole }, settings: HealthSettings) {
    this.#stretches = new Stretches(node);
    this.#role = node.role;
    this.#settings = settings;
  }

  second(second: NodeSecond): void {
    this.#lately.push(second);
    this.#seconds++;
    if (this.#seconds % EVERY_SECONDS !== 0 || this.#lately.count < WINDOW_SECONDS) return;
    const { state, evidence } = plainStateOf(this.#lately, this.#role, this.#settings);
    const atUs = second.startUs + SECOND_US;
    const fromUs = atUs - WINDOW_SECONDS * SECOND_US;
    this.#stretches.tell({ state, atUs, fromUs, evidence, learning: false });
  }

  drain() {
    return this.#stretches.drain();
  }
}

/** The worst state that holds of the last minute, with the numbers that make it. */
export function plainStateOf(seconds: Lately, role: NodeRole, settings: HealthSettings): Plain {
  const connections = seconds.greatestOfLast(seconds.connectionsOpen, WINDOW_SECONDS);
  const requests = seconds.sumOfLast(seconds.requests, WINDOW_SECONDS);
  const answers = seconds.sumOfLast(seconds.answers, WINDOW_SECONDS);
  const isDown = connections + requests + answers === 0;
  const asks = role === 'client' ? requests === 0 : requests > 0;
  if (!isDown && !(connections > 0 && asks && answers === 0))
    return byLine(seconds, role, settings);
  return {
    state: isDown ? 'down' : 'hang',
    evidence: [
      evidence('connections in a minute, at most', connections, 'count'),
      evidence('requests in a minute', requests, 'count'),
      evidence('answers in a minute', answers, 'count'),
    ],
  };
}

function byLine(seconds: Lately, role: NodeRole, settings: HealthSettings): Plain {
  const line = lineOf(seconds, seconds.durationSumUs, seconds.timedCount);
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
    const lost = -lineOf(seconds, seconds.connectionsOpen).slopeUs * WINDOW_SECONDS;
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

/**
 * The line by least squares: its mean, its slope in a second, and the root of the mean square around it.
 * @param counts what each sum is divided by: a second of none has no place on the line
 */
function lineOf(
  seconds: Lately,
  sums: Float64Array,
  counts?: Float64Array,
): { points: number; meanUs: number; slopeUs: number; deviationUs: number } {
  // One by one: taken out of a list, each number of the loop would be an object.
  let points = 0;
  let x = 0;
  let y = 0;
  let xx = 0;
  let xy = 0;
  let yy = 0;
  const first = seconds.firstOf(WINDOW_SECONDS);
  for (let at = 0; first + at < seconds.end; at++) {
    const count = counts === undefined ? 1 : (counts[first + at] ?? 0);
    if (!(count > 0)) continue;
    const value = (sums[first + at] ?? 0) / count;
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

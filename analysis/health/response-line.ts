/**
 * The line through the response times of the last minute, from which H5 (slow: where it lies) and H3 (jitter: how far the
 * seconds lie from it) are judged. A second without answers has no response time and no place on the line.
 */
import type { NodeSecond } from '../../src/events/health.ts';
import { medianInPlace } from '../statistics/median.ts';
import { type Line, theilSenLineOf } from '../statistics/theil-sen.ts';

/** What the line is drawn through: the last minute. */
export const LINE_SECONDS = 60;
/** Fewer seconds with answers make no line. */
const SECONDS_MIN = 20;
/** Jitter is judged from seconds with this many answers, and from so many of them. */
const ANSWERS_MIN = 5;
const JITTER_SECONDS_MIN = 30;
/** Without the worst half of the minute so many of them must be left. */
const JITTER_SECONDS_LEFT = 10;
const BLOCK_SECONDS = 30;

export interface ResponseLine {
  /** Height of the line in the middle of the minute, in microseconds. */
  readonly meanUs: number;
  /**
   * Deviation of the seconds around the line beyond what sampling explains, as a share of the mean; undefined when there
   * are too few answers to say. The worst half of the minute is left out: a single excursion is no jitter.
   */
  readonly jitter: number | undefined;
  /** The plain definition: deviation of the seconds' means around the line, in microseconds. */
  readonly deviationUs: number;
}

/** The points of one line, used by one line after the other: when, mean, answers, variance within the second. */
const at = new Float64Array(LINE_SECONDS);
const means = new Float64Array(LINE_SECONDS);
const counts = new Float64Array(LINE_SECONDS);
const variances = new Float64Array(LINE_SECONDS);
const residuals = new Float64Array(LINE_SECONDS);

/** What makes a minute calm: whatever its line were, it would be good. */
export interface Calm {
  /** Every second but one lies below this. */
  readonly secondUs: number;
  /** Or their median lies below this, and the deviation around it is a smaller share of it than `jitter`. */
  readonly medianUs: number;
  readonly jitter: number;
}

/**
 * Of at most 60 seconds, the last ones. Undefined for too few seconds with answers. A calm minute is judged by its median
 * in place of a line: lines of all minutes of all nodes cost ten times as much.
 */
export function responseLineOf(
  seconds: readonly NodeSecond[],
  calm: Calm,
): ResponseLine | undefined {
  const points = gather(seconds);
  if (points < SECONDS_MIN) return undefined;
  const median = level(points);
  const around = lineFrom(median, points);
  let loud = 0;
  for (let index = 0; index < points; index++) {
    if ((means[index] ?? 0) >= calm.secondUs) loud++;
  }
  const isCalm =
    loud <= 1 || (median.intercept < calm.medianUs && (around.jitter ?? 0) < calm.jitter);
  if (isCalm) return around;
  const line = theilSenLineOf(at, means, 0, points);
  return line === undefined ? undefined : lineFrom(line, points);
}

function lineFrom(line: Line, points: number): ResponseLine {
  let [squares, atSum] = [0, 0];
  for (let index = 0; index < points; index++) {
    const residual = (means[index] ?? 0) - (line.intercept + line.slope * (at[index] ?? 0));
    residuals[index] = residual;
    squares += residual ** 2;
    atSum += at[index] ?? 0;
  }
  const meanUs = Math.max(0, line.intercept + (line.slope * atSum) / points);
  return {
    meanUs,
    jitter: jitterOf(points, meanUs),
    deviationUs: Math.sqrt(squares / (points - 2)),
  };
}

/** Fills the points and says how many there are. */
function gather(seconds: readonly NodeSecond[]): number {
  const first = Math.max(0, seconds.length - LINE_SECONDS);
  let points = 0;
  for (let index = first; index < seconds.length; index++) {
    const second = seconds[index];
    if (second === undefined || second.timedCount === 0) continue;
    const { timedCount: count, durationSumUs, durationSquaresSum } = second;
    const meanUs = durationSumUs / count;
    const variance = count > 1 ? Math.max(0, durationSquaresSum / count - meanUs ** 2) : 0;
    at[points] = index - first;
    means[points] = meanUs;
    counts[points] = count;
    variances[points] = (variance * count) / Math.max(1, count - 1);
    points++;
  }
  return points;
}

function level(points: number): Line {
  for (let index = 0; index < points; index++) residuals[index] = means[index] ?? 0;
  return { slope: 0, intercept: medianInPlace(residuals, points) };
}

/**
 * J = sqrt(max(0, S2 - V)) / M with S2 = k/(k-2) sum(n e2)/sum(n), the variance around the line weighted by answers, and
 * V = k/(k-2) sum(n (s2/n))/sum(n), the part of it that the mean of n answers with variance s2 has in perfect health.
 *
 * The half minute in which it is worst is left out: the jackknife, by blocks, since neighbours resemble each other and
 * leaving out single seconds would not do. What shows in one half of the minute alone is one excursion, or a step to
 * another level, and no jitter. The furthest second is left out before: a single one does not use up the half.
 */
function jitterOf(points: number, meanUs: number): number | undefined {
  const furthest = furthestOf(points);
  let [dense, weights, excess] = [0, 0, 0];
  let worst = { dense: 0, weights: 0, excess: -Infinity };
  let [oldest, heldDense, heldWeights, heldExcess] = [0, 0, 0, 0];
  for (let index = 0; index < points; index++) {
    while ((at[oldest] ?? 0) <= (at[index] ?? 0) - BLOCK_SECONDS) {
      const count = counts[oldest] ?? 0;
      if (count >= ANSWERS_MIN && oldest !== furthest) {
        heldDense--;
        heldWeights -= count;
        heldExcess -= excessOf(oldest);
      }
      oldest++;
    }
    const count = counts[index] ?? 0;
    if (count < ANSWERS_MIN || index === furthest) continue;
    const own = excessOf(index);
    dense++;
    weights += count;
    excess += own;
    heldDense++;
    heldWeights += count;
    heldExcess += own;
    if (heldExcess > worst.excess)
      worst = { dense: heldDense, weights: heldWeights, excess: heldExcess };
  }
  if (dense + 1 < JITTER_SECONDS_MIN || !(meanUs > 0)) return undefined;
  const k = dense - worst.dense;
  if (k < JITTER_SECONDS_LEFT) return undefined;
  const variance = ((excess - worst.excess) / (weights - worst.weights)) * (k / (k - 2));
  return Math.sqrt(Math.max(0, variance)) / meanUs;
}

function furthestOf(points: number): number {
  let furthest = -1;
  for (let index = 0; index < points; index++) {
    if ((counts[index] ?? 0) < ANSWERS_MIN) continue;
    if (Math.abs(residuals[index] ?? 0) > Math.abs(residuals[furthest] ?? 0)) furthest = index;
  }
  return furthest;
}

/** Of one second, times its answers: its squared distance from the line, less what chance makes of that. */
function excessOf(index: number): number {
  return (counts[index] ?? 0) * (residuals[index] ?? 0) ** 2 - (variances[index] ?? 0);
}

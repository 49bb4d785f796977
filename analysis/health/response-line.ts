/**
 * The line through the response times of the last minute, from which H5 (slow: where it lies) and H3 (jitter: how far the
 * seconds lie from it) are judged. A second without answers has no response time and no place on the line.
 */
import { medianInPlace } from '../statistics/median.ts';
import { type Line, theilSenLineOf } from '../statistics/theil-sen.ts';
import type { Lately } from './lately.ts';

/** What the line is drawn through: the last minute. */
const LINE_SECONDS = 60;
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
/** Of the points that jitter is judged from: answers, 0 at the others, and what speaks of jitter. */
const weights = new Float64Array(LINE_SECONDS);
const excesses = new Float64Array(LINE_SECONDS);

/** What makes a minute calm: whatever its line were, it would be good. */
export interface Calm {
  /** Every second but one lies below this. */
  readonly secondUs: number;
  /** Or their median lies below this, and the deviation around it is a smaller share of it than `jitter`. */
  readonly medianUs: number;
  readonly jitter: number;
}

/**
 * Of the last minute. Undefined for too few seconds with answers. A calm minute is judged by its median
 * in place of a line: lines of all minutes of all nodes cost ten times as much.
 */
export function responseLineOf(seconds: Lately, calm: Calm): ResponseLine | undefined {
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
  // One by one: taken out of a list, each number of the loop would be an object.
  let squares = 0;
  let atSum = 0;
  for (let index = 0; index < points; index++) {
    const residual = (means[index] ?? 0) - (line.intercept + line.slope * (at[index] ?? 0));
    residuals[index] = residual;
    squares += residual * residual;
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
function gather({
  timedCount,
  durationSumUs,
  durationSquaresSum,
  end,
  count: known,
}: Lately): number {
  const first = end - known;
  let points = 0;
  for (let index = first; index < end; index++) {
    const count = timedCount[index] ?? 0;
    if (count === 0) continue;
    const meanUs = (durationSumUs[index] ?? 0) / count;
    const variance =
      count > 1 ? Math.max(0, (durationSquaresSum[index] ?? 0) / count - meanUs * meanUs) : 0;
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
  const dense = weigh(points);
  if (dense + 1 < JITTER_SECONDS_MIN || !(meanUs > 0)) return undefined;
  let weight = 0;
  let excess = 0;
  // Of the half minute that ends at the point looked at, and of the worst one.
  let oldest = 0;
  let held = 0;
  let heldWeight = 0;
  let heldExcess = 0;
  let worst = 0;
  let worstWeight = 0;
  let worstExcess = -Infinity;
  for (let index = 0; index < points; index++) {
    const count = weights[index] ?? 0;
    if (count === 0) continue;
    for (; (at[oldest] ?? 0) <= (at[index] ?? 0) - BLOCK_SECONDS; oldest++) {
      if (weights[oldest] === 0) continue;
      held--;
      heldWeight -= weights[oldest] ?? 0;
      heldExcess -= excesses[oldest] ?? 0;
    }
    const own = excesses[index] ?? 0;
    weight += count;
    excess += own;
    held++;
    heldWeight += count;
    heldExcess += own;
    if (heldExcess > worstExcess) {
      worst = held;
      worstWeight = heldWeight;
      worstExcess = heldExcess;
    }
  }
  const k = dense - worst;
  if (k < JITTER_SECONDS_LEFT) return undefined;
  const variance = ((excess - worstExcess) / (weight - worstWeight)) * (k / (k - 2));
  return Math.sqrt(Math.max(0, variance)) / meanUs;
}

/** Fills the weights and excesses, those of the furthest point with zeros, and says how many points have some. */
function weigh(points: number): number {
  let dense = 0;
  let furthest = -1;
  let distance = 0;
  for (let index = 0; index < points; index++) {
    const count = counts[index] ?? 0;
    weights[index] = 0;
    if (count < ANSWERS_MIN) continue;
    const residual = residuals[index] ?? 0;
    if (Math.abs(residual) > distance) {
      distance = Math.abs(residual);
      furthest = index;
    }
    weights[index] = count;
    // Of one second, times its answers: its squared distance from the line, less what chance makes of that.
    excesses[index] = count * (residual * residual) - (variances[index] ?? 0);
    dense++;
  }
  if (furthest < 0) return dense;
  weights[furthest] = 0;
  return dense - 1;
}

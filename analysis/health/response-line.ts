/**
 * The line through the response times of the last minute, from which H5 (slow: where it lies) and H3 (jitter: how far the
 * seconds lie from it) are judged. A second without answers has no response time and no place on the line.
 */
import { median } from 'simple-statistics';
import type { NodeSecond } from '../../src/events/health.ts';
import { theilSenLine } from '../statistics/theil-sen.ts';

/** Fewer seconds with answers make no line. */
const SECONDS_MIN = 20;
/** Jitter is judged from seconds with this many answers, and from so many of them. */
const ANSWERS_MIN = 5;
const JITTER_SECONDS_MIN = 30;

export interface ResponseLine {
  /** Height of the line in the middle of the minute, in microseconds. */
  readonly meanUs: number;
  /**
   * Deviation of the seconds around the line beyond what sampling explains, as a share of the mean; undefined when there
   * are too few answers to say. The furthest second is left out: a single one is no jitter.
   */
  readonly jitter: number | undefined;
  /** The plain definition: deviation of the seconds' means around the line, in microseconds. */
  readonly deviationUs: number;
}

interface Point {
  readonly at: number;
  readonly meanUs: number;
  readonly count: number;
  /** Variance of the durations within the second. */
  readonly variance: number;
}

/**
 * Undefined for too few seconds with answers. A minute in which every second but one stays below `calmUs` is judged by its
 * median in place of a line: whatever the line were, it would be good, and lines of all minutes of all nodes cost ten
 * times as much.
 */
export function responseLineOf(
  seconds: readonly NodeSecond[],
  calmUs: number,
): ResponseLine | undefined {
  const points = seconds.flatMap((second, at) => pointOf(second, at));
  if (points.length < SECONDS_MIN) return undefined;
  const loud = points.filter((point) => point.meanUs >= calmUs).length;
  const line =
    loud <= 1
      ? { slope: 0, intercept: median(points.map((point) => point.meanUs)) }
      : theilSenLine(
          points.map(({ at }) => at),
          points.map((point) => point.meanUs),
        );
  if (line === undefined) return undefined;
  const residualOf = ({ at, meanUs }: Point): number => meanUs - (line.intercept + line.slope * at);
  const meanAt = points.reduce((sum, { at }) => sum + at, 0) / points.length;
  const meanUs = Math.max(0, line.intercept + line.slope * meanAt);
  return {
    meanUs,
    jitter: jitterOf(points, residualOf, meanUs),
    deviationUs: Math.sqrt(
      points.reduce((sum, point) => sum + residualOf(point) ** 2, 0) / (points.length - 2),
    ),
  };
}

function pointOf(second: NodeSecond, at: number): Point[] {
  const { timedCount: count, durationSumUs, durationSquaresSum } = second;
  if (count === 0) return [];
  const meanUs = durationSumUs / count;
  const variance = count > 1 ? Math.max(0, durationSquaresSum / count - meanUs ** 2) : 0;
  return [{ at, meanUs, count, variance: (variance * count) / Math.max(1, count - 1) }];
}

/**
 * J = sqrt(max(0, S2 - V)) / M with S2 = k/(k-2) sum(n e2)/sum(n), the variance around the line weighted by answers, and
 * V = k/(k-2) sum(n (s2/n))/sum(n), the part of it that the mean of n answers with variance s2 has in perfect health.
 */
function jitterOf(
  points: readonly Point[],
  residualOf: (point: Point) => number,
  meanUs: number,
): number | undefined {
  const dense = points.filter(({ count }) => count >= ANSWERS_MIN);
  if (dense.length < JITTER_SECONDS_MIN || !(meanUs > 0)) return undefined;
  const furthest = dense.reduce((a, b) =>
    Math.abs(residualOf(b)) > Math.abs(residualOf(a)) ? b : a,
  );
  let weights = 0;
  let around = 0;
  let sampling = 0;
  for (const point of dense) {
    if (point === furthest) continue;
    weights += point.count;
    around += point.count * residualOf(point) ** 2;
    sampling += point.variance;
  }
  const k = dense.length - 1;
  const excess = ((around - sampling) / weights) * (k / (k - 2));
  return Math.sqrt(Math.max(0, excess)) / meanUs;
}

/**
 * The Theil-Sen line: the median of the slopes between all pairs of points, which a few wild points cannot bend
 * (up to 29 % of them may be arbitrary). Sources: H. Theil 1950; P. K. Sen, JASA 63 (1968) 1379-1389.
 */
import { medianInPlace } from './median.ts';

/** Pairs grow with the square of the points: 512 points are 130,816 slopes. */
export const POINTS_MAX = 512;

export interface Line {
  readonly slope: number;
  readonly intercept: number;
}

/** The points, then slopes, then intercepts: used by one call after the other, so that a line costs no memory. */
const xs = new Float64Array(POINTS_MAX);
const ys = new Float64Array(POINTS_MAX);
let scratch = new Float64Array(2048);

/**
 * The line through the points (x[i], y[i]); undefined without two different x. The intercept is the median of
 * y - slope * x. Of more than POINTS_MAX points only the newest, that is the last, are taken.
 */
export function theilSenLine(x: ArrayLike<number>, y: ArrayLike<number>): Line | undefined {
  return theilSenLineOf(x, y, Math.max(0, x.length - POINTS_MAX), x.length);
}

/** The same of the points from `start` on and before `end`, at most POINTS_MAX of them. */
export function theilSenLineOf(
  x: ArrayLike<number>,
  y: ArrayLike<number>,
  start: number,
  end: number,
): Line | undefined {
  const points = end - start;
  const pairs = (points * (points - 1)) / 2;
  if (scratch.length < pairs) scratch = new Float64Array(pairs);
  const values = scratch;
  // Copied first: pairs read from arrays of several kinds take twice as long, and an object for each number.
  for (let index = 0; index < points; index++) {
    xs[index] = x[start + index] ?? 0;
    ys[index] = y[start + index] ?? 0;
  }
  let count = 0;
  for (let i = 0; i < points; i++) {
    const xi = xs[i] ?? 0;
    const yi = ys[i] ?? 0;
    for (let j = i + 1; j < points; j++) {
      const slope = ((ys[j] ?? 0) - yi) / ((xs[j] ?? 0) - xi);
      // Equal x have no slope; what is no number has no place (the difference of infinities is none).
      if (slope - slope === 0) values[count++] = slope;
    }
  }
  if (count === 0) return undefined;
  const slope = medianInPlace(values, count);
  count = 0;
  for (let index = 0; index < points; index++) {
    const intercept = (ys[index] ?? 0) - slope * (xs[index] ?? 0);
    if (Number.isFinite(intercept)) values[count++] = intercept;
  }
  return { slope, intercept: medianInPlace(values, count) };
}

/**
 * The Theil-Sen line: the median of the slopes between all pairs of points, which a few wild points cannot bend
 * (up to 29 % of them may be arbitrary). Sources: H. Theil 1950; P. K. Sen, JASA 63 (1968) 1379-1389.
 */
import { median } from 'simple-statistics';

/** Pairs grow with the square of the points: 512 points are 130,816 slopes. */
export const POINTS_MAX = 512;

export interface Line {
  readonly slope: number;
  readonly intercept: number;
}

/**
 * The line through the points (x[i], y[i]); undefined without two different x. The intercept is the median of
 * y - slope * x. Of more than POINTS_MAX points only the newest, that is the last, are taken.
 */
export function theilSenLine(x: readonly number[], y: readonly number[]): Line | undefined {
  const xs = x.slice(-POINTS_MAX);
  const ys = y.slice(-POINTS_MAX);
  const slopes: number[] = [];
  for (const [i, xi] of xs.entries()) {
    for (let j = i + 1; j < xs.length; j++) {
      const slope = ((ys[j] ?? 0) - (ys[i] ?? 0)) / ((xs[j] ?? 0) - xi);
      // Equal x have no slope; and simple-statistics' median never ends when a value is not a number.
      if (Number.isFinite(slope)) slopes.push(slope);
    }
  }
  if (slopes.length === 0) return undefined;
  const slope = median(slopes);
  const intercepts = ys.map((yi, index) => yi - slope * (xs[index] ?? 0));
  return { slope, intercept: median(intercepts.filter(Number.isFinite)) };
}

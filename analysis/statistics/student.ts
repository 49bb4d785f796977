/** Quantiles of Student's t far out in its tail: how many deviations are beyond chance when the deviation itself is a guess. */

/**
 * The t of `freedom` degrees of freedom that is as improbable as `z` of a normal distribution: t² = f (exp(z² c) - 1) with
 * c = (f - 1.5) / (f - 1)² (Gaver and Kafadar, American Statistician 38 (1984) 308; too large by at most a seventh where z
 * is 5 and f 9 or more, and closer with more). Fewer than three degrees are taken for three.
 */
export function studentOf(z: number, freedom: number): number {
  const f = Math.max(3, freedom);
  return Math.sqrt(f * Math.expm1((z ** 2 * (f - 1.5)) / (f - 1) ** 2));
}

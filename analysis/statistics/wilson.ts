/** Bounds of a share of few: Wilson, J. American Statistical Association 22 (1927) 209, 95 %. */

/** Both bounds hold at once in 95 of 100 cases. */
const TWO_SIDED = 1.96;
/** The lower bound alone holds in 95 of 100 cases. */
export const ONE_SIDED = 1.645;

/** The lower bound of the true share, where `share` of `n` were counted; 0 without any. */
export function wilsonLower(share: number, n: number, z = TWO_SIDED): number {
  if (!(n > 0)) return 0;
  const z2 = z * z;
  const middle = share + z2 / (2 * n);
  const spread = z * Math.sqrt((share * (1 - share)) / n + z2 / (4 * n * n));
  return Math.max(0, (middle - spread) / (1 + z2 / n));
}

/** Bounds of a share of few: Wilson, J. American Statistical Association 22 (1927) 209, two-sided 95 %. */

const Z = 1.96;

/** The lower bound of the true share, where `share` of `n` were counted; 0 without any. */
export function wilsonLower(share: number, n: number): number {
  if (!(n > 0)) return 0;
  const z2 = Z * Z;
  const middle = share + z2 / (2 * n);
  const spread = Z * Math.sqrt((share * (1 - share)) / n + z2 / (4 * n * n));
  return Math.max(0, (middle - spread) / (1 + z2 / n));
}

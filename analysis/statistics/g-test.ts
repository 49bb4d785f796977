/** Independence of two yes-or-no properties (Sokal and Rohlf, Biometry, "The G-test of independence"). */

/**
 * @param both observations with both properties @param first, second with each @param all of them
 * @returns the probability of a G as great by chance: chi-square with one degree of freedom, continuity not corrected
 */
export function independenceP(both: number, first: number, second: number, all: number): number {
  const cells = [
    [both, first * second],
    [first - both, first * (all - second)],
    [second - both, (all - first) * second],
    [all - first - second + both, (all - first) * (all - second)],
  ] as const;
  let g = 0;
  for (const [observed, product] of cells) {
    if (observed > 0) g += 2 * observed * Math.log((observed * all) / product);
  }
  return complementaryError(Math.sqrt(Math.max(0, g) / 2));
}

/** erfc, with a fractional error below 1.2e-7 everywhere (Numerical Recipes, "Incomplete Gamma Function", erfcc). */
function complementaryError(x: number): number {
  const t = 1 / (1 + x / 2);
  const powers = [
    -1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398,
    1.48851587, -0.82215223, 0.17087277,
  ];
  let sum = 0;
  for (const factor of powers.reverse()) sum = sum * t + factor;
  return t * Math.exp(-x * x + sum);
}

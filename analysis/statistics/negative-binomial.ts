/**
 * How improbable a count is, given the mean and the variance of counts before it. Counts of errors vary more than those
 * of a Poisson process (they come in groups), which the negative binomial distribution allows for: mean m, variance
 * m + m*m/r. With a variance not above the mean it is Poisson's.
 *
 * P(k) = Gamma(k + r) / (k! Gamma(r)) * (1 - q)^r * q^k with q = m / (m + r), so P(k + 1) / P(k) = q (k + r) / (k + 1)
 * (Johnson, Kemp and Kotz, Univariate Discrete Distributions, 2005, chapter 5).
 */
import { gammaln } from 'simple-statistics';

/** Terms of the tail beyond which the sum does not change any more. */
const NEGLIGIBLE = 1e-12;
const TERMS_MAX = 100_000;
/** Beyond this size r makes no difference to Poisson's, and its logarithms would cancel each other out. */
const SIZE_MAX = 1e7;

export interface CountLaw {
  readonly mean: number;
  readonly variance: number;
}

/** P(X >= count); 1 where the count is not above the mean, for only the upper tail is asked for. */
export function upperTail({ mean, variance }: CountLaw, count: number): number {
  if (!(count > mean)) return 1;
  if (!(mean > 0)) return 0;
  const size = variance > mean ? (mean * mean) / (variance - mean) : Number.POSITIVE_INFINITY;
  const poisson = size > SIZE_MAX;
  const q = poisson ? 0 : mean / (mean + size);
  const logFirst = poisson
    ? count * Math.log(mean) - mean - gammaln(count + 1)
    : gammaln(count + size) -
      gammaln(count + 1) -
      gammaln(size) +
      size * Math.log1p(-q) +
      count * Math.log(q);
  let term = 1;
  let sum = 1;
  for (let k = count; k < count + TERMS_MAX; k++) {
    term *= poisson ? mean / (k + 1) : (q * (k + size)) / (k + 1);
    sum += term;
    if (term < NEGLIGIBLE * sum) break;
  }
  return Math.min(1, Math.exp(logFirst) * sum);
}

/** The smallest count whose upper tail is below `probability`. */
export function improbableCount(law: CountLaw, probability: number): number {
  let low = Math.floor(law.mean);
  let step = 1;
  while (upperTail(law, low + step) >= probability) {
    low += step;
    step *= 2;
  }
  let high = low + step;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (upperTail(law, middle) >= probability) low = middle;
    else high = middle;
  }
  return high;
}

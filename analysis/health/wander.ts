/**
 * How far the response time of a node that is well wanders from its level, at any time scale: what a level of two minutes
 * is compared with is the spread of levels of two minutes, not that of seconds. In logarithms, since response times
 * vary by factors.
 *
 * Neighbouring bins resemble each other, so that w of them tell less than w: the variance of their mean is
 *   s²/w (1 + 2 sum over k < w of (1 - k/w) phi^k)                    (AR(1); Box and Jenkins, Time Series Analysis, 2.1)
 * with s from the quartiles. Noise of which a part is much slower than the rest resembles its neighbour little and lasts
 * nevertheless: so the spread of the means of w bins is also looked at itself, and the larger one taken.
 *
 * The spread itself is known as well as so many bins tell it: (1 - phi) / (1 + phi) of them are worth an independent one
 * (Bayley and Hammersley, J. Royal Statistical Society Supplement 8 (1946) 184), and quartiles use 0.37 of them. With few
 * of these the tail is Student's.
 */
import { effectiveCount, firstAutocorrelation } from '../statistics/autocorrelation.ts';
import { studentOf } from '../statistics/student.ts';

/** Of a normal distribution the quartiles lie so many standard deviations from the median. */
const QUARTILE = 0.6745;
/** Efficiency of the interquartile range as an estimate of the standard deviation. */
export const QUARTILE_EFFICIENCY = 0.37;
/** A median varies so much more than a mean does, in variance. */
const MEDIAN_VARIANCE = Math.PI / 2;

export class Wander {
  readonly #values: readonly number[];
  #logs: readonly number[] | undefined = undefined;
  #spread: number | undefined = undefined;
  #autocorrelation: number | undefined = undefined;
  readonly #spreads = new Map<number, number>();

  /** @param values one a bin, greater than 0, in order of time, of times in which all was well */
  constructor(values: readonly number[]) {
    this.#values = values;
  }

  /** Of most nodes nobody asks: what is well within its thresholds needs no wander. */
  get #logarithms(): readonly number[] {
    return (this.#logs ??= this.#values.map((value) => Math.log(value)));
  }

  /**
   * By which factor a level of `bins` bins must lie above the usual to be beyond what wandering does once in a chance of `z`
   * deviations of a normal distribution.
   * @param chance mean of Bin.chance of these bins
   */
  factorBeyond(z: number, bins: number, chance: number): number {
    const spread = Math.hypot(this.spreadOf(bins), Math.sqrt((MEDIAN_VARIANCE * chance) / bins));
    return Math.exp(studentOf(z, this.freedom) * spread);
  }

  /** Standard deviation of the logarithm of a level of so many bins. */
  spreadOf(bins: number): number {
    const known = this.#spreads.get(bins);
    if (known !== undefined) return known;
    const phi = this.autocorrelation;
    let sum = 1;
    for (let k = 1; k < bins; k++) sum += 2 * (1 - k / bins) * phi ** k;
    this.#spread ??= quartileSpread(this.#logarithms);
    const spread = Math.max(
      this.#spread * Math.sqrt((MEDIAN_VARIANCE * sum) / bins),
      quartileSpread(movingMeans(this.#logarithms, bins)),
    );
    this.#spreads.set(bins, spread);
    return spread;
  }

  /** How much a bin resembles the one before it. */
  get autocorrelation(): number {
    return (this.#autocorrelation ??= firstAutocorrelation(this.#logarithms));
  }

  /** Degrees of freedom of the spread. */
  get freedom(): number {
    return QUARTILE_EFFICIENCY * effectiveCount(this.#values.length, this.autocorrelation);
  }
}

/** The larger of what the half around the median, and what the quarter above it, says of the standard deviation. */
export function quartileSpread(values: readonly number[]): number {
  const sorted = Float64Array.from(values).sort();
  const at = (share: number): number => sorted[Math.round(share * (sorted.length - 1))] ?? 0;
  const [low, middle, high] = [at(0.25), at(0.5), at(0.75)];
  return Math.max((high - low) / 2, high - middle) / QUARTILE;
}

function movingMeans(values: readonly number[], width: number): number[] {
  const means: number[] = [];
  let sum = 0;
  for (const [index, value] of values.entries()) {
    sum += value - (index >= width ? (values[index - width] ?? 0) : 0);
    if (index >= width - 1) means.push(sum / width);
  }
  return means;
}

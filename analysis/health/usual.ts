/** What a figure usually is, and how far from that it usually lies. */
import { deviationAround, medianOf } from '../statistics/median.ts';

export interface Usual {
  readonly median: number;
  /** Scaled to a standard deviation. */
  readonly deviation: number;
}

/**
 * Median and median absolute deviation. Computed when they are first asked for: of a node that is well within its
 * thresholds nobody asks for most of them, and they were a quarter of what its states cost.
 */
export class RobustUsual implements Usual {
  readonly #values: () => readonly number[];
  #median: number | undefined = undefined;
  #deviation: number | undefined = undefined;

  /** @param values at least one, at most 1,024; the same whenever they are asked for */
  constructor(values: () => readonly number[]) {
    this.#values = values;
  }

  get median(): number {
    return (this.#median ??= medianOf(this.#values()));
  }

  get deviation(): number {
    return (this.#deviation ??= deviationAround(this.median, this.#values()));
  }
}

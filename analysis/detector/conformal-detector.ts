/**
 * Anomalies in one series, whatever it measures: how strange is the newest stretch of values, compared with how strange
 * stretches have been lately? Strangeness is the sum of the distances to the k nearest stretches of a training window
 * (Mahalanobis distance between stretches of 19 values); its rank among the strangenesses that followed the training
 * window is the score, so that a score says the same on any series: 0.99 is stranger than 99 of 100.
 *
 * Source: E. Burnaev, V. Ishimtsev, "Conformalized density- and distance-based anomaly detection in time-series data",
 * arXiv 1608.04585 (lazy drifting conformal detector), with its parameters. What differs: nothing is known beforehand
 * about the length of the series, so the window grows (150, 300, 600 values) instead of being a share of it.
 * A pure fold: a score depends on its own value and on earlier ones only.
 */
import { squaredDistance, type Whitening, whitened, whiteningOf } from './whitening.ts';

const STRETCH_SIZE = 19;
const NEIGHBOURS = 27;
/** Sizes of the training window: it is learnt anew from all that came before when the series has become so long. */
const WINDOW_SIZES = [150, 300, 600];
/** Scores from here on are alarms; an alarm keeps the next fifth of a window quiet, since it is about the same event. */
const ALARM = 0.9965;
const QUIET_SCORE = 0.5;
const QUIET_SHARE = 1 / 5;

/** A stretch as it came, and in the metric of the window. */
interface Stretch {
  readonly values: Float64Array;
  turned: Float64Array;
}

export class ConformalDetector {
  readonly #newest: number[] = [];
  #training: Stretch[] = [];
  /** Those that came after the training window, and will move into it. */
  #waiting: Stretch[] = [];
  #strangeness: number[] = [];
  #whitening: Whitening | undefined = undefined;
  #windowSize = 0;
  #sinceMetric = 0;
  #quiet = 0;
  #count = 0;
  #last = 0;

  /**
   * @param value the next of the series; one that is not a finite number counts as a repetition of the last
   * @returns from 0 to 1; 0 while too little has been seen
   */
  score(value: number): number {
    if (Number.isFinite(value)) this.#last = value;
    this.#count++;
    this.#newest.push(this.#last);
    if (this.#newest.length < STRETCH_SIZE) return 0;
    const values = Float64Array.from(this.#newest);
    this.#newest.shift();
    const stretch = { values, turned: whitened(this.#whitening, values) };
    const rank = this.#windowSize === 0 ? 0 : this.#rank(stretch);
    this.#waiting.push(stretch);
    if (WINDOW_SIZES.includes(this.#count)) this.#learn(this.#count);
    else if (this.#windowSize > 0) this.#slide();
    return this.#quietened(rank);
  }

  #rank(stretch: Stretch): number {
    const strangeness = strangenessOf(stretch, this.#training, NEIGHBOURS);
    const lower = this.#strangeness.reduce((sum, other) => sum + (other < strangeness ? 1 : 0), 0);
    const rank = lower / this.#strangeness.length;
    this.#strangeness.push(strangeness);
    this.#strangeness.shift();
    return rank;
  }

  #quietened(rank: number): number {
    if (this.#quiet > 0) {
      this.#quiet--;
      return Math.min(rank, QUIET_SCORE);
    }
    if (rank >= ALARM) this.#quiet = Math.floor(this.#windowSize * QUIET_SHARE);
    return rank;
  }

  /** Everything so far becomes the training window; each stretch is compared with the others. */
  #learn(size: number): void {
    this.#windowSize = size;
    this.#training = [...this.#training, ...this.#waiting];
    this.#waiting = [];
    this.#turn();
    // Each is its own nearest neighbour, at distance 0.
    this.#strangeness = this.#training.map((one) =>
      strangenessOf(one, this.#training, NEIGHBOURS + 1),
    );
  }

  #slide(): void {
    if (this.#waiting.length > this.#windowSize) {
      const oldest = this.#waiting.shift();
      if (oldest !== undefined) this.#training.push(oldest);
      this.#training.shift();
    }
    this.#sinceMetric++;
    if (this.#sinceMetric >= this.#windowSize / 2) this.#turn();
  }

  /** The metric of the training window as it is now. */
  #turn(): void {
    this.#sinceMetric = 0;
    this.#whitening = whiteningOf(this.#training.map(({ values }) => values)) ?? this.#whitening;
    for (const stretch of [...this.#training, ...this.#waiting])
      stretch.turned = whitened(this.#whitening, stretch.values);
  }
}

/** The sum of the distances to the nearest `count` of the others; of all when there are fewer. */
function strangenessOf(stretch: Stretch, others: readonly Stretch[], count: number): number {
  // In order, nearest first.
  const nearest = new Float64Array(count).fill(Infinity);
  for (const other of others) {
    const distance = squaredDistance(stretch.turned, other.turned);
    if (distance >= (nearest[count - 1] as number)) continue; // The array has `count` places.
    let place = count - 1;
    for (; place > 0 && (nearest[place - 1] as number) > distance; place--)
      nearest[place] = nearest[place - 1] as number;
    nearest[place] = distance;
  }
  let sum = 0;
  for (const distance of nearest) if (distance < Infinity) sum += distance;
  return sum;
}

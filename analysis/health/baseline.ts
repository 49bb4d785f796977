/**
 * What is usual for a node: median and scaled median absolute deviation of ten-second bins of the last hour, taken only
 * from bins in which the node was healthy, so that an incident does not become the norm. Before half an hour of such
 * bins is known the node is being learnt.
 */
import { firstAutocorrelation } from '../statistics/autocorrelation.ts';
import { robustOf } from '../statistics/median.ts';

const BINS_MAX = 360;
/** Half an hour of bins of ten seconds. */
const BINS_LEARNT = 180;
/** The figures are computed anew after so many bins: three minutes. */
const BINS_BETWEEN = 18;
/** The last ten minutes, in which a trend may be that nobody has told yet: they say nothing about times without one. */
const BINS_OF_TREND = 60;

/** One bin of ten seconds. */
export interface Bin {
  /** Mean response time; null without answers. */
  readonly responseUs: number | null;
  readonly requestsPerSecond: number;
  readonly answersPerSecond: number;
  readonly connectionsOpen: number;
}

export interface Usual {
  readonly median: number;
  /** Scaled to a standard deviation. */
  readonly deviation: number;
}

export class Baseline {
  readonly #bins: Bin[] = [];
  #since = 0;
  #response: Usual | undefined = undefined;
  #requests: Usual | undefined = undefined;
  #answers: Usual | undefined = undefined;
  #connections: Usual | undefined = undefined;
  /** The bins that the autocorrelations are those of, which are asked for seldom and cost more than all else here. */
  #settled: readonly Bin[] = [];
  #responseAutocorrelation: number | undefined = undefined;
  #connectionsAutocorrelation: number | undefined = undefined;

  /** Takes in a bin of a healthy stretch. */
  add(bin: Bin): void {
    this.#bins.push(bin);
    if (this.#bins.length > BINS_MAX) this.#bins.shift();
    if (this.#since++ % BINS_BETWEEN === 0 || this.#bins.length === BINS_LEARNT) this.#compute();
  }

  get learning(): boolean {
    return this.#bins.length < BINS_LEARNT;
  }

  /** Of the mean response time in microseconds; undefined while learning. */
  get responseUs(): Usual | undefined {
    return this.learning ? undefined : this.#response;
  }

  /** Per second; known from the first bin on, for questions whose answer cannot wait half an hour. */
  get requestsPerSecond(): Usual | undefined {
    return this.#requests;
  }

  get answersPerSecond(): Usual | undefined {
    return this.#answers;
  }

  get connectionsOpen(): Usual | undefined {
    return this.#connections;
  }

  /**
   * How much a bin resembles the one before it while the node is well: by this a trend is told from wandering.
   * Undefined while learning.
   */
  get responseAutocorrelation(): number | undefined {
    if (this.learning) return undefined;
    return (this.#responseAutocorrelation ??= firstAutocorrelation(
      this.#settled.flatMap(({ responseUs }) => responseUs ?? []),
    ));
  }

  get connectionsAutocorrelation(): number | undefined {
    if (this.learning) return undefined;
    return (this.#connectionsAutocorrelation ??= firstAutocorrelation(
      this.#settled.map(({ connectionsOpen }) => connectionsOpen),
    ));
  }

  #compute(): void {
    const bins = this.#bins;
    if (!this.learning) {
      this.#settled = bins.slice(0, -BINS_OF_TREND);
      this.#responseAutocorrelation = undefined;
      this.#connectionsAutocorrelation = undefined;
    }
    this.#response = robustOf(bins.flatMap(({ responseUs }) => responseUs ?? []));
    this.#requests = robustOf(bins.map(({ requestsPerSecond }) => requestsPerSecond));
    this.#answers = robustOf(bins.map(({ answersPerSecond }) => answersPerSecond));
    this.#connections = robustOf(bins.map(({ connectionsOpen }) => connectionsOpen));
  }
}

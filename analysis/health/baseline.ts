/**
 * What is usual for a node: medians and spreads of ten-second bins of the last hour, taken only from bins in which the
 * node was healthy, so that an incident does not become the norm. Before half an hour of such bins is known the node is
 * being learnt.
 */
import type { Season } from './seasons.ts';
import { RobustUsual, type Usual } from './usual.ts';
import { Wander } from './wander.ts';

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
  /** What chance makes of that mean, as its few answers vary: variance, as a share of the square of the mean. */
  readonly chance: number;
  readonly requestsPerSecond: number;
  readonly answersPerSecond: number;
  readonly connectionsOpen: number;
}

export class Baseline {
  /** What is usual in this hour, by earlier hours. */
  season: Season | undefined = undefined;
  readonly #bins: Bin[] = [];
  /** Those with answers, which a night without any does not push out. */
  readonly #responses: number[] = [];
  #since = 0;
  #responsesSince = 0;
  #response: Usual | undefined = undefined;
  #requests: Usual | undefined = undefined;
  #answers: Usual | undefined = undefined;
  #connections: Usual | undefined = undefined;
  #wander: Wander | undefined = undefined;
  #connectionsWander: Wander | undefined = undefined;
  /** The bins when the figures were computed last. */
  #computedFrom: readonly Bin[] = [];

  /** Takes in a bin of a healthy stretch. */
  add(bin: Bin): void {
    this.#bins.push(bin);
    if (this.#bins.length > BINS_MAX) this.#bins.shift();
    if (this.#since++ % BINS_BETWEEN === 0 || this.#bins.length === BINS_LEARNT) this.#compute();
    if (bin.responseUs === null || !(bin.responseUs > 0)) return;
    this.#responses.push(bin.responseUs);
    const count = this.#responses.length;
    if (count > BINS_MAX) this.#responses.shift();
    if (this.#responsesSince++ % BINS_BETWEEN === 0 || count === BINS_LEARNT)
      this.#computeResponse();
  }

  get learning(): boolean {
    return this.#bins.length < BINS_LEARNT;
  }

  /** Of the mean response time in microseconds; undefined while learning. */
  get responseUs(): Usual | undefined {
    return this.#responses.length < BINS_LEARNT ? undefined : this.#response;
  }

  /**
   * The mean response time that is usual now, in microseconds: of the last hour or of this hour of the week or day,
   * whichever is longer, since what is so every Monday is nobody's news; of any hour while the last one is being learnt.
   */
  get usualUs(): number | undefined {
    const lately = this.responseUs?.median;
    if (lately === undefined) return this.season?.medianUs;
    return this.#seasonDecides(lately) ? this.season?.medianUs : lately;
  }

  /** In words, for evidence. */
  get usualName(): string {
    const { season } = this;
    if (season === undefined || !this.#seasonDecides(this.responseUs?.median)) return 'usually';
    return season.basis === 'any hour'
      ? 'usually, in any hour'
      : `usually, in this ${season.basis}`;
  }

  #seasonDecides(latelyUs: number | undefined): boolean {
    if (this.season === undefined) return false;
    if (latelyUs === undefined) return true;
    return this.season.basis !== 'any hour' && this.season.medianUs > latelyUs;
  }

  /** How far the mean response time wanders while the node is well; undefined while learning. */
  get responseWander(): Wander | undefined {
    return this.#responses.length < BINS_LEARNT ? undefined : this.#wander;
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

  /** How far the number of open connections wanders; undefined while learning, or where none is open. */
  get connectionsWander(): Wander | undefined {
    if (this.learning) return undefined;
    return (this.#connectionsWander ??= connectionsWanderOf(this.#computedFrom));
  }

  #compute(): void {
    const bins = this.#bins.slice();
    const usual = (valueOf: (bin: Bin) => number): Usual =>
      new RobustUsual(() => bins.map(valueOf));
    this.#requests = usual(({ requestsPerSecond }) => requestsPerSecond);
    this.#answers = usual(({ answersPerSecond }) => answersPerSecond);
    this.#connections = usual(({ connectionsOpen }) => connectionsOpen);
    this.#computedFrom = bins;
    this.#connectionsWander = undefined;
  }

  #computeResponse(): void {
    const responses = this.#responses.slice();
    this.#response = new RobustUsual(() => responses);
    this.#wander = new Wander(responses.slice(0, -BINS_OF_TREND));
  }
}

function connectionsWanderOf(bins: readonly Bin[]): Wander | undefined {
  const settled = bins
    .slice(0, -BINS_OF_TREND)
    .flatMap(({ connectionsOpen }) => (connectionsOpen > 0 ? connectionsOpen : []));
  return settled.length > 0 ? new Wander(settled) : undefined;
}

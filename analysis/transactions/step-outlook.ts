/**
 * How long a transaction will still take, and whether it commits, by what others did that stood where it stands: behind
 * the same last four statements, without the next for as long. What is left is the rest of this stay and what is left
 * from the next statement on, taken as independent of each other; all other dependence is in the counts.
 */
import { addHistograms, bucketStartUs, type Histogram } from '../../src/core/histogram.ts';
import type { TimeLeft } from '../../src/events/open-transactions.ts';
import { CONTEXT_MAX, type StepTimesFacts } from '../../src/events/transaction-types.ts';
import { grouped, sumOf } from '../share.ts';
import { wilsonLower } from '../statistics/wilson.ts';
import { COMMIT, ROLLBACK } from './next-statement.ts';
import { countBeyond } from './survival.ts';

/** Points that stand for a histogram: the median of 64 is within 2 % of the rank of that of all. */
const POINTS_MAX = 64;
/** The band: eight of ten end in it. */
const BAND_LOW = 0.1;
const BAND_HIGH = 0.9;

/** Of the mean squared error of who tells the share of all: less than a twentieth nobody would notice. */
const GAIN_LEAST = 0.05;

interface Point {
  readonly us: number;
  readonly weight: number;
}

export class StepOutlook {
  readonly #steps: ReadonlyMap<string, readonly StepTimesFacts[]>;
  readonly #lefts = new Map<string, readonly Point[]>();

  /** @param times of one server */
  constructor(times: readonly StepTimesFacts[]) {
    this.#steps = grouped(times, ({ context }) => context);
  }

  /**
   * @param sequence fingerprints from the beginning, of statements that were answered
   * @param stayedUs since the last of them (or BEGIN) was answered
   * @param least undefined where fewer than so many stayed for longer and ended
   */
  timeLeft(sequence: readonly string[], stayedUs: number, least: number): TimeLeft | undefined {
    const here = sequence.slice(-CONTEXT_MAX);
    let [stayedLonger, decided] = [0, 0];
    const points: Point[] = [];
    for (const { next, stays } of this.#steps.get(here.join('')) ?? []) {
      const count = countBeyond(stays, stayedUs);
      stayedLonger += count;
      const behind = this.#behind(here, next);
      if (count === 0 || behind.length === 0) continue;
      decided += count;
      for (const stay of pointsOf(stays, stayedUs))
        for (const rest of behind)
          points.push({ us: stay.us + rest.us, weight: count * stay.weight * rest.weight });
    }
    // Where most went on to what nothing is known of, the others are no picture of all.
    if (points.length === 0 || stayedLonger < least || decided < stayedLonger / 2) return undefined;
    points.sort((a, b) => a.us - b.us);
    const at = (share: number): number => Math.round(quantileOf(points, share * decided));
    return { lowUs: at(BAND_LOW), medianUs: at(0.5), highUs: at(BAND_HIGH) };
  }

  /**
   * The share of those that stood where it stands and committed. Undefined where this is not surely (Wilson, 95 %) another
   * share than `usual`, that of all transactions, or so little another that the mean squared error (Brier 1950) of who
   * tells `usual` would hardly be less: then its place tells nothing.
   */
  commitShare(sequence: readonly string[], usual: number): number | undefined {
    let [ended, commits] = [0, 0];
    for (const step of this.#steps.get(sequence.slice(-CONTEXT_MAX).join('')) ?? []) {
      ended += countBeyond(step.lefts, 0);
      commits += step.commits;
    }
    if (ended === 0) return undefined;
    const share = commits / ended;
    const [lower, upper] = [wilsonLower(share, ended), 1 - wilsonLower(1 - share, ended)];
    // Half a case more of either: never seen is not impossible.
    const gain = (share - usual) ** 2 / (usual * (1 - usual));
    return (usual < lower || usual > upper) && gain >= GAIN_LEAST
      ? (commits + 0.5) / (ended + 1)
      : undefined;
  }

  /** What is left from the answer of `next` on. */
  #behind(here: readonly string[], next: string): readonly Point[] {
    if (next === COMMIT || next === ROLLBACK) return [{ us: 0, weight: 1 }];
    const context = [...here, next].slice(-CONTEXT_MAX).join('');
    const known = this.#lefts.get(context);
    if (known !== undefined) return known;
    const all = (this.#steps.get(context) ?? [])
      .map(({ lefts }) => lefts)
      .reduce<Histogram>(addHistograms, new Map());
    const points = pointsOf(all, 0);
    this.#lefts.set(context, points);
    return points;
  }
}

/** What lies beyond `fromUs`, less it: at most POINTS_MAX points, their weights 1 in sum; none where nothing does. */
function pointsOf(histogram: Histogram, fromUs: number): readonly Point[] {
  const beyond = [...histogram]
    .map(([bucket, count]) => {
      const start = Math.max(fromUs, bucketStartUs(bucket));
      const [whole, end] = [bucketStartUs(bucket), bucketStartUs(bucket + 1)];
      const part = end > start ? (end - start) / (end - whole) : 0;
      return { us: (start + end) / 2 - fromUs, weight: count * part };
    })
    .filter(({ weight }) => weight > 0)
    .sort((a, b) => a.us - b.us);
  const total = sumOf(beyond, ({ weight }) => weight);
  const together = Math.ceil(beyond.length / POINTS_MAX);
  return Array.from({ length: Math.ceil(beyond.length / together) || 0 }, (_, index) => {
    const some = beyond.slice(index * together, (index + 1) * together);
    const weight = sumOf(some, (point) => point.weight);
    const us = sumOf(some, (point) => point.us * point.weight) / weight;
    return { us, weight: weight / total };
  });
}

/** Where the weights, added from the shortest on, reach `rank`. */
function quantileOf(points: readonly Point[], rank: number): number {
  let seen = 0;
  for (const { us, weight } of points) {
    seen += weight;
    if (seen >= rank) return us;
  }
  return points.at(-1)?.us ?? 0;
}

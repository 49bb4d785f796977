/**
 * Minutes in which an error came more often than its own past explains: compared with a negative binomial distribution
 * of the mean and variance of the minutes before, silent minutes of the node left out, earlier bursts of the window left out
 * too, so that an incident does not teach that incidents are usual.
 */
import type {
  ErrorBurst,
  ErrorDiagnosisFacts,
  MinuteCount,
} from '../../src/events/error-diagnosis.ts';
import { effectiveCount } from '../statistics/autocorrelation.ts';
import { type CountLaw, improbableCount, upperTail } from '../statistics/negative-binomial.ts';
import { greatestOf } from '../share.ts';
import type { ErrorDiagnosisSettings } from './error-settings.ts';
import { MINUTE_US } from '../../src/core/time.ts';

/** The history that a minute is compared with: the last six hours. */
const HISTORY_MINUTES_MAX = 360;
const BURSTS_MAX = 10;
/** One-sided 99 % of a normal distribution: the usual number is known only as well as its history is long. */
const CONFIDENCE_Z = 2.326;

interface Minute {
  readonly startUs: number;
  readonly count: number;
  readonly answers: number;
}

/** @returns at most ten, in order of time */
export function burstsOf(
  counts: readonly MinuteCount[],
  answers: ErrorDiagnosisFacts['answers'],
  judgedFromUs: number,
  settings: ErrorDiagnosisSettings,
): ErrorBurst[] {
  const countOf = new Map(counts.map(({ startUs, count }) => [startUs, count]));
  const history = new History();
  const bursts: ErrorBurst[] = [];
  for (const { startUs, count: answered } of answers) {
    const minute = { startUs, count: countOf.get(startUs) ?? 0, answers: answered };
    // All of the history is learnt: what was called a burst in its first half hour may be what is usual.
    const judged = startUs + MINUTE_US > judgedFromUs;
    const burst = judged ? history.judge(minute, settings) : undefined;
    if (burst === undefined) history.learn(minute);
    else addBurst(bursts, burst, settings.gapMinutesMax);
  }
  return bursts.slice(0, BURSTS_MAX);
}

function addBurst(bursts: ErrorBurst[], burst: ErrorBurst, gapMinutesMax: number): void {
  const last = bursts.at(-1);
  if (last === undefined || burst.fromUs - last.toUs > gapMinutesMax * MINUTE_US) {
    bursts.push(burst);
    return;
  }
  const fullest = burst.minuteCount > last.minuteCount ? burst : last;
  bursts[bursts.length - 1] = {
    ...fullest,
    fromUs: last.fromUs,
    toUs: burst.toUs,
    count: last.count + burst.count,
  };
}

class History {
  readonly #minutes: Minute[] = [];
  #sum = 0;
  #squares = 0;
  #answers = 0;

  learn(minute: Minute): void {
    this.#minutes.push(minute);
    this.#add(minute, 1);
    const oldest = this.#minutes.length > HISTORY_MINUTES_MAX ? this.#minutes.shift() : undefined;
    if (oldest !== undefined) this.#add(oldest, -1);
  }

  #add({ count, answers }: Minute, sign: 1 | -1): void {
    this.#sum += sign * count;
    this.#squares += sign * count * count;
    this.#answers += sign * answers;
  }

  /** Undefined: what came is usual, or not enough is known. */
  judge(
    { startUs, count, answers }: Minute,
    settings: ErrorDiagnosisSettings,
  ): ErrorBurst | undefined {
    if (count < settings.burstMin || this.#minutes.length < settings.historyMinutesMin)
      return undefined;
    const usualShare = this.#sum / Math.max(1, this.#answers);
    if (count / Math.max(1, answers) < settings.burstShareFactor * usualShare) return undefined;
    if (count < settings.burstRecordFactor * this.#record()) return undefined;
    const law = this.#law();
    if (upperTail(law, count) >= settings.burstProbability) return undefined;
    return {
      fromUs: startUs,
      toUs: startUs + MINUTE_US,
      count,
      minuteCount: count,
      usualPerMinute: this.#sum / this.#minutes.length,
      threshold: Math.max(settings.burstMin, improbableCount(law, settings.burstProbability)),
    };
  }

  /** The fullest minute of the history. */
  #record(): number {
    return greatestOf(this.#minutes, ({ count }) => count);
  }

  /**
   * Half a failure more than was seen: that a code never came in an hour does not prove that it cannot. Mean and variance
   * are raised by what a history of this length leaves open; one whose minutes resemble each other says less than its
   * length.
   */
  #law(): CountLaw {
    const n = this.#minutes.length;
    const mean = (this.#sum + 0.5) / n;
    const variance = Math.max(mean, (this.#squares - n * (this.#sum / n) ** 2) / (n - 1));
    const independent = Math.max(2, effectiveCount(n, this.#autocorrelation()));
    return {
      mean: mean + CONFIDENCE_Z * Math.sqrt(variance / independent),
      variance: variance * (1 + CONFIDENCE_Z * Math.sqrt(2 / independent)),
    };
  }

  /** At lag 1, from 0 to 1. */
  #autocorrelation(): number {
    const mean = this.#sum / this.#minutes.length;
    let before: number | undefined;
    let products = 0;
    let squares = 0;
    for (const { count } of this.#minutes) {
      const deviation = count - mean;
      if (before !== undefined) products += before * deviation;
      squares += deviation * deviation;
      before = deviation;
    }
    return squares > 0 ? Math.min(1, Math.max(0, products / squares)) : 0;
  }
}

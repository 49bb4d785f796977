/**
 * How late the event loop comes to its timers: what a packet, a request or a segment has to wait at most before it is
 * looked at. Node's own histogram tells the time between two ticks of a timer; what that exceeds the timer's period by
 * is the delay.
 */
import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';

const PERIOD_MS = 10;
const NS_PER_S = 1e9;

/** Seconds. */
export interface DelaySummary {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

const HALF_WINDOW_MS = 30_000;

export class EventLoopDelay {
  #older = started();
  #newer = started();

  constructor() {
    setInterval(() => this.turn(), HALF_WINDOW_MS).unref();
  }

  /** Of the last half to whole minute; reading it changes nothing, so any number of readers see the same. */
  read(): DelaySummary {
    const older = this.#older;
    if (older.count === 0) return { p50: 0, p99: 0, max: 0 };
    return {
      p50: delaySeconds(older.percentile(50)),
      p99: delaySeconds(older.percentile(99)),
      max: delaySeconds(older.max),
    };
  }

  /** Every half window: what was measured before it is forgotten. */
  turn(): void {
    this.#older.reset();
    [this.#older, this.#newer] = [this.#newer, this.#older];
  }
}

function delaySeconds(ns: number): number {
  return Math.max(0, ns / NS_PER_S - PERIOD_MS / 1000);
}

function started(): IntervalHistogram {
  const histogram = monitorEventLoopDelay({ resolution: PERIOD_MS });
  histogram.enable();
  return histogram;
}

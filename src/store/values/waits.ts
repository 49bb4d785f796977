/**
 * How many executions with one value were under way at once, of those that took long: what waits for one row shows as that.
 * Executions are known when they have ended; one that never ends is not seen here.
 */

/** From so many on executions stand in each other's way. */
export const CONTENDED_FROM = 3;
const VALUES_MAX = 64;
const INTERVALS_MAX = 512;

export interface Wait {
  /** Most at once. */
  readonly waitingMax: number;
  /** Time in which CONTENDED_FROM or more were under way. */
  readonly contendedUs: number;
}

export class Waits {
  /** From and to, one after the other. */
  readonly #intervals = new Map<string, number[]>();

  add(value: string, fromUs: number, toUs: number): void {
    let intervals = this.#intervals.get(value);
    if (intervals === undefined) {
      if (this.#intervals.size >= VALUES_MAX) return;
      intervals = [];
      this.#intervals.set(value, intervals);
    }
    // More would not make it worse than it is.
    if (intervals.length < 2 * INTERVALS_MAX) intervals.push(fromUs, toUs);
  }

  /** Of the values on which CONTENDED_FROM or more waited at once. */
  found(): Map<string, Wait> {
    const found = new Map<string, Wait>();
    for (const [value, intervals] of this.#intervals) {
      const wait = waitOf(intervals);
      if (wait.waitingMax >= CONTENDED_FROM) found.set(value, wait);
    }
    return found;
  }
}

function waitOf(intervals: readonly number[]): Wait {
  const turns = intervals
    .map((atUs, index) => ({ atUs, step: index % 2 === 0 ? 1 : -1 }))
    .sort((a, b) => a.atUs - b.atUs || a.step - b.step);
  let waiting = 0;
  let waitingMax = 0;
  let contendedUs = 0;
  let sinceUs = 0;
  for (const { atUs, step } of turns) {
    if (waiting >= CONTENDED_FROM) contendedUs += atUs - sinceUs;
    waiting += step;
    waitingMax = Math.max(waitingMax, waiting);
    sinceUs = atUs;
  }
  return { waitingMax, contendedUs: Math.round(contendedUs) };
}

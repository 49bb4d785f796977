/** The hour of sample-facts.ts: when it is, how strained its databases are, and what is drawn in it. */
import { bucketOf } from '../../src/core/histogram.ts';
import type { Window } from '../../src/events/facts.ts';
import { SECOND_US } from '../../src/core/time.ts';

/** 2026-11-20T09:00:00Z */
export const START_US = 1_795_165_200_000_000;
export const STEP_US = 10 * SECOND_US;
export const STEPS = 360;
export const EXTENT: Window = { fromUs: START_US, toUs: START_US + STEPS * STEP_US };

/** How much slower the databases answer at a step: lock contention from minute 38 to 43. */
export function strain(step: number): number {
  if (step < 228 || step > 262) return 1;
  return 1 + 14 * Math.sin((Math.PI * (step - 228)) / 34);
}

/** mulberry32 */
export function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Log-normal durations around a median, and their histogram. */
export function durationsOf(random: () => number, count: number, medianUs: number, spread: number) {
  const durations = new Map<number, number>();
  const drawn = Math.min(count, 60);
  let sumUs = 0;
  let maxUs = 0;
  for (let index = 0; index < drawn; index++) {
    const normal = Math.sqrt(-2 * Math.log(random() + 1e-9)) * Math.cos(2 * Math.PI * random());
    const durationUs = Math.max(40, Math.round(medianUs * Math.exp(spread * normal)));
    const weight = Math.floor(((index + 1) * count) / drawn) - Math.floor((index * count) / drawn);
    const bucket = bucketOf(durationUs);
    durations.set(bucket, (durations.get(bucket) ?? 0) + weight);
    sumUs += durationUs * weight;
    maxUs = Math.max(maxUs, durationUs);
  }
  return { durations, durationSumUs: sumUs, durationMaxUs: maxUs };
}

export function fingerprintOf(index: number): string {
  return (0x9e3779b9 * (index + 1)).toString(16).padStart(16, 'a').slice(0, 16);
}

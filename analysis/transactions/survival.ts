/** What is left to those that got so far, from counts by bucket (core/histogram.ts). */
import { bucketStartUs, type Histogram } from '../../src/core/histogram.ts';

/** How many lie at or above `value`; the bucket in which it lies counts by the part above it. */
export function countBeyond(histogram: Histogram, value: number): number {
  let beyond = 0;
  for (const [bucket, count] of histogram) {
    const start = bucketStartUs(bucket);
    const end = bucketStartUs(bucket + 1);
    if (value <= start) beyond += count;
    else if (value < end) beyond += (count * (end - value)) / (end - start);
  }
  return beyond;
}

/** The median of what lies beyond `value`, less `value`; undefined when fewer than `least` do. */
export function medianBeyond(
  histogram: Histogram,
  value: number,
  least: number,
): number | undefined {
  const beyond = countBeyond(histogram, value);
  if (beyond < least) return undefined;
  // Halving finds it to a millionth of a bucket's width.
  let low = value;
  let high = bucketStartUs(Math.max(...histogram.keys()) + 1);
  for (let turn = 0; turn < 60; turn++) {
    const middle = (low + high) / 2;
    if (countBeyond(histogram, middle) > beyond / 2) low = middle;
    else high = middle;
  }
  return (low + high) / 2 - value;
}

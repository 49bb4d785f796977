/** How many got so far, from counts by bucket (core/histogram.ts). */
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

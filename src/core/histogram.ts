/**
 * The one histogram of durations: eight buckets an octave, so that percentiles of any range come from added counts
 * with a relative error of at most 4.5 % (half a bucket's width, 2^(1/16) - 1). Averaging percentiles would be wrong.
 * The store computes the same bucket in SQL (`bucketSql`); a test keeps the two equal.
 */

const BUCKETS_PER_OCTAVE = 8;

/** Buckets that an integer duration below 2^53 us can fall into. */
export const BUCKETS_COUNT = 53 * BUCKETS_PER_OCTAVE + 1;

/** The bucket of a duration in microseconds. */
export function bucketOf(durationUs: number): number {
  // Most statements take less than this, and a logarithm for each would be one of the dearest steps of decoding.
  if (durationUs < SHORT_US) return SHORT_BUCKETS[durationUs] ?? computedBucket(durationUs);
  return computedBucket(durationUs);
}

function computedBucket(durationUs: number): number {
  return Math.floor(BUCKETS_PER_OCTAVE * Math.log2(durationUs + 1));
}

const SHORT_US = 8192;
const SHORT_BUCKETS = Uint16Array.from({ length: SHORT_US }, (_, durationUs) =>
  computedBucket(durationUs),
);

/** The same bucket, as a ClickHouse expression over the column or expression `durationUs`. */
export function bucketSql(durationUs: string): string {
  return `toUInt16(floor(${BUCKETS_PER_OCTAVE} * log2(${durationUs} + 1)))`;
}

/** The middle of the bucket `bucket`, in microseconds, as a ClickHouse expression. */
export function bucketMiddleSql(bucket: string): string {
  return `(exp2((${bucket} + 0.5) / ${BUCKETS_PER_OCTAVE}) - 1)`;
}

/** The smallest duration, in microseconds, that falls into `bucket`. */
export function bucketStartUs(bucket: number): number {
  return 2 ** (bucket / BUCKETS_PER_OCTAVE) - 1;
}

/** Counts by bucket; sparse, because one statement class fills only a few buckets. */
export type Histogram = ReadonlyMap<number, number>;

/**
 * The duration in microseconds below which the share `q` (0 to 1) of the observations lies, or undefined without any.
 * Inside a bucket the observations are taken as evenly spread.
 */
export function quantileUs(histogram: Histogram, q: number): number | undefined {
  let total = 0;
  for (const count of histogram.values()) total += count;
  if (total === 0) return undefined;
  const rank = q * total;
  let seen = 0;
  const buckets = [...histogram.keys()].sort((a, b) => a - b);
  for (const bucket of buckets) {
    const count = histogram.get(bucket) ?? 0;
    if (seen + count >= rank) {
      const start = bucketStartUs(bucket);
      const width = bucketStartUs(bucket + 1) - start;
      return Math.round(start + (width * (rank - seen)) / count);
    }
    seen += count;
  }
  return undefined;
}

/** The observations of both. */
export function addHistograms(a: Histogram, b: Histogram): Histogram {
  const sum = new Map(a);
  for (const [bucket, count] of b) sum.set(bucket, (sum.get(bucket) ?? 0) + count);
  return sum;
}

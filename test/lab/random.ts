/** Random numbers by seed, so that a workload is the same each time as far as the server lets it be. */

/** Uniform in [0, 1): Marsaglia's xorshift with 32 bits of state. */
export type Random = () => number;

export function randomBySeed(seed: number): Random {
  let state = seed | 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/** An integer from `low` to `high`, both included. */
export function integerOf(random: Random, low: number, high: number): number {
  return low + Math.floor(random() * (high - low + 1));
}

/** Uniform from `low` to `high`. */
export function between(random: Random, low: number, high: number): number {
  return low + random() * (high - low);
}

/** Exponentially distributed with mean `mean`: the pauses between independent arrivals. */
export function pauseOf(random: Random, mean: number): number {
  return -Math.log(1 - random()) * mean;
}

export function pick<T>(random: Random, items: readonly [T, ...T[]]): T {
  return items[Math.floor(random() * items.length)] ?? items[0];
}

/** Random numbers from a seed, for statistical tests that must give the same figures in every run. */

/** Uniform in [0, 1): mulberry32, a 32-bit counter and a mixing function. */
export function uniform(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Standard normal, by Box and Muller. */
export function normal(random: () => number): () => number {
  return () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** A series of `count` with autocorrelation `phi` at lag 1, mean 0, and standard deviation 1. */
export function autocorrelated(count: number, phi: number, gauss: () => number): number[] {
  const scale = Math.sqrt(1 - phi * phi);
  const series: number[] = [];
  let value = gauss();
  for (let index = 0; index < count; index++) {
    series.push(value);
    value = phi * value + scale * gauss();
  }
  return series;
}

/**
 * The values that come most often in a stream of any length, in memory for so many: SpaceSaving (A. Metwally, D. Agrawal,
 * A. El Abbadi, ICDT 2005). A counter may count too much, by at most its `error`; a value that makes more than 1/places of
 * the stream is never missed.
 */
export interface Hitter {
  readonly value: string;
  readonly count: number;
  /** Of `count`, what may belong to values that were here before. */
  readonly error: number;
  readonly durationSumUs: number;
}

interface Counter {
  value: string;
  count: number;
  error: number;
  durationSumUs: number;
}

export class HeavyHitters {
  readonly #places: number;
  readonly #counters = new Map<string, Counter>();

  constructor(places: number) {
    this.#places = places;
  }

  /** Values counted now: all of them, as long as they were never more than there are places. */
  get sizeCount(): number {
    return this.#counters.size;
  }

  add(value: string, weight: number, durationUs: number): void {
    const known = this.#counters.get(value);
    if (known !== undefined) {
      known.count += weight;
      known.durationSumUs += durationUs * weight;
      return;
    }
    const counter = { value, count: weight, error: 0, durationSumUs: durationUs * weight };
    if (this.#counters.size >= this.#places) {
      const least = this.#least();
      this.#counters.delete(least.value);
      counter.count += least.count;
      counter.error = least.count;
    }
    this.#counters.set(value, counter);
  }

  #least(): Counter {
    let least: Counter | undefined;
    for (const counter of this.#counters.values()) {
      if (least === undefined || counter.count < least.count) least = counter;
    }
    if (least === undefined) throw new RangeError('no places');
    return least;
  }

  /** Most first by what is certain, equals by value. */
  top(limit: number): Hitter[] {
    return [...this.#counters.values()]
      .sort((a, b) => b.count - b.error - (a.count - a.error) || (a.value < b.value ? -1 : 1))
      .slice(0, limit);
  }
}

const REGISTERS_BITS = 8;
const REGISTERS = 1 << REGISTERS_BITS;
/** alpha(m) = 0.7213 / (1 + 1.079 / m). */
const ALPHA = 0.7213 / (1 + 1.079 / REGISTERS);

/**
 * How many different values: HyperLogLog of 256 registers, 6.5 % exact, and linear counting while they are few (P. Flajolet
 * et al., AofA 2007). The hash is seeded, so that nobody can choose values that look like one.
 */
export class DistinctCount {
  readonly #registers = new Uint8Array(REGISTERS);
  readonly #seed: number;

  constructor(seed: number) {
    this.#seed = seed;
  }

  add(value: string): void {
    const hash = hash32(value, this.#seed);
    const register = hash & (REGISTERS - 1);
    const rank = Math.clz32((hash >>> REGISTERS_BITS) | 0) - REGISTERS_BITS + 1;
    if (rank > (this.#registers[register] as number)) this.#registers[register] = rank;
  }

  estimate(): number {
    let sum = 0;
    let zeros = 0;
    for (const rank of this.#registers) {
      sum += 2 ** -rank;
      if (rank === 0) zeros++;
    }
    const raw = (ALPHA * REGISTERS * REGISTERS) / sum;
    const few = raw <= 2.5 * REGISTERS && zeros > 0;
    return Math.round(few ? REGISTERS * Math.log(REGISTERS / zeros) : raw);
  }
}

/** FNV-1a over the characters, with the final mixing of MurmurHash3 (A. Appleby, public domain). */
function hash32(text: string, seed: number): number {
  let hash = seed ^ 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

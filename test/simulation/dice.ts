/** Chance that is the same for the same key: the whole simulation is a function of its seed. */

/** Two rounds of a 32-bit finisher (Murmur3's), so that keys that differ in one bit have nothing else in common. */
function mix(value: number): number {
  let mixed = value >>> 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

export class Dice {
  #state: number;

  /** Dice of different keys know nothing of each other: what one part of a plan throws does not move another part. */
  constructor(...key: readonly number[]) {
    this.#state = key.reduce((state, part) => mix(state ^ mix(part + 0x9e3779b9)), 0x51ed270b);
  }

  /** An integer below `limit`, which is at least 1. */
  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    return mix(this.#state) % limit;
  }

  /** An integer from `low` to `high`, both included. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1);
  }

  /** True once in `turns`. */
  oneIn(turns: number): boolean {
    return this.below(turns) === 0;
  }

  pick<T>(items: readonly [T, ...T[]]): T {
    return items[this.below(items.length)] ?? items[0];
  }

  /** One of the names, each as often as its weight says. */
  weighted<T extends string>(weights: Readonly<Record<T, number>>): T {
    const entries = Object.entries(weights) as [T, number][];
    let left = this.below(entries.reduce((sum, [, weight]) => sum + weight, 0));
    for (const [name, weight] of entries) {
      left -= weight;
      if (left < 0) return name;
    }
    throw new Error('no weights');
  }
}

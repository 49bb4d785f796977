/** Counts of the last minute, second by second: what only grows, so that rates and "lately" can be told. */

export interface Sample {
  readonly atMs: number;
  readonly packets: number;
  readonly bytes: number;
  readonly statements: number;
  readonly payloadBytes: number;
  readonly kernelDrops: number;
  readonly gaps: number;
  readonly lostBytes: number;
  readonly droppedByLimit: number;
  readonly rowsGivenUp: number;
  readonly bytesWaiting: number;
  readonly processorMs: number;
}

export type Counted = Exclude<keyof Sample, 'atMs'>;

const SAMPLES_MAX = 61;

export class Samples {
  readonly #kept: Sample[] = [];

  add(sample: Sample): void {
    this.#kept.push(sample);
    if (this.#kept.length > SAMPLES_MAX) this.#kept.shift();
  }

  /** How much it grew within the last minute. */
  grown(counted: Counted): number {
    const [first] = this.#kept;
    const last = this.#kept.at(-1);
    if (first === undefined || last === undefined) return 0;
    return Math.max(0, last[counted] - first[counted]);
  }

  /** The same per second. */
  rate(counted: Counted): number {
    const [first] = this.#kept;
    const last = this.#kept.at(-1);
    if (first === undefined || last === undefined || last.atMs <= first.atMs) return 0;
    return (this.grown(counted) * 1000) / (last.atMs - first.atMs);
  }
}

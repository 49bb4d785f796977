/**
 * Rows that were decoded and had to be given up, by the second of what they told of. They are stored as rows of
 * capture_1s; while even these cannot be written to the disk they are kept here.
 */
import type { Segment } from './segment.ts';
import { SegmentSink } from './segment-sink.ts';
import { segmentSeconds } from './segment-times.ts';
import { SECOND_US } from '../core/time.ts';

export interface LostSecondsOptions {
  /** As of a SegmentSink. */
  readonly directory: string;
  readonly collector: string;
  readonly source: string;
  readonly onSealed: (segment: Segment) => void;
  readonly secondsMax?: number;
}

/** More than a day of seconds; beyond, rows are counted in the newest second that is known. */
const SECONDS_MAX = 100_000;

export class LostSeconds {
  readonly #sink: SegmentSink;
  readonly #secondsMax: number;
  #rows = new Map<number, number>();
  /** On their way to the disk. */
  #sealing: ReadonlyMap<number, number> | undefined;
  #newestUs = 0;
  /** Rows that were counted in another second than their own. */
  misplacedCount = 0;

  constructor({ directory, collector, source, onSealed, secondsMax }: LostSecondsOptions) {
    this.#secondsMax = secondsMax ?? SECONDS_MAX;
    this.#sink = new SegmentSink({
      directory,
      collector,
      source,
      describe: () => ({ tables: [], columns: [] }),
      onSealed: (segment) => {
        this.#sealing = undefined;
        onSealed(segment);
      },
      onLost: () => {
        const back = this.#sealing ?? new Map<number, number>();
        this.#sealing = undefined;
        for (const [secondUs, rows] of back) this.#add(secondUs, rows);
      },
    });
  }

  /** Counts the rows of a segment whose file is still there. */
  giveUp({ path, rowsCount }: Segment): void {
    const seconds = segmentSeconds(path);
    if (seconds.size === 0) this.#add(this.#newestUs || Date.now() * 1000, rowsCount);
    for (const [secondUs, rows] of seconds) this.#add(secondUs, rows);
  }

  /** Counts rows of about that time. */
  lost(rowsCount: number, atUs: number): void {
    this.#add(atUs, rowsCount);
  }

  /** Seals what was counted; called by the clock. */
  seal(): void {
    if (this.#rows.size === 0 || this.#sealing !== undefined) return;
    const rows = this.#rows;
    this.#rows = new Map();
    this.#sealing = rows;
    for (const [secondUs, rowsLost] of rows) {
      this.#sink.captureSecond({ ...NOTHING, secondUs, rowsLost });
    }
    this.#sink.seal();
  }

  /** Resolves when what was sealed has been handed on. */
  async settled(): Promise<void> {
    await this.#sink.settled();
  }

  #add(atUs: number, rows: number): void {
    let secondUs = Math.floor(atUs / SECOND_US) * SECOND_US;
    if (this.#rows.size >= this.#secondsMax && !this.#rows.has(secondUs)) {
      secondUs = this.#rows.has(this.#newestUs)
        ? this.#newestUs
        : (this.#rows.keys().next().value ?? secondUs);
      this.misplacedCount += rows;
    }
    this.#newestUs = Math.max(this.#newestUs, secondUs);
    this.#rows.set(secondUs, (this.#rows.get(secondUs) ?? 0) + rows);
  }
}

const NOTHING = {
  packets: 0,
  bytes: 0,
  kernelDrops: 0,
  kernelFreezes: 0,
  gaps: 0,
  lostBytes: 0,
  framesRefused: 0,
  cutPackets: 0,
  droppedByLimit: 0,
  statementsReduced: 0,
  reduction: 0,
};

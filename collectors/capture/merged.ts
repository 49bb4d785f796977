/**
 * Several live sources as one, in the order of time: a tap hands over each direction through an interface of its own,
 * and an answer that came before its request would be nobody's. Packets wait until every source has told what it has
 * from that time, or for a window of the capture's time, or until nothing comes any more. Memory is fixed: where it is
 * full, the oldest goes on early. What comes too late to be put in order is handed over all the same, and counted.
 */
import type { PacketHandler } from './capture-source.ts';
import {
  addStatistics,
  type LiveSource,
  type LiveStatistics,
  NO_STATISTICS,
} from './live-source.ts';
import { PacketQueue } from './packet-queue.ts';

export interface MergeOptions {
  /** How much later than another source's a source's packets may come to us. */
  readonly windowUs: number;
  /** For each source. */
  readonly queueBytesMax?: number;
  readonly queuePacketsMax?: number;
}

/** Two tenths of a second at 200,000 packets a second, and at 80 MB a second. */
const QUEUE_BYTES_MAX = 16 << 20;
const QUEUE_PACKETS_MAX = 1 << 16;

/** One source and what of it waits. */
class Lane {
  readonly source: LiveSource;
  readonly queue: PacketQueue;
  /** The chunk that is being read; undefined when the source has ended. */
  reading: Promise<Lane> | undefined;
  ended = false;

  constructor(source: LiveSource, queue: PacketQueue) {
    this.source = source;
    this.queue = queue;
  }
}

export class MergedSources implements LiveSource {
  readonly sizeBytes = undefined;
  readonly #lanes: readonly Lane[];
  readonly #windowUs: number;
  #newestUs = Number.NEGATIVE_INFINITY;
  #releasedUs = Number.NEGATIVE_INFINITY;
  #late = 0;
  /** When a packet last came, by a clock that only goes forward. */
  #cameAtMs = performance.now();

  constructor(sources: readonly LiveSource[], options: MergeOptions) {
    const bytes = options.queueBytesMax ?? QUEUE_BYTES_MAX;
    const packets = options.queuePacketsMax ?? QUEUE_PACKETS_MAX;
    this.#lanes = sources.map((source) => new Lane(source, new PacketQueue(bytes, packets)));
    this.#windowUs = options.windowUs;
  }

  get bytesRead(): number {
    return this.#lanes.reduce((sum, { source }) => sum + source.bytesRead, 0);
  }

  get truncated(): boolean {
    return this.#lanes.some(({ source }) => source.truncated);
  }

  async readChunk(handler: PacketHandler): Promise<boolean> {
    for (const lane of this.#lanes) {
      if (lane.ended || lane.reading !== undefined) continue;
      lane.reading = this.#read(lane, handler);
      // Thrown where it is waited for; two may fail at once.
      lane.reading.catch(() => undefined);
    }
    const lane = await this.#next();
    if (lane !== undefined) lane.reading = undefined;
    const over = this.#lanes.every(({ ended }) => ended);
    // Nothing in the whole window: whatever waits has no older one behind it.
    const silent = performance.now() - this.#cameAtMs >= this.#windowUs / 1000;
    this.#release(handler, over || silent);
    return !over;
  }

  async #read(lane: Lane, handler: PacketHandler): Promise<Lane> {
    const { queue } = lane;
    const more = await lane.source.readChunk({
      packet: (bytes, view, offset, capturedLength, originalLength, tsUs, linkType) => {
        this.#cameAtMs = performance.now();
        if (tsUs > this.#newestUs) this.#newestUs = tsUs;
        if (tsUs < this.#releasedUs) this.#late++;
        while (!queue.push(bytes, offset, capturedLength, originalLength, tsUs, linkType)) {
          if (queue.length === 0) {
            // Larger than all the room there is.
            handler.packet(bytes, view, offset, capturedLength, originalLength, tsUs, linkType);
            return;
          }
          this.#releaseOne(handler);
        }
      },
    });
    lane.ended = !more;
    return lane;
  }

  /** The first source that has read a chunk; undefined when none has for as long as the window. */
  async #next(): Promise<Lane | undefined> {
    const reading = this.#lanes.flatMap((lane) => lane.reading ?? []);
    let timer: NodeJS.Timeout | undefined;
    const silence = new Promise<undefined>((resolve) => {
      timer = setTimeout(() => resolve(undefined), this.#windowUs / 1000);
    });
    try {
      return await Promise.race([...reading, silence]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Hands over what no source can still have an older packet than; `all`: everything. */
  #release(handler: PacketHandler, all: boolean): void {
    const safeUs = this.#newestUs - this.#windowUs;
    for (;;) {
      const everyLaneHasTold = this.#lanes.every(({ queue, ended }) => ended || queue.length > 0);
      const lane = this.#oldest();
      if (lane === undefined) return;
      if (!all && !everyLaneHasTold && lane.queue.firstUs > safeUs) return;
      this.#shift(lane, handler);
    }
  }

  #releaseOne(handler: PacketHandler): void {
    const lane = this.#oldest();
    if (lane !== undefined) this.#shift(lane, handler);
  }

  #shift(lane: Lane, handler: PacketHandler): void {
    this.#releasedUs = Math.max(this.#releasedUs, lane.queue.firstUs);
    lane.queue.shift(handler);
  }

  #oldest(): Lane | undefined {
    let oldest: Lane | undefined;
    for (const lane of this.#lanes) {
      if (lane.queue.length > 0 && !(lane.queue.firstUs >= (oldest?.queue.firstUs ?? Infinity)))
        oldest = lane;
    }
    return oldest;
  }

  /** Undefined as long as one of them cannot tell. */
  statistics(): LiveStatistics | undefined {
    let sum: LiveStatistics | undefined = { ...NO_STATISTICS, late: this.#late };
    // Each is asked, because asking moves some of them to tell.
    for (const { source } of this.#lanes) {
      const counts = source.statistics();
      sum = sum === undefined || counts === undefined ? undefined : addStatistics(sum, counts);
    }
    return sum;
  }

  stop(): void {
    for (const { source } of this.#lanes) source.stop();
  }

  async close(): Promise<void> {
    for (const { source } of this.#lanes) await source.close();
  }
}

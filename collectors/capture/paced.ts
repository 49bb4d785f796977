/**
 * A recorded capture in its own time: each packet is handed over when so much time has passed since the first one as
 * the capture says, divided by the speed. The clock is the caller's.
 */
import type { CaptureSource, PacketHandler } from './capture-source.ts';
import type { LiveSource, LiveStatistics } from './live-source.ts';

export interface PaceClock {
  /** Milliseconds that only go forward. */
  readonly nowMs: () => number;
  /** Resolves after so many milliseconds. */
  readonly wait: (ms: number) => Promise<void>;
}

/** How long to wait at once, so that a stop is noticed and clocks above go on. */
const WAIT_MS_MAX = 200;

/** Packets of one chunk wait here; their bytes are copied, because the source reuses its buffer. */
interface Waiting {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly originalLength: number;
  readonly tsUs: number;
  readonly linkType: number;
}

export class PacedSource implements LiveSource {
  readonly #source: CaptureSource;
  readonly #speed: number;
  readonly #clock: PaceClock;
  #waiting: Waiting[] = [];
  #next = 0;
  #ended = false;
  #stopped = false;
  #startMs: number | undefined = undefined;
  #firstUs = 0;

  /** @param speed 2 is twice as fast as it was */
  constructor(source: CaptureSource, speed: number, clock: PaceClock) {
    this.#source = source;
    this.#speed = speed;
    this.#clock = clock;
  }

  get sizeBytes(): number | undefined {
    return this.#source.sizeBytes;
  }

  get bytesRead(): number {
    return this.#source.bytesRead;
  }

  get truncated(): boolean {
    return !this.#stopped && this.#source.truncated;
  }

  /** The moment of the capture that is now, in microseconds; undefined before its first packet. */
  get captureNowUs(): number | undefined {
    if (this.#startMs === undefined) return undefined;
    return this.#firstUs + Math.floor((this.#clock.nowMs() - this.#startMs) * 1000 * this.#speed);
  }

  async readChunk(handler: PacketHandler): Promise<boolean> {
    if (this.#stopped) return false;
    while (this.#next >= this.#waiting.length) {
      if (this.#ended) return false;
      await this.#fill();
    }
    const nowUs = this.#now();
    const ahead = this.#waiting[this.#next];
    if (ahead !== undefined && ahead.tsUs > nowUs) {
      await this.#clock.wait(Math.min((ahead.tsUs - nowUs) / 1000 / this.#speed, WAIT_MS_MAX));
    }
    this.#deliver(handler, this.#now());
    return true;
  }

  #now(): number {
    const first = this.#waiting[this.#next];
    if (this.#startMs === undefined && first !== undefined) {
      this.#startMs = this.#clock.nowMs();
      this.#firstUs = first.tsUs;
    }
    return this.captureNowUs ?? 0;
  }

  #deliver(handler: PacketHandler, nowUs: number): void {
    for (;;) {
      const packet = this.#waiting[this.#next];
      if (packet === undefined || packet.tsUs > nowUs) return;
      this.#next++;
      const { bytes, view, originalLength, tsUs, linkType } = packet;
      handler.packet(bytes, view, 0, bytes.length, originalLength, tsUs, linkType);
    }
  }

  async #fill(): Promise<void> {
    const waiting: Waiting[] = [];
    const more = await this.#source.readChunk({
      packet: (bytes, _view, offset, capturedLength, originalLength, tsUs, linkType) => {
        const copy = bytes.slice(offset, offset + capturedLength);
        const view = new DataView(copy.buffer);
        waiting.push({ bytes: copy, view, originalLength, tsUs, linkType });
      },
    });
    this.#waiting = waiting;
    this.#next = 0;
    this.#ended = !more;
  }

  /** A file drops nothing. */
  statistics(): LiveStatistics | undefined {
    return undefined;
  }

  stop(): void {
    this.#stopped = true;
  }

  close(): Promise<void> {
    return this.#source.close();
  }
}

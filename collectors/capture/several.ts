/**
 * Several live sources as one: whichever has packets hands them over. Order in time is kept within a source, not
 * between them: both directions of a connection have to come in through one interface.
 */
import type { PacketHandler } from './capture-source.ts';
import type { LiveSource, LiveStatistics } from './live-source.ts';

export class SeveralSources implements LiveSource {
  readonly sizeBytes = undefined;
  readonly #sources: readonly LiveSource[];
  /** The chunk that each source is just waiting for; a source that has ended has none. */
  readonly #reading = new Map<LiveSource, Promise<{ source: LiveSource; more: boolean }>>();
  #begun = false;

  constructor(sources: readonly LiveSource[]) {
    this.#sources = sources;
  }

  get bytesRead(): number {
    return this.#sources.reduce((sum, source) => sum + source.bytesRead, 0);
  }

  get truncated(): boolean {
    return this.#sources.some((source) => source.truncated);
  }

  async readChunk(handler: PacketHandler): Promise<boolean> {
    if (!this.#begun) {
      this.#begun = true;
      for (const source of this.#sources) this.#read(source, handler);
    }
    if (this.#reading.size === 0) return false;
    const { source, more } = await Promise.race(this.#reading.values());
    if (more) this.#read(source, handler);
    else this.#reading.delete(source);
    return this.#reading.size > 0;
  }

  #read(source: LiveSource, handler: PacketHandler): void {
    this.#reading.set(
      source,
      source.readChunk(handler).then((more) => ({ source, more })),
    );
  }

  /** Undefined as long as one of them cannot tell. */
  statistics(): LiveStatistics | undefined {
    const sum = { received: 0, dropped: 0, freezes: 0 };
    for (const source of this.#sources) {
      const counts = source.statistics();
      if (counts === undefined) return undefined;
      sum.received += counts.received;
      sum.dropped += counts.dropped;
      sum.freezes += counts.freezes;
    }
    return sum;
  }

  stop(): void {
    for (const source of this.#sources) source.stop();
  }

  async close(): Promise<void> {
    for (const source of this.#sources) await source.close();
  }
}

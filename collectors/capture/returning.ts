/**
 * An interface that may go away and come back: when the capture ends by itself (the interface was removed, the program
 * that captures has ended or tore its stream), it is opened again, as often as it takes. Each time counts.
 */
import { MirrorSqlError } from '../../src/core/errors.ts';
import type { PacketHandler } from './capture-source.ts';
import {
  addStatistics,
  type LiveSource,
  type LiveStatistics,
  NO_STATISTICS,
} from './live-source.ts';

/** How often to look whether it is back. Bounds, too, how fast a program that always fails is started again. */
const RETRY_MS = 500;

export class ReturningSource implements LiveSource {
  readonly sizeBytes = undefined;
  readonly truncated = false;
  readonly #name: string;
  readonly #open: () => Promise<LiveSource>;
  readonly #tell: (text: string) => void;
  #current: LiveSource | undefined;
  #stopped = false;
  #bytesBefore = 0;
  #before = NO_STATISTICS;

  /**
   * @param first the capture that runs already
   * @param tell is told in words when it ends and when it goes on
   */
  constructor(
    name: string,
    first: LiveSource,
    open: () => Promise<LiveSource>,
    tell: (text: string) => void,
  ) {
    this.#name = name;
    this.#current = first;
    this.#open = open;
    this.#tell = tell;
  }

  get bytesRead(): number {
    return this.#bytesBefore + (this.#current?.bytesRead ?? 0);
  }

  async readChunk(handler: PacketHandler): Promise<boolean> {
    if (this.#current === undefined) {
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      return this.#openAgain();
    }
    if (await this.#goesOn(this.#current, handler)) return true;
    if (this.#stopped) return false;
    await this.#lose(this.#current);
    return true;
  }

  async #goesOn(source: LiveSource, handler: PacketHandler): Promise<boolean> {
    try {
      return await source.readChunk(handler);
    } catch (error) {
      // A stream that cannot be read on has ended. What the packets lead to is not ours to judge.
      if (error instanceof MirrorSqlError && error.code.startsWith('MSQL_CAPTURE_')) return false;
      throw error;
    }
  }

  async #lose(source: LiveSource): Promise<void> {
    const once = { ...NO_STATISTICS, interruptions: 1 };
    const counts = addStatistics(source.statistics() ?? NO_STATISTICS, once);
    this.#before = addStatistics(this.#before, counts);
    this.#bytesBefore += source.bytesRead;
    this.#current = undefined;
    this.#tell(
      `the capture on ${this.#name} was interrupted; it goes on when the interface is back`,
    );
    await source.close();
  }

  async #openAgain(): Promise<boolean> {
    if (this.#stopped) return false;
    try {
      this.#take(await this.#open());
    } catch (error) {
      if (error instanceof MirrorSqlError) return true;
      throw error;
    }
    this.#tell(`the capture on ${this.#name} goes on`);
    return true;
  }

  /** It may have been told to stop while it was opening. */
  #take(source: LiveSource): void {
    this.#current = source;
    if (this.#stopped) source.stop();
  }

  /** Undefined while the backend cannot tell, and nothing has happened before. */
  statistics(): LiveStatistics | undefined {
    const now = this.#current?.statistics();
    if (now !== undefined) return addStatistics(this.#before, now);
    return this.#before.interruptions > 0 ? this.#before : undefined;
  }

  stop(): void {
    this.#stopped = true;
    this.#current?.stop();
  }

  async close(): Promise<void> {
    await this.#current?.close();
  }
}

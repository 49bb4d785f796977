/**
 * The engine of another process, used by one that must not stop: when that engine goes, the first to notice starts its
 * successor at the same address with the same credential, so that clients only have to repeat their request.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { leaseRunningEngine, type LeasedEngine } from './discovery.ts';
import type { StoreDescription } from './engine/messages.ts';
import { EngineProcess } from './engine-process.ts';

const RETRY_MS = 500;

export class KeptEngine {
  readonly #directory: string;
  readonly #description: StoreDescription;
  #lease: LeasedEngine | undefined;
  #own: EngineProcess | undefined;
  #closed = false;
  /** It is never given up. */
  readonly failure = undefined;

  private constructor(directory: string, lease: LeasedEngine) {
    this.#directory = directory;
    this.#description = lease.description;
    this.#lease = lease;
  }

  /** Undefined when no engine answers. */
  static async attach(directory: string): Promise<KeptEngine | undefined> {
    // Told when the engine goes, which may be before anybody listens.
    const lost: { onLost?: () => void; already?: boolean } = {};
    const lease = await leaseRunningEngine(directory, () => {
      lost.already = true;
      lost.onLost?.();
    });
    if (lease === undefined) return undefined;
    const kept = new KeptEngine(directory, lease);
    lost.onLost = () => void kept.#succeed();
    if (lost.already === true) lost.onLost();
    return kept;
  }

  /** Its successors have its address and credential, and a number of their own. */
  get description(): StoreDescription {
    const pid = this.#own?.description.pid ?? this.#lease?.description.pid ?? 0;
    return { ...this.#description, pid };
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#lease?.release();
    await this.#own?.close();
  }

  #isClosed(): boolean {
    return this.#closed;
  }

  /** Its own parent may start it again as well: whoever comes second finds it running. */
  async #succeed(): Promise<void> {
    this.#lease = undefined;
    for (;;) {
      await sleep(RETRY_MS, undefined, { ref: false });
      if (this.#isClosed()) return;
      const lease = await leaseRunningEngine(this.#directory, () => void this.#succeed());
      if (lease?.description.url === this.#description.url) {
        this.#lease = lease;
        if (this.#isClosed()) lease.release();
        return;
      }
      lease?.release();
      try {
        this.#own = await EngineProcess.start(this.#directory, {
          patient: true,
          successorOf: this.#description,
        });
        if (this.#isClosed()) await this.#own.close();
        return;
      } catch {
        // Locked by a dying one, or by its successor that is about to answer: the next round finds out.
      }
    }
  }
}

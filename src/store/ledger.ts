/**
 * The ledger: the names of all segments that the store ever took, in its table `segments`. A name is written some time after
 * the segment itself: until then the store knows a repeated insert by the segment's token, and the file stays on the disk.
 */
import { abortBy, type Insistence } from './insistence.ts';
import { limits } from './limits.ts';
import type { Segment } from './segment.ts';
import type { Store } from './store.ts';

/** An insert costs the store as much for one name as for many: they gather for so long. */
export const LEDGER_AFTER_MS = 5_000;

export class Ledger {
  readonly #store: Store;
  readonly #insistence: Insistence;
  /** What it said of segments that wait: since when it knows them, if it does. */
  readonly #asked = new Map<string, number | undefined>();
  readonly #unwritten: Segment[] = [];
  #unwrittenBytes = 0;
  #unwrittenSinceMs = 0;

  constructor(store: Store, insistence: Insistence) {
    this.#store = store;
    this.#insistence = insistence;
  }

  /**
   * Since when the store has the segment, in seconds since 1970; undefined when it has not. A question costs the store as
   * much for many names as for one: `next`, those that will be asked about soon, are asked about together.
   */
  async knownSince(name: string, next: readonly string[]): Promise<number | undefined> {
    const asked = this.#asked;
    if (!asked.has(name)) {
      const names = [...new Set([name, ...next])];
      const rows = await this.#insistence.until((signal) => this.#ask(names, signal));
      asked.clear();
      for (const one of names) asked.set(one, undefined);
      for (const row of rows) asked.set(row.name, row.since);
    }
    const since = asked.get(name);
    asked.delete(name);
    return since;
  }

  /** Takes note of a segment that the store has taken. */
  add(segment: Segment): void {
    if (this.#unwritten.length === 0) this.#unwrittenSinceMs = Date.now();
    this.#unwritten.push(segment);
    this.#unwrittenBytes += segment.sizeBytes;
  }

  /** Segments whose names are not written yet. */
  get unwrittenCount(): number {
    return this.#unwritten.length;
  }

  /** Names have waited for long enough, or are many. */
  get isDue(): boolean {
    const count = this.#unwritten.length;
    return (
      count >= limits.ledgerBatchMax ||
      this.#unwrittenBytes >= limits.ledgerBatchBytesMax ||
      (count > 0 && Date.now() - this.#unwrittenSinceMs >= LEDGER_AFTER_MS)
    );
  }

  /** Writes the names. @returns their segments, whose files nobody needs any more */
  async write(): Promise<readonly Segment[]> {
    const segments = [...this.#unwritten];
    if (segments.length === 0) return segments;
    const storedAt = Math.floor(Date.now() / 1000);
    const values = segments.map(({ name, rowsCount }) => ({
      name,
      rows: rowsCount,
      stored_at: storedAt,
    }));
    await this.#insistence.until((signal) =>
      this.#store.writer.insert({
        table: this.#store.holding('segments'),
        values,
        format: 'JSONEachRow',
        ...abortBy(signal),
      }),
    );
    this.#unwritten.length = 0;
    this.#unwrittenBytes = 0;
    return segments;
  }

  async #ask(names: readonly string[], signal?: AbortSignal) {
    const answer = await this.#store.writer.query({
      query: `SELECT name, toUnixTimestamp(min(stored_at)) AS since FROM ${this.#store.holding('segments')}
        WHERE name IN {names:Array(String)} GROUP BY name`,
      query_params: { names },
      format: 'JSONEachRow',
      ...abortBy(signal),
    });
    return await answer.json<{ name: string; since: number }>();
  }
}

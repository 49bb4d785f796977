/**
 * The storing side of `monitor`: takes sealed segments and sends them to a store that may be away at any time, and says
 * so on standard error when it goes and when it comes back.
 */
import type { MirrorSqlError } from '../../core/errors.ts';
import type { CaptureSummary } from '../../events/capture-summary.ts';
import { CaptureRecord } from '../../store/capture-record.ts';
import { type EventualStore, STILL_OPENING } from '../../store/eventual-store.ts';
import { enqueueLeftovers } from '../../store/leftovers.ts';
import { LostSeconds } from '../../store/lost-seconds.ts';
import type { Segment } from '../../store/segment.ts';
import { storeError } from '../../store/store-error.ts';
import type { SegmentTable } from '../../store/tables/table-rows.ts';
import { SegmentWriter } from '../../store/writer.ts';

/** What is not stored within this time when the monitor ends stays on the disk for the next run. */
const STOP_WITHIN_MS = 10_000;

export class Storing {
  readonly writer: SegmentWriter;
  readonly #store: EventualStore;
  readonly #record: CaptureRecord;
  readonly #lostSeconds: LostSeconds;
  /** The trouble that was told last and is not over. */
  #told: MirrorSqlError | undefined;
  #lostToDisk = false;
  #droppedBefore = 0;
  #dropsNow = false;

  /** `name`: what is captured. `quotaBytes`: of segments that may wait. `onInserted`: told of each segment's time. */
  constructor(
    store: EventualStore,
    name: string,
    quotaBytes: number | undefined,
    onInserted: (durationMs: number) => void,
  ) {
    this.#store = store;
    this.writer = new SegmentWriter(store, {
      patience: 'forever',
      onInserted,
      onGivenUp: (segment) => this.#lostSeconds.giveUp(segment),
      ...(quotaBytes === undefined ? {} : { waitingBytesMax: quotaBytes }),
    });
    this.#lostSeconds = new LostSeconds({
      directory: store.directory,
      collector: store.collector,
      source: name,
      onSealed: (segment) => this.take(segment),
    });
    this.#record = new CaptureRecord(
      store,
      `live\n${store.collector}\n${name}\n${process.pid}\n${Date.now()}`,
      name,
    );
    // Before anything is sealed, so that each segment is found once; nobody waits for it.
    this.#takeLeftovers().catch((error: unknown) => say(storeError(error).line));
  }

  /** Takes a segment that is on the disk. */
  take(segment: Segment): void {
    this.writer.enqueue(segment);
  }

  /** Takes note of rows that could not be written to the disk. */
  lost(table: SegmentTable, rowsCount: number, atUs: number, error: unknown): void {
    this.writer.lost(table, rowsCount, atUs);
    this.#lostSeconds.lost(rowsCount, atUs);
    if (this.#lostToDisk) return;
    this.#lostToDisk = true;
    say(storeError(error).line);
    say('the capture goes on; what cannot be written is counted as lost');
  }

  /** Tells the store what was seen so far. */
  tell(summary: CaptureSummary): void {
    if (summary.packets > 0) this.#record.tell(summary);
  }

  /** What waits: segments, and their share of the quota, 0 to 1. */
  get waiting(): { readonly segments: number; readonly quotaShare: number } {
    const { segmentsWaiting, bytesWaiting, waitingBytesMax } = this.writer.state;
    const share = this.#dropsNow ? 1 : Math.min(1, bytesWaiting / waitingBytesMax);
    return { segments: segmentsWaiting, quotaShare: share };
  }

  /** Called once a second: says what has changed since the last look. */
  look(): void {
    this.#lostSeconds.seal();
    const { segmentsWaiting, segmentsDropped, failedTries, lastError } = this.writer.state;
    this.#dropsNow = segmentsDropped > this.#droppedBefore;
    this.#droppedBefore = segmentsDropped;
    const away = failedTries > 0 && lastError !== STILL_OPENING ? lastError : undefined;
    const trouble = this.#store.isOpen ? away : this.#store.trouble;
    if (trouble !== undefined && trouble.code !== this.#told?.code) {
      say(trouble.line);
      if (this.#told === undefined) say('the capture goes on; segments wait on the disk');
      this.#told = trouble;
    } else if (trouble === undefined && this.#told !== undefined && failedTries === 0) {
      const dropped = segmentsDropped > 0 ? `, ${segmentsDropped} were given up` : '';
      say(`the store answers again; ${segmentsWaiting} segments wait${dropped}`);
      this.#told = undefined;
    }
  }

  /** Resolves when nothing waits any more, which may be never. */
  async drained(): Promise<void> {
    await this.#store.opened;
    await this.writer.flush();
  }

  /**
   * Ends the storing within a time limit and tells the store the last word.
   * @returns why not all is stored; undefined when it is
   */
  async finish(summary: CaptureSummary): Promise<MirrorSqlError | undefined> {
    this.#lostSeconds.seal();
    await this.#lostSeconds.settled();
    const endsAt = Date.now() + STOP_WITHIN_MS;
    await this.writer.stop(STOP_WITHIN_MS);
    if (summary.packets > 0) {
      await this.#record.finish(summary, Math.max(1_000, endsAt - Date.now()));
    }
    const { segmentsWaiting, lastError } = this.writer.state;
    if (segmentsWaiting === 0) return this.#record.trouble;
    return lastError ?? this.#record.trouble;
  }

  async #takeLeftovers(): Promise<void> {
    const { segments, damaged } = await enqueueLeftovers(this.#store, this.writer);
    if (segments > 0) say(`${segments} segments of an earlier run are being stored`);
    if (damaged > 0) {
      say(
        `${damaged} segments of an earlier run are damaged and were set aside in ${this.#store.directory}/segments`,
      );
    }
  }
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

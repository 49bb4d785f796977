/**
 * Sends whole segments to the store, one after the other, each exactly once: the segment's name is the token by which
 * the store knows a repeated insert, and the ledger (ledger.ts) knows the names of all that ever came. A file is deleted when
 * the ledger has its name; what a crash leaves is sent by the next run.
 */
import { createReadStream, statSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { finished } from 'node:stream/promises';
import type { ErrorCode, MirrorSqlError } from '../core/errors.ts';
import { GapRecord } from './gap-record.ts';
import { abortBy, causeOf, Insistence, isGone, Stopped } from './insistence.ts';
import { limits } from './limits.ts';
import { Ledger, LEDGER_AFTER_MS } from './ledger.ts';
import type { Segment } from './segment.ts';
import { SEGMENT_HEADER } from './segment-name.ts';
import { type Quota, SegmentQueue } from './segment-queue.ts';
import type { Store } from './store.ts';
import { isRefusal, storeError } from './store-error.ts';
import type { SegmentTable } from './tables/table-rows.ts';

/** Rows by table. */
export type RowCounts = Partial<Record<SegmentTable, number>>;

export interface WriterCounts {
  /** Stored by this writer. */
  readonly stored: RowCounts;
  /** In the store before. */
  readonly known: RowCounts;
  readonly segmentsStored: number;
  readonly segmentsKnown: number;
  /** Seconds since 1970 at which the oldest of the known ones was stored. */
  readonly knownSinceSeconds: number | undefined;
}

export interface WriterOptions {
  /**
   * 'a minute' (when not given): a store that stays away ends the work. 'forever': segments wait on the disk under a
   * quota, past it the oldest are given up and recorded, and nobody is asked to wait.
   */
  readonly patience?: 'a minute' | 'forever';
  readonly waitingBytesMax?: number;
  readonly waitingSegmentsMax?: number;
  /** Told of each segment that was stored, with the time it took in milliseconds. */
  readonly onInserted?: (durationMs: number) => void;
  /** Told of each segment that is given up past the quota, while its file is still there. */
  readonly onGivenUp?: (segment: Segment) => void;
}

/** How a patient writer is doing. */
export interface WriterState {
  readonly segmentsWaiting: number;
  readonly bytesWaiting: number;
  /** Past this the oldest is given up. */
  readonly waitingBytesMax: number;
  /** When the oldest of the waiting ones was sealed, in milliseconds since 1970. */
  readonly oldestWaitingSinceMs: number | undefined;
  /** Given up by this writer: past the quota, refused by the store, or not even written to the disk. */
  readonly segmentsDropped: number;
  readonly rowsDropped: RowCounts;
  /** What was given up is in the store as a gap, or written down for the next run to tell. */
  readonly isGapKept: boolean;
  /** Of the last insert that succeeded: when it ended, in milliseconds since 1970, and how long it took. */
  readonly lastInsertAtMs: number | undefined;
  readonly lastInsertMs: number | undefined;
  /** Since the last success. */
  readonly failedTries: number;
  /** Since the beginning, by the code of the error. */
  readonly failures: Readonly<Partial<Record<ErrorCode, number>>>;
  readonly lastError: MirrorSqlError | undefined;
  readonly lastErrorAtMs: number | undefined;
}

/** All three are needed for views to take a repeated insert no twice (research on storage, exactly once). */
const EXACTLY_ONCE =
  'insert_deduplicate = 1, deduplicate_blocks_in_dependent_materialized_views = 1, async_insert = 0';

/** A patient writer that something stopped tries again after this long. */
const RESUME_AFTER_MS = 5_000;

export class SegmentWriter {
  readonly #store: Store;
  readonly #insistence: Insistence;
  readonly #queue = new SegmentQueue();
  readonly #ledger: Ledger;
  readonly #stored: RowCounts = {};
  readonly #known: RowCounts = {};
  #segmentsStored = 0;
  #segmentsKnown = 0;
  #knownSinceSeconds: number | undefined;
  #pump: Promise<void> | undefined;
  #later: NodeJS.Timeout | undefined;
  /** Somebody waits until all is in the ledger. */
  #isFinishing = false;
  #failure: MirrorSqlError | undefined;
  #wake: (() => void)[] = [];
  readonly #gap: GapRecord | undefined;
  readonly #quota: Quota;
  readonly #onGivenUp: WriterOptions['onGivenUp'];
  readonly #rowsDropped: RowCounts = {};
  #segmentsDropped = 0;
  #lastInsertAtMs: number | undefined;
  #lastInsertMs: number | undefined;
  readonly #onInserted: WriterOptions['onInserted'];

  constructor(store: Store, options: WriterOptions = {}) {
    this.#store = store;
    this.#onInserted = options.onInserted;
    this.#quota = {
      bytesMax: options.waitingBytesMax ?? limits.liveWaitingBytesMax,
      segmentsMax: options.waitingSegmentsMax ?? limits.liveWaitingSegmentsMax,
    };
    this.#onGivenUp = options.onGivenUp;
    const patient = options.patience === 'forever';
    this.#insistence = new Insistence(store, patient);
    this.#ledger = new Ledger(store, this.#insistence);
    this.#gap = patient ? new GapRecord(store.directory) : undefined;
    if (this.#gap?.open !== undefined) this.#pump = this.#run();
  }

  get state(): WriterState {
    const { failedTries, failures, lastError, lastErrorAtMs } = this.#insistence;
    return {
      segmentsWaiting: this.#queue.count,
      bytesWaiting: this.#queue.bytes,
      waitingBytesMax: this.#quota.bytesMax,
      oldestWaitingSinceMs: sealedAtMs(this.#queue.first),
      segmentsDropped: this.#segmentsDropped,
      rowsDropped: this.#rowsDropped,
      isGapKept: this.#gap?.isKept ?? true,
      lastInsertAtMs: this.#lastInsertAtMs,
      lastInsertMs: this.#lastInsertMs,
      failedTries,
      failures,
      lastError,
      lastErrorAtMs,
    };
  }

  get counts(): WriterCounts {
    return {
      stored: this.#stored,
      known: this.#known,
      segmentsStored: this.#segmentsStored,
      segmentsKnown: this.#segmentsKnown,
      knownSinceSeconds: this.#knownSinceSeconds,
    };
  }

  /** Segments that are on the disk and not stored yet. */
  get waitingCount(): number {
    return this.#queue.count;
  }

  /** Set when the store has failed. */
  get failure(): MirrorSqlError | undefined {
    return this.#failure;
  }

  /** Takes a segment that is on the disk. */
  enqueue(segment: Segment): void {
    this.#queue.add(segment);
    this.#queued();
  }

  /** Takes a segment that an earlier run left: it goes before those of this run. */
  enqueueLeftover(segment: Segment): void {
    this.#queue.addLeftover(segment);
    this.#queued();
  }

  /** Live rows that could not be written to the disk. `atUs`: about when they were seen. */
  lost(table: SegmentTable, rowsCount: number, atUs: number): void {
    this.#gap?.lost(table, rowsCount, atUs);
    this.#countDropped(table, rowsCount);
    this.#pump ??= this.#run();
  }

  /** Ends a patient writer: what is not stored within the time stays on the disk for the next run. */
  async stop(withinMs: number): Promise<void> {
    const timer = setTimeout(() => this.#insistence.stop(), withinMs);
    await this.#finish();
    clearTimeout(timer);
  }

  #queued(): void {
    const gap = this.#gap;
    if (gap !== undefined) {
      let segment: Segment | undefined;
      while ((segment = this.#queue.takeBeyond(this.#quota)) !== undefined) {
        this.#onGivenUp?.(segment);
        gap.giveUp(segment);
        this.#countDropped(segment.table, segment.rowsCount);
      }
    }
    this.#pump ??= this.#run();
  }

  #countDropped(table: SegmentTable, rowsCount: number): void {
    this.#segmentsDropped++;
    this.#rowsDropped[table] = (this.#rowsDropped[table] ?? 0) + rowsCount;
  }

  /**
   * Resolves when at most limits.segmentsWaitingMax segments wait; of a patient writer at once.
   * @throws MirrorSqlError when the store has failed; the segments stay on the disk.
   */
  async drained(): Promise<void> {
    if (this.#gap !== undefined) return;
    while (this.#failure === undefined && this.#queue.count > limits.segmentsWaitingMax) {
      await new Promise<void>((resolve) => this.#wake.push(resolve));
    }
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Resolves when all segments are stored and their names are in the ledger. @throws MirrorSqlError */
  async flush(): Promise<void> {
    await this.#finish();
    if (this.#failure !== undefined) throw this.#failure;
  }

  async #finish(): Promise<void> {
    this.#isFinishing = true;
    while (this.#pump !== undefined || this.#hasWork()) {
      this.#pump ??= this.#run();
      await this.#pump;
    }
    this.#isFinishing = false;
  }

  async #run(): Promise<void> {
    try {
      for (;;) {
        const segment = this.#queue.first;
        if (segment === undefined) break;
        await this.#send(segment);
        this.#queue.shift();
        this.#awake();
        if (this.#ledger.isDue) await this.#writeLedger();
      }
      if (this.#isFinishing || this.#ledger.isDue) await this.#writeLedger();
      await this.#tellGap();
    } catch (error) {
      if (this.#gap === undefined) this.#failure = storeError(error);
      else if (!(error instanceof Stopped)) await this.#pause(error);
    } finally {
      this.#awake();
      this.#pump = undefined;
    }
    if (this.#hasWork()) this.#pump = this.#run();
    else if (this.#ledger.unwrittenCount > 0) this.#runLater();
  }

  #hasWork(): boolean {
    if (this.#failure !== undefined || this.#insistence.stopped) return false;
    const { unwrittenCount, isDue } = this.#ledger;
    const namesWait = isDue || (this.#isFinishing && unwrittenCount > 0);
    return this.#queue.count > 0 || namesWait || this.#gap?.open !== undefined;
  }

  /** Names that no further segment comes after are written all the same. */
  #runLater(): void {
    this.#later ??= setTimeout(() => {
      this.#later = undefined;
      this.#pump ??= this.#run();
    }, LEDGER_AFTER_MS).unref();
  }

  /** Nothing that a patient writer meets ends its work. */
  async #pause(error: unknown): Promise<void> {
    this.#insistence.failed(error);
    await this.#insistence.wait(RESUME_AFTER_MS);
  }

  async #tellGap(): Promise<void> {
    const gap = this.#gap;
    if (gap?.open !== undefined)
      await this.#insistence.until((signal) => gap.tell(this.#store, abortBy(signal)));
  }

  #awake(): void {
    const wake = this.#wake;
    this.#wake = [];
    for (const resolve of wake) resolve();
  }

  async #send(segment: Segment): Promise<void> {
    const since = await this.#knownSince(segment);
    if (since !== undefined) {
      this.#segmentsKnown++;
      add(this.#known, segment);
      this.#knownSinceSeconds = Math.min(this.#knownSinceSeconds ?? since, since);
      await this.#remove(segment);
      return;
    }
    const startedMs = Date.now();
    try {
      await this.#insistence.until((signal) => insertSegment(this.#store, segment, signal));
      this.#lastInsertAtMs = Date.now();
      this.#lastInsertMs = this.#lastInsertAtMs - startedMs;
      this.#onInserted?.(this.#lastInsertMs);
    } catch (error) {
      if (this.#gap !== undefined && isRefusal(causeOf(error))) {
        await this.#setAside(segment);
        return;
      }
      if (!isGone(error)) throw error;
      if (this.#gap !== undefined && (await this.#knownSince(segment)) === undefined) {
        this.#countLost(segment);
        return;
      }
      // Two processes that load the same capture make the same file; the other one has sent and deleted it.
      this.#segmentsKnown++;
      add(this.#known, segment);
      return;
    }
    this.#segmentsStored++;
    add(this.#stored, segment);
    this.#ledger.add(segment);
  }

  async #knownSince({ name }: Segment): Promise<number | undefined> {
    return await this.#ledger.knownSince(name, this.#queue.names(limits.ledgerAskedMax));
  }

  async #writeLedger(): Promise<void> {
    for (const segment of await this.#ledger.write()) await this.#remove(segment);
  }

  /** Live segments stay where the disk has become read-only; the next run finds them in the ledger. */
  async #remove({ path }: Segment): Promise<void> {
    try {
      await rm(path, { force: true });
    } catch (error) {
      if (this.#gap === undefined) throw error;
    }
  }

  /** Kept under another name for whoever wants to know why; what is not in the store counts as lost. */
  async #setAside(segment: Segment): Promise<void> {
    this.#countLost(segment);
    await rename(segment.path, `${segment.path}.refused`);
  }

  #countLost({ table, rowsCount }: Segment): void {
    this.#gap?.lost(table, rowsCount, Date.now() * 1000);
    this.#countDropped(table, rowsCount);
  }
}

/** Inserts the segment's block; a repeated insert of the same segment changes nothing. */
export async function insertSegment(
  store: Store,
  segment: Segment,
  signal?: AbortSignal,
): Promise<void> {
  const abort = abortBy(signal);
  const query = `INSERT INTO ${store.holding(segment.table)} SETTINGS insert_deduplication_token = '${segment.name}', ${EXACTLY_ONCE} FORMAT Native`;
  if (store.readsSegments) {
    await store.writer.command({
      query,
      http_headers: { [SEGMENT_HEADER]: segment.name },
      ...abort,
    });
    return;
  }
  const { stream } = await store.writer.exec({
    query,
    values: createReadStream(segment.path),
    ...abort,
  });
  stream.resume();
  await finished(stream);
}

/** Of its file, so that it holds for what an earlier run has left too. */
function sealedAtMs(segment: Segment | undefined): number | undefined {
  if (segment === undefined) return undefined;
  return statSync(segment.path, { throwIfNoEntry: false })?.mtimeMs;
}

function add(counts: RowCounts, segment: Segment): void {
  counts[segment.table] = (counts[segment.table] ?? 0) + segment.rowsCount;
}

/**
 * Sends whole segments to the store, one after the other, each exactly once: the segment's name is the token by which
 * the store knows a repeated insert, and the ledger knows the names of all that ever came. A file is deleted when the
 * ledger has its name; what a crash leaves is sent by the next run.
 */
import { createReadStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { ClickHouseError } from '@clickhouse/client';
import { MirrorSqlError, systemCode } from '../core/errors.ts';
import { GapRecord } from './gap-record.ts';
import { limits } from './limits.ts';
import { leftoverNames, readLeftover, type Segment } from './segment.ts';
import { SEGMENT_HEADER } from './segment-name.ts';
import type { Store } from './store.ts';
import { isRefusal, isTransient, storeError } from './store-error.ts';
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
}

/** How a patient writer is doing. */
export interface WriterState {
  readonly segmentsWaiting: number;
  readonly bytesWaiting: number;
  /** Given up by this writer: past the quota, refused by the store, or not even written to the disk. */
  readonly segmentsDropped: number;
  readonly rowsDropped: RowCounts;
  /** Of the last insert that succeeded: when it ended, in milliseconds since 1970, and how long it took. */
  readonly lastInsertAtMs: number | undefined;
  readonly lastInsertMs: number | undefined;
  /** Since the last success. */
  readonly failedTries: number;
  readonly lastError: MirrorSqlError | undefined;
  readonly lastErrorAtMs: number | undefined;
}

/** All three are needed for views to take a repeated insert no twice (research on storage, exactly once). */
const EXACTLY_ONCE =
  'insert_deduplicate = 1, deduplicate_blocks_in_dependent_materialized_views = 1, async_insert = 0';

const RETRY_FIRST_MS = 100;
const RETRY_MAX_MS = 5_000;
const GIVE_UP_AFTER_MS = 60_000;

/** A patient writer does not wait longer for one answer: packets to an unreachable server vanish without a word. */
const LIVE_ANSWER_FIRST_MS = 30_000;
const LIVE_ANSWER_MAX_MS = 600_000;

/** The store is away and the patient writer was told to stop. */
class Stopped extends Error {}

export class SegmentWriter {
  readonly #store: Store;
  readonly #queue: Segment[] = [];
  readonly #acknowledged: Segment[] = [];
  readonly #stored: RowCounts = {};
  readonly #known: RowCounts = {};
  #segmentsStored = 0;
  #segmentsKnown = 0;
  #knownSinceSeconds: number | undefined;
  #pump: Promise<void> | undefined;
  #failure: MirrorSqlError | undefined;
  #wake: (() => void)[] = [];
  readonly #gap: GapRecord | undefined;
  readonly #waitingBytesMax: number;
  readonly #waitingSegmentsMax: number;
  readonly #rowsDropped: RowCounts = {};
  readonly #stop = new AbortController();
  #bytesWaiting = 0;
  #segmentsDropped = 0;
  #lastInsertAtMs: number | undefined;
  #lastInsertMs: number | undefined;
  #failedTries = 0;
  #lastError: MirrorSqlError | undefined;
  #lastErrorAtMs: number | undefined;

  constructor(store: Store, options: WriterOptions = {}) {
    this.#store = store;
    this.#waitingBytesMax = options.waitingBytesMax ?? limits.liveWaitingBytesMax;
    this.#waitingSegmentsMax = options.waitingSegmentsMax ?? limits.liveWaitingSegmentsMax;
    this.#gap = options.patience === 'forever' ? new GapRecord(store.directory) : undefined;
    if (this.#gap?.open !== undefined) this.#pump = this.#run();
  }

  get state(): WriterState {
    return {
      segmentsWaiting: this.#queue.length,
      bytesWaiting: this.#bytesWaiting,
      segmentsDropped: this.#segmentsDropped,
      rowsDropped: this.#rowsDropped,
      lastInsertAtMs: this.#lastInsertAtMs,
      lastInsertMs: this.#lastInsertMs,
      failedTries: this.#failedTries,
      lastError: this.#lastError,
      lastErrorAtMs: this.#lastErrorAtMs,
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
    return this.#queue.length;
  }

  /** Set when the store has failed. */
  get failure(): MirrorSqlError | undefined {
    return this.#failure;
  }

  /** Takes a segment that is on the disk. */
  enqueue(segment: Segment): void {
    this.#queue.push(segment);
    this.#bytesWaiting += segment.sizeBytes;
    if (this.#gap !== undefined) this.#dropBeyondQuota(this.#gap);
    this.#pump ??= this.#run();
  }

  /** Live rows that could not be written to the disk. `atUs`: about when they were seen. */
  lost(table: SegmentTable, rowsCount: number, atUs: number): void {
    this.#gap?.lost(table, rowsCount, atUs);
    this.#countDropped(table, rowsCount);
    this.#pump ??= this.#run();
  }

  /** Ends a patient writer: what is not stored within the time stays on the disk for the next run. */
  async stop(withinMs: number): Promise<void> {
    const timer = setTimeout(() => this.#stop.abort(), withinMs);
    while (this.#pump !== undefined) await this.#pump;
    clearTimeout(timer);
  }

  /** The first in the queue is on its way. Texts of classes are told once only: they go last. */
  #dropBeyondQuota(gap: GapRecord): void {
    while (
      this.#queue.length > 1 &&
      (this.#bytesWaiting > this.#waitingBytesMax || this.#queue.length > this.#waitingSegmentsMax)
    ) {
      const oldest = this.#queue.findIndex(({ table }, index) => index > 0 && table !== 'classes');
      const [segment] = this.#queue.splice(Math.max(1, oldest), 1);
      if (segment === undefined) return;
      this.#bytesWaiting -= segment.sizeBytes;
      gap.giveUp(segment);
      this.#countDropped(segment.table, segment.rowsCount);
    }
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
    while (this.#failure === undefined && this.#queue.length > limits.segmentsWaitingMax) {
      await new Promise<void>((resolve) => this.#wake.push(resolve));
    }
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Resolves when all segments are stored and their names are in the ledger. @throws MirrorSqlError */
  async flush(): Promise<void> {
    while (this.#pump !== undefined) await this.#pump;
    if (this.#failure !== undefined) throw this.#failure;
  }

  async #run(): Promise<void> {
    try {
      for (;;) {
        const segment = this.#queue[0];
        if (segment === undefined) break;
        await this.#send(segment);
        this.#queue.shift();
        this.#bytesWaiting -= segment.sizeBytes;
        this.#awake();
        if (this.#acknowledged.length >= limits.ledgerBatchMax) await this.#writeLedger();
      }
      await this.#writeLedger();
      await this.#tellGap();
    } catch (error) {
      if (!(error instanceof Stopped)) this.#failure = storeError(error);
    } finally {
      this.#awake();
      this.#pump = undefined;
    }
    const more = this.#queue.length > 0 || this.#gap?.open !== undefined;
    if (this.#failure === undefined && !this.#stop.signal.aborted && more) this.#pump = this.#run();
  }

  async #tellGap(): Promise<void> {
    const gap = this.#gap;
    if (gap?.open !== undefined)
      await this.#insist((signal) => gap.tell(this.#store, abortBy(signal)));
  }

  #awake(): void {
    const wake = this.#wake;
    this.#wake = [];
    for (const resolve of wake) resolve();
  }

  async #send(segment: Segment): Promise<void> {
    const since = await this.#insist((signal) => this.#knownSince(segment.name, signal));
    if (since !== undefined) {
      this.#segmentsKnown++;
      add(this.#known, segment);
      this.#knownSinceSeconds = Math.min(this.#knownSinceSeconds ?? since, since);
      await rm(segment.path, { force: true });
      return;
    }
    const startedMs = Date.now();
    try {
      await this.#insist((signal) => insertSegment(this.#store, segment, signal));
      this.#lastInsertAtMs = Date.now();
      this.#lastInsertMs = this.#lastInsertAtMs - startedMs;
    } catch (error) {
      if (this.#gap !== undefined && isRefusal(causeOf(error))) {
        await this.#setAside(segment);
        return;
      }
      // Two processes that load the same capture make the same file; the other one has sent and deleted it.
      if (!isGone(error)) throw error;
      this.#segmentsKnown++;
      add(this.#known, segment);
      return;
    }
    this.#segmentsStored++;
    add(this.#stored, segment);
    this.#acknowledged.push(segment);
  }

  async #knownSince(name: string, signal?: AbortSignal): Promise<number | undefined> {
    const answer = await this.#store.client.query({
      query:
        'SELECT toUnixTimestamp(min(stored_at)) AS since FROM segments WHERE name = {name:String} HAVING count() > 0',
      query_params: { name },
      format: 'JSONEachRow',
      ...abortBy(signal),
    });
    const rows = await answer.json<{ since: number }>();
    return rows[0]?.since;
  }

  async #writeLedger(): Promise<void> {
    const segments = this.#acknowledged;
    if (segments.length === 0) return;
    const storedAt = Math.floor(Date.now() / 1000);
    const values = segments.map(({ name, rowsCount }) => ({
      name,
      rows: rowsCount,
      stored_at: storedAt,
    }));
    await this.#insist((signal) =>
      this.#store.client.insert({
        table: 'segments',
        values,
        format: 'JSONEachRow',
        ...abortBy(signal),
      }),
    );
    for (const { path } of segments) await rm(path, { force: true });
    segments.length = 0;
  }

  /** Kept under another name for whoever wants to know why; what is not in the store counts as lost. */
  async #setAside(segment: Segment): Promise<void> {
    this.#gap?.lost(segment.table, segment.rowsCount, Date.now() * 1000);
    this.#countDropped(segment.table, segment.rowsCount);
    await rename(segment.path, `${segment.path}.refused`);
  }

  /** Repeats what fails because the store is away: for a while, or until it is told to stop. */
  async #insist<T>(work: (signal?: AbortSignal) => Promise<T>): Promise<T> {
    const giveUpAt = Date.now() + GIVE_UP_AFTER_MS;
    let refusals = 0;
    for (let waitMs = RETRY_FIRST_MS; ; waitMs = Math.min(waitMs * 2, RETRY_MAX_MS)) {
      try {
        const answer = await (this.#gap === undefined ? work() : this.#tryOnce(work));
        this.#failedTries = 0;
        return answer;
      } catch (error) {
        this.#failedTries++;
        this.#lastError = storeError(error);
        this.#lastErrorAtMs = Date.now();
        if (this.#gap === undefined) {
          const failure = this.#store.failure();
          if (failure !== undefined) throw failure;
          if (!isTransient(error) || Date.now() > giveUpAt) throw storeError(error);
        } else if (this.#stop.signal.aborted) {
          throw new Stopped();
        } else if (isGone(error) || (isRefusal(error) && ++refusals >= limits.liveRefusalsMax)) {
          throw storeError(error);
        }
        // Jittered, so that several collectors do not come back at one moment.
        const jitter = this.#gap === undefined ? 1 : 0.5 + Math.random() / 2;
        await sleep(waitMs * jitter, undefined, { signal: this.#stop.signal }).catch(() => {
          throw new Stopped();
        });
      }
    }
  }

  /** One try, its time bounded: twice as long after each failure, as an insert that only takes long must succeed. */
  async #tryOnce<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const ms = LIVE_ANSWER_FIRST_MS * 2 ** Math.min(this.#failedTries, 5);
    const controller = new AbortController();
    const abort = (): void => controller.abort();
    const timer = setTimeout(abort, Math.min(ms, LIVE_ANSWER_MAX_MS));
    this.#stop.signal.addEventListener('abort', abort, { once: true });
    if (this.#stop.signal.aborted) abort();
    try {
      return await work(controller.signal);
    } finally {
      clearTimeout(timer);
      this.#stop.signal.removeEventListener('abort', abort);
    }
  }
}

/** Inserts the segment's block; a repeated insert of the same segment changes nothing. */
export async function insertSegment(
  store: Store,
  segment: Segment,
  signal?: AbortSignal,
): Promise<void> {
  const abort = abortBy(signal);
  const query = `INSERT INTO ${segment.table} SETTINGS insert_deduplication_token = '${segment.name}', ${EXACTLY_ONCE} FORMAT Native`;
  if (store.readsSegments) {
    await store.client.command({
      query,
      http_headers: { [SEGMENT_HEADER]: segment.name },
      ...abort,
    });
    return;
  }
  const { stream } = await store.client.exec({
    query,
    values: createReadStream(segment.path),
    ...abort,
  });
  stream.resume();
  await finished(stream);
}

/**
 * Hands the segments of earlier runs to the writer and returns how many there were. Damaged ones get the ending
 * `.damaged` and are counted.
 */
export async function enqueueLeftovers(
  store: Store,
  writer: SegmentWriter,
): Promise<{ segments: number; damaged: number }> {
  const directory = join(store.directory, 'segments');
  let segments = 0;
  let damaged = 0;
  for (const name of leftoverNames(directory)) {
    const segment = await readLeftover(directory, name);
    if (segment === 'gone') continue;
    if (segment === 'damaged') {
      damaged++;
      await rename(join(directory, name), join(directory, `${name}.damaged`));
      continue;
    }
    segments++;
    writer.enqueue(segment);
    await writer.drained();
  }
  return { segments, damaged };
}

/** FILE_DOESNT_EXIST of the engine, or the system's word for it. */
function isGone(error: unknown): boolean {
  const cause = causeOf(error);
  return (
    (cause instanceof ClickHouseError && cause.code === '107') || systemCode(cause) === 'ENOENT'
  );
}

function abortBy(signal: AbortSignal | undefined): { abort_signal?: AbortSignal } {
  return signal === undefined ? {} : { abort_signal: signal };
}

function causeOf(error: unknown): unknown {
  return error instanceof MirrorSqlError ? error.cause : error;
}

function add(counts: RowCounts, segment: Segment): void {
  counts[segment.table] = (counts[segment.table] ?? 0) + segment.rowsCount;
}

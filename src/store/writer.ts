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
import { limits } from './limits.ts';
import { leftoverNames, readLeftover, type Segment } from './segment.ts';
import { SEGMENT_HEADER } from './segment-name.ts';
import type { Store } from './store.ts';
import { isTransient, storeError } from './store-error.ts';
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

/** All three are needed for views to take a repeated insert no twice (research on storage, exactly once). */
const EXACTLY_ONCE =
  'insert_deduplicate = 1, deduplicate_blocks_in_dependent_materialized_views = 1, async_insert = 0';

const RETRY_FIRST_MS = 100;
const RETRY_MAX_MS = 5_000;
const GIVE_UP_AFTER_MS = 60_000;

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

  constructor(store: Store) {
    this.#store = store;
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
    this.#pump ??= this.#run();
  }

  /**
   * Resolves when at most limits.segmentsWaitingMax segments wait.
   * @throws MirrorSqlError when the store has failed; the segments stay on the disk.
   */
  async drained(): Promise<void> {
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
        this.#awake();
        if (this.#acknowledged.length >= limits.ledgerBatchMax) await this.#writeLedger();
      }
      await this.#writeLedger();
    } catch (error) {
      this.#failure = storeError(error);
    } finally {
      this.#awake();
      this.#pump = undefined;
    }
    if (this.#failure === undefined && this.#queue.length > 0) this.#pump = this.#run();
  }

  #awake(): void {
    const wake = this.#wake;
    this.#wake = [];
    for (const resolve of wake) resolve();
  }

  async #send(segment: Segment): Promise<void> {
    const since = await this.#insist(() => this.#knownSince(segment.name));
    if (since !== undefined) {
      this.#segmentsKnown++;
      add(this.#known, segment);
      this.#knownSinceSeconds = Math.min(this.#knownSinceSeconds ?? since, since);
      await rm(segment.path, { force: true });
      return;
    }
    try {
      await this.#insist(() => insertSegment(this.#store, segment));
    } catch (error) {
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

  async #knownSince(name: string): Promise<number | undefined> {
    const answer = await this.#store.client.query({
      query:
        'SELECT toUnixTimestamp(min(stored_at)) AS since FROM segments WHERE name = {name:String} HAVING count() > 0',
      query_params: { name },
      format: 'JSONEachRow',
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
    await this.#insist(() =>
      this.#store.client.insert({ table: 'segments', values, format: 'JSONEachRow' }),
    );
    for (const { path } of segments) await rm(path, { force: true });
    segments.length = 0;
  }

  /** Repeats what fails because the store is away, for a while. */
  async #insist<T>(work: () => Promise<T>): Promise<T> {
    const giveUpAt = Date.now() + GIVE_UP_AFTER_MS;
    for (let waitMs = RETRY_FIRST_MS; ; waitMs = Math.min(waitMs * 2, RETRY_MAX_MS)) {
      try {
        return await work();
      } catch (error) {
        const failure = this.#store.failure();
        if (failure !== undefined) throw failure;
        if (!isTransient(error) || Date.now() > giveUpAt) throw storeError(error);
        await sleep(waitMs);
      }
    }
  }
}

/** Inserts the segment's block; a repeated insert of the same segment changes nothing. */
export async function insertSegment(store: Store, segment: Segment): Promise<void> {
  const query = `INSERT INTO ${segment.table} SETTINGS insert_deduplication_token = '${segment.name}', ${EXACTLY_ONCE} FORMAT Native`;
  if (store.readsSegments) {
    await store.client.command({ query, http_headers: { [SEGMENT_HEADER]: segment.name } });
    return;
  }
  const { stream } = await store.client.exec({ query, values: createReadStream(segment.path) });
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
  const cause = error instanceof MirrorSqlError ? error.cause : error;
  return (
    (cause instanceof ClickHouseError && cause.code === '107') || systemCode(cause) === 'ENOENT'
  );
}

function add(counts: RowCounts, segment: Segment): void {
  counts[segment.table] = (counts[segment.table] ?? 0) + segment.rowsCount;
}

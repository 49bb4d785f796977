/**
 * What had to be given up while the store was away. It is kept in one small file beside the segments until the store
 * can be told, and told as a row of `captures`, so that every report whose window it touches counts it.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { decimalSeconds } from './captures.ts';
import type { Segment } from './segment.ts';
import { segmentTimes } from './segment-times.ts';
import type { Store } from './store.ts';
import type { SegmentTable } from './tables/table-rows.ts';

export interface Gap {
  /** Made of the first segment given up: the row of a later telling replaces that of an earlier one. */
  readonly id: string;
  /** What the lost rows told of, as far as they had times. */
  readonly fromUs: number | undefined;
  readonly toUs: number | undefined;
  readonly segments: number;
  readonly bytes: number;
  readonly rows: Partial<Record<SegmentTable, number>>;
  /** The segment whose deletion this gap counts already: a crash may come between the two. */
  readonly doomed: string | undefined;
}

export class GapRecord {
  readonly #path: string;
  readonly #segments: string;
  #gap: Gap | undefined;
  #isKept = true;

  /** Takes up what an earlier run could not tell. `directory`: the store's. */
  constructor(directory: string) {
    this.#segments = join(directory, 'segments');
    this.#path = join(directory, 'gap.json');
    this.#gap = readGap(this.#path);
    const doomed = this.#gap?.doomed;
    if (doomed !== undefined) rmSync(join(this.#segments, doomed), { force: true });
  }

  /** Undefined when there is nothing to tell. */
  get open(): Gap | undefined {
    return this.#gap;
  }

  /** What is lost is told, or written down for the next run; false on a disk that takes nothing more. */
  get isKept(): boolean {
    return this.#gap === undefined || this.#isKept;
  }

  /** Counts a segment as lost, then deletes it. */
  giveUp(segment: Segment): void {
    const times = segmentTimes(segment.path);
    this.#count(segment.table, segment.rowsCount, segment.sizeBytes, times, segment.name);
    try {
      rmSync(segment.path, { force: true });
    } catch {
      // A disk that has become read-only; the next run may still store it, beside the gap that tells of it.
    }
  }

  /** Counts rows that could not even be written to the disk. */
  lost(table: SegmentTable, rowsCount: number, atUs: number): void {
    this.#count(table, rowsCount, 0, { fromUs: atUs, toUs: atUs + 1 }, undefined);
  }

  /** Tells the store; what is given up meanwhile stays to be told. @throws what the client throws */
  async tell(store: Store, abort: { abort_signal?: AbortSignal }): Promise<void> {
    const gap = this.#gap;
    if (gap === undefined) return;
    await storeGap(store, gap, abort);
    if (this.#gap !== gap) return;
    this.#gap = undefined;
    rmSync(this.#path, { force: true });
  }

  #count(
    table: SegmentTable,
    rowsCount: number,
    sizeBytes: number,
    times: { fromUs: number; toUs: number } | undefined,
    doomed: string | undefined,
  ): void {
    const { id, fromUs, toUs, segments, bytes, rows } = this.#gap ?? {
      id: gapId(doomed ?? `${table} ${Date.now()}`),
      fromUs: undefined,
      toUs: undefined,
      segments: 0,
      bytes: 0,
      rows: {},
    };
    this.#gap = {
      id,
      fromUs: least(fromUs, times?.fromUs, Math.min),
      toUs: least(toUs, times?.toUs, Math.max),
      segments: segments + 1,
      bytes: bytes + sizeBytes,
      rows: { ...rows, [table]: (rows[table] ?? 0) + rowsCount },
      doomed,
    };
    try {
      const temporary = `${this.#path}.${process.pid}.tmp`;
      writeFileSync(temporary, JSON.stringify(this.#gap), { mode: 0o600 });
      renameSync(temporary, this.#path);
      this.#isKept = true;
    } catch {
      // A full disk must not stop the capture; the gap is told from memory, and written down with the next one.
      this.#isKept = false;
    }
  }
}

function least(
  a: number | undefined,
  b: number | undefined,
  choose: (a: number, b: number) => number,
): number | undefined {
  if (a === undefined) return b;
  return b === undefined ? a : choose(a, b);
}

function gapId(text: string): string {
  return createHash('sha256').update(`gap ${text}`).digest('hex').slice(0, 32);
}

/** What waits to be told in a store's directory. */
function readGap(path: string): Gap | undefined {
  if (!existsSync(path)) return undefined;
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Gap; // We alone write it, whole, by renaming.
  } catch {
    return undefined;
  }
}

/** The name that a gap bears where a capture has its file's. */
export const GAP_FILE = '(gap: not stored)';

/**
 * Stores what was seen and had to be given up, as rows dropped by a limit. The same gap told again replaces itself.
 * @throws what the client throws
 */
async function storeGap(
  store: Store,
  gap: Gap,
  abort: { readonly abort_signal?: AbortSignal },
): Promise<void> {
  const dropped = Object.values(gap.rows).reduce((total, count) => total + count, 0);
  const nowUs = Date.now() * 1000;
  const row = {
    capture_id: gap.id,
    collector: store.collector,
    file: GAP_FILE,
    first_packet_ts: decimalSeconds(gap.fromUs ?? nowUs),
    last_packet_ts: decimalSeconds(gap.toUs ?? nowUs),
    dropped_by_limit: dropped,
    summary: JSON.stringify({ segments: gap.segments, bytes: gap.bytes, rows: gap.rows }),
    stored_at: Math.floor(nowUs / 1_000_000),
  };
  await store.writer.insert({
    table: store.holding('captures'),
    values: [row],
    format: 'JSONEachRow',
    ...abort,
  });
}

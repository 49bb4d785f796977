/**
 * What a live capture says of itself, told to the store again and again while it runs. A small file beside the segments
 * keeps the last word, so that a store that is away when the capture ends hears it from the next run.
 */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MirrorSqlError } from '../core/errors.ts';
import type { CaptureSummary } from '../events/capture-summary.ts';
import { type CaptureRow, captureRow } from './captures.ts';
import type { Store } from './store.ts';
import { storeError } from './store-error.ts';

const ENDING = '.json';
const TELL_WITHIN_MS = 30_000;
/** Of earlier runs. */
const LEFTOVERS_MAX = 1_000;

export class CaptureRecord {
  readonly #store: Store;
  readonly #directory: string;
  readonly #identity: string;
  readonly #name: string;
  /** What is still to be told: of earlier runs, and of this one. */
  readonly #leftovers: readonly CaptureRow[];
  #leftoversTold = false;
  #row: CaptureRow | undefined;
  #telling: Promise<void> | undefined;
  /** Why the store could not be told last time. */
  trouble: MirrorSqlError | undefined;

  /** `identity`: of this run, unlike any other. `name`: what is captured. */
  constructor(store: Store, identity: string, name: string) {
    this.#store = store;
    this.#identity = identity;
    this.#name = name;
    this.#directory = join(store.directory, 'captures');
    this.#leftovers = readLeftovers(this.#directory);
  }

  /** Keeps the summary, and tells the store unless it is just being told. */
  tell(summary: CaptureSummary): void {
    this.#keep(summary);
    this.#telling ??= this.#tellAll(AbortSignal.timeout(TELL_WITHIN_MS)).finally(() => {
      this.#telling = undefined;
    });
  }

  /** Tells the last word within that time. When that fails it stays for the next run, and `trouble` says why. */
  async finish(summary: CaptureSummary, withinMs: number): Promise<void> {
    this.#keep(summary);
    const signal = AbortSignal.timeout(withinMs);
    const over = new Promise((resolve) => signal.addEventListener('abort', resolve));
    await Promise.race([this.#telling, over]);
    await this.#tellAll(signal);
    if (this.trouble === undefined && this.#row !== undefined) this.#forget(this.#row);
  }

  #keep(summary: CaptureSummary): void {
    this.#row = captureRow(this.#store, this.#identity, this.#name, summary);
    const path = this.#pathOf(this.#row);
    try {
      mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
      const temporary = `${path}.${process.pid}.tmp`;
      writeFileSync(temporary, JSON.stringify(this.#row), { mode: 0o600 });
      renameSync(temporary, path);
    } catch {
      // A full disk must not stop the capture: the store is told from memory.
    }
  }

  async #tellAll(signal: AbortSignal): Promise<void> {
    const leftovers = this.#leftoversTold ? [] : this.#leftovers;
    const values = [...leftovers, ...(this.#row === undefined ? [] : [this.#row])];
    try {
      await this.#store.writer.insert({
        table: this.#store.holding('captures'),
        values,
        format: 'JSONEachRow',
        abort_signal: signal,
      });
    } catch (error) {
      this.trouble = storeError(error);
      return;
    }
    this.trouble = undefined;
    this.#leftoversTold = true;
    for (const row of leftovers) this.#forget(row);
  }

  #forget(row: CaptureRow): void {
    try {
      rmSync(this.#pathOf(row), { force: true });
    } catch {
      // A disk that has become read-only: the next run tells the same once more, which changes nothing.
    }
  }

  #pathOf({ capture_id: id }: CaptureRow): string {
    return join(this.#directory, `${id}${ENDING}`);
  }
}

function readLeftovers(directory: string): CaptureRow[] {
  try {
    return readdirSync(directory)
      .filter((name) => name.endsWith(ENDING))
      .slice(0, LEFTOVERS_MAX)
      .flatMap((name) => readRow(join(directory, name)));
  } catch {
    return []; // There is no such directory yet.
  }
}

function readRow(path: string): CaptureRow[] {
  try {
    return [JSON.parse(readFileSync(path, 'utf8')) as CaptureRow]; // We alone write it, whole, by renaming.
  } catch {
    return [];
  }
}

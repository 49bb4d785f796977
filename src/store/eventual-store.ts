/**
 * The store of a process that must not wait for it: a Store from the first moment, opened in the background again and
 * again until that succeeds. Until then every request fails with the reason, as it does when an open store is away.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { MirrorSqlError } from '../core/errors.ts';
import type { StoreClient } from './connection.ts';
import { limits } from './limits.ts';
import { type OpenOptions, openStore, prepareDirectory, type Store } from './store.ts';
import type { StoreSettings } from './store.ts';
import { storeError } from './store-error.ts';

const RETRY_FIRST_MS = 250;
const RETRY_MAX_MS = 15_000;
/** A server that takes a connection and says nothing is asked again after this long. */
const SERVER_ATTEMPT_MS = 60_000;
/** An engine that is just starting is waited for, but not for ever, when the process ends. */
const CLOSE_WITHIN_MS = 10_000;

/** Why requests fail during the first attempt to open it, which is no trouble. */
export const STILL_OPENING = new MirrorSqlError(
  'MSQL_STORE_OPENING',
  'the store is just being opened',
);

type EventualOptions = Pick<OpenOptions, 'collector' | 'lockedWithinMs' | 'answerWithinMs'>;

export class EventualStore implements Store {
  readonly collector: string;
  readonly directory: string;
  readonly readsSegments: boolean;
  readonly answerWithinMs: number;
  /** Resolves when the store is open, or when it is closed before. */
  readonly opened: Promise<void>;
  readonly #settings: StoreSettings;
  readonly #options: EventualOptions;
  readonly #closing = new AbortController();
  #store: Store | undefined;
  readonly #beganMs = performance.now();
  /** Why the last attempt to open it failed. */
  #reason: MirrorSqlError | undefined;

  /**
   * Begins to open the store.
   * @throws MirrorSqlError MSQL_STORE_DIRECTORY, MSQL_STORE_DISK_FULL, MSQL_CLI_USAGE when there is no place where
   * segments could wait.
   */
  constructor(settings: StoreSettings, options: EventualOptions = {}) {
    this.#settings = settings;
    this.#options = options;
    this.collector = options.collector ?? '';
    this.answerWithinMs = options.answerWithinMs ?? limits.answerMsMax;
    this.directory = prepareDirectory(settings);
    this.readsSegments = settings.kind === 'embedded';
    this.opened = this.#open();
  }

  /** @throws MirrorSqlError the reason why it is not open */
  get client(): StoreClient {
    return this.#opened().client;
  }

  get writer(): StoreClient {
    return this.#opened().writer;
  }

  holding(table: string): string {
    return this.#opened().holding(table);
  }

  get database(): string {
    return this.#opened().database;
  }

  get isOpen(): boolean {
    return this.#store !== undefined;
  }

  /** Why it is not open; undefined when it is, and while the first attempt takes no longer than an answer may. */
  get trouble(): MirrorSqlError | undefined {
    if (this.isOpen) return undefined;
    if (this.#reason !== undefined) return this.#reason;
    const openingMs = performance.now() - this.#beganMs;
    return openingMs > this.answerWithinMs ? slowToOpen(openingMs) : undefined;
  }

  /** Nothing is final here. */
  failure(): undefined {
    return undefined;
  }

  /** Undefined of a server too: who asks looks at `readsSegments`. */
  engineResidentBytes(): number | undefined {
    return this.#store?.engineResidentBytes?.();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    const given = new AbortController();
    await Promise.race([
      this.opened,
      sleep(CLOSE_WITHIN_MS, undefined, { signal: given.signal }).catch(() => undefined),
    ]);
    given.abort();
    await this.#store?.close();
  }

  #opened(): Store {
    if (this.#store === undefined) throw this.trouble ?? STILL_OPENING;
    return this.#store;
  }

  async #open(): Promise<void> {
    const { signal } = this.#closing;
    for (
      let waitMs = RETRY_FIRST_MS;
      !signal.aborted;
      waitMs = Math.min(waitMs * 2, RETRY_MAX_MS)
    ) {
      try {
        const store = await openStore(this.#settings, {
          ...this.#options,
          patience: 'forever',
          signal: this.#settings.kind === 'embedded' ? signal : limited(signal),
        });
        this.#store = store;
      } catch (error) {
        this.#reason = storeError(error);
        await sleep(waitMs, undefined, { signal }).catch(() => undefined);
        continue;
      }
      return;
    }
  }
}

/** It may be at work on a change of its tables, or hang: who waits cannot know, and is told how long it has been. */
function slowToOpen(openingMs: number): MirrorSqlError {
  return new MirrorSqlError(
    'MSQL_STORE_UNREACHABLE',
    `the store has not answered since it began to be opened ${Math.round(openingMs / 1000)} s ago`,
  );
}

function limited(signal: AbortSignal): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(SERVER_ATTEMPT_MS)]);
}

/**
 * The store of a process that must not wait for it: a Store from the first moment, opened in the background again and
 * again until that succeeds. Until then every request fails with the reason, as it does when an open store is away.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { MirrorSqlError } from '../core/errors.ts';
import type { StoreClient } from './connection.ts';
import { type OpenOptions, openStore, prepareDirectory, type Store } from './store.ts';
import type { StoreSettings } from './store.ts';
import { storeError } from './store-error.ts';

const RETRY_FIRST_MS = 250;
const RETRY_MAX_MS = 15_000;
/** A server that takes a connection and says nothing is asked again after this long. */
const SERVER_ATTEMPT_MS = 60_000;
/** Pages rather hear that there is no answer than wait for it. */
const ANSWER_WITHIN_MS = 20_000;
/** An engine that is just starting is waited for, but not for ever, when the process ends. */
const CLOSE_WITHIN_MS = 10_000;

/** Why requests fail during the first attempt to open it, which is no trouble. */
export const STILL_OPENING = new MirrorSqlError(
  'MSQL_STORE_OPENING',
  'the store is just being opened',
);

type EventualOptions = Pick<OpenOptions, 'collector' | 'lockedWithinMs'>;

export class EventualStore implements Store {
  readonly collector: string;
  readonly directory: string;
  readonly readsSegments: boolean;
  readonly answerWithinMs = ANSWER_WITHIN_MS;
  /** Resolves when the store is open, or when it is closed before. */
  readonly opened: Promise<void>;
  readonly #settings: StoreSettings;
  readonly #options: EventualOptions;
  readonly #closing = new AbortController();
  #store: Store | undefined;
  #reason = STILL_OPENING;
  #attempts = 0;

  /**
   * Begins to open the store.
   * @throws MirrorSqlError MSQL_STORE_DIRECTORY, MSQL_STORE_DISK_FULL, MSQL_CLI_USAGE when there is no place where
   * segments could wait.
   */
  constructor(settings: StoreSettings, options: EventualOptions = {}) {
    this.#settings = settings;
    this.#options = options;
    this.collector = options.collector ?? '';
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

  /** Why the last attempt to open it failed; undefined when it is open, and during the first attempt. */
  get trouble(): MirrorSqlError | undefined {
    return !this.isOpen && this.#attempts > 0 ? this.#reason : undefined;
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
    if (this.#store === undefined) throw this.#reason;
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
        this.#attempts++;
        await sleep(waitMs, undefined, { signal }).catch(() => undefined);
        continue;
      }
      return;
    }
  }
}

function limited(signal: AbortSignal): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(SERVER_ATTEMPT_MS)]);
}

/** Repeats what fails because the store is away: for a minute, or for as long as it takes. */
import { setTimeout as sleep } from 'node:timers/promises';
import { ClickHouseError } from '@clickhouse/client';
import { type ErrorCode, MirrorSqlError, systemCode } from '../core/errors.ts';
import { limits } from './limits.ts';
import { STILL_OPENING } from './eventual-store.ts';
import type { Store } from './store.ts';
import { isRefusal, isTransient, storeError } from './store-error.ts';

const RETRY_FIRST_MS = 100;
const RETRY_MAX_MS = 5_000;
const GIVE_UP_AFTER_MS = 60_000;

/** A patient one does not wait longer for one answer: packets to an unreachable server vanish without a word. */
const LIVE_ANSWER_FIRST_MS = 30_000;
const LIVE_ANSWER_MAX_MS = 600_000;

/** The store is away and the patient one was told to stop. */
export class Stopped extends Error {}

export class Insistence {
  readonly #store: Store;
  readonly #patient: boolean;
  readonly #stop = new AbortController();
  /** Since the last success. */
  failedTries = 0;
  /** Since the beginning, by the code of the error. */
  readonly failures: Partial<Record<ErrorCode, number>> = {};
  lastError: MirrorSqlError | undefined;
  lastErrorAtMs: number | undefined;

  constructor(store: Store, patient: boolean) {
    this.#store = store;
    this.#patient = patient;
  }

  get stopped(): boolean {
    return this.#stop.signal.aborted;
  }

  /** What fails from now on is not repeated, and what is on its way is given up. */
  stop(): void {
    this.#stop.abort();
  }

  /**
   * Does the work until it succeeds.
   * @throws MirrorSqlError when it will not; Stopped
   */
  async until<T>(work: (signal?: AbortSignal) => Promise<T>): Promise<T> {
    const giveUpAt = Date.now() + GIVE_UP_AFTER_MS;
    let refusals = 0;
    for (let waitMs = RETRY_FIRST_MS; ; waitMs = Math.min(waitMs * 2, RETRY_MAX_MS)) {
      try {
        const answer = await (this.#patient ? this.#tryOnce(work) : work());
        this.failedTries = 0;
        return answer;
      } catch (error) {
        this.failed(error);
        if (!this.#patient) {
          const failure = this.#store.failure();
          if (failure !== undefined) throw failure;
          if (!isTransient(error) || Date.now() > giveUpAt) throw storeError(error);
        } else if (this.stopped) {
          throw new Stopped();
        } else if (isGone(error) || (isRefusal(error) && ++refusals >= limits.liveRefusalsMax)) {
          throw storeError(error);
        }
        // Jittered, so that several collectors do not come back at one moment.
        const jitter = this.#patient ? 0.5 + Math.random() / 2 : 1;
        await this.wait(waitMs * jitter);
        if (this.stopped) throw new Stopped();
      }
    }
  }

  /** Takes note of a failure. */
  failed(error: unknown): void {
    this.failedTries++;
    const failure = storeError(error);
    if (failure !== STILL_OPENING) {
      this.failures[failure.code] = (this.failures[failure.code] ?? 0) + 1;
    }
    this.lastError = failure;
    this.lastErrorAtMs = Date.now();
  }

  /** Waits so long, or until it is told to stop. */
  async wait(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#stop.signal }).catch(() => undefined);
  }

  /** One try, its time bounded: twice as long after each failure, as an insert that only takes long must succeed. */
  async #tryOnce<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const ms = LIVE_ANSWER_FIRST_MS * 2 ** Math.min(this.failedTries, 5);
    const controller = new AbortController();
    const abort = (): void => controller.abort();
    const timer = setTimeout(abort, Math.min(ms, LIVE_ANSWER_MAX_MS));
    this.#stop.signal.addEventListener('abort', abort, { once: true });
    if (this.stopped) abort();
    try {
      return await work(controller.signal);
    } finally {
      clearTimeout(timer);
      this.#stop.signal.removeEventListener('abort', abort);
    }
  }
}

/** The file is not there: FILE_DOESNT_EXIST of the engine, or the system's word for it. */
export function isGone(error: unknown): boolean {
  const cause = causeOf(error);
  return (
    (cause instanceof ClickHouseError && cause.code === '107') || systemCode(cause) === 'ENOENT'
  );
}

/** What the store itself threw. */
export function causeOf(error: unknown): unknown {
  return error instanceof MirrorSqlError ? error.cause : error;
}

/** As the client wants it. */
export function abortBy(signal: AbortSignal | undefined): { abort_signal?: AbortSignal } {
  return signal === undefined ? {} : { abort_signal: signal };
}

/**
 * The seconds of several pipelines as one: connections of one edge are spread over them, so what each counts, and what
 * each has open, adds up. A second is told when the slowest has had time to tell it; what comes later is told apart, and
 * counters still add up in the store.
 */
import type { ActivitySecond } from '../../events/events.ts';

/** A second may come from a silent pipeline two seconds later than from a busy one, and wait for a busy processor. */
const TOLD_AFTER_MS = 4_000;
/** Seconds that wait: edges times the time they wait. Above it the oldest are told at once. */
const WAITING_MAX = 200_000;

type Open = { -readonly [Name in keyof ActivitySecond]: ActivitySecond[Name] } & {
  readonly durationBuckets: Map<number, number>;
};

export class ActivityMerge {
  readonly #waiting = new Map<string, { readonly second: Open; readonly sinceMs: number }>();
  readonly #tell: (second: ActivitySecond) => void;
  readonly #nowMs: () => number;

  /** @param nowMs a clock that only goes forward */
  constructor(tell: (second: ActivitySecond) => void, nowMs: () => number) {
    this.#tell = tell;
    this.#nowMs = nowMs;
  }

  take(second: ActivitySecond): void {
    const key = keyOf(second);
    const open = this.#waiting.get(key);
    if (open !== undefined) {
      addTo(open.second, second);
      return;
    }
    if (this.#waiting.size >= WAITING_MAX) this.#tellFirst();
    this.#waiting.set(key, {
      second: { ...second, durationBuckets: new Map(second.durationBuckets) },
      sinceMs: this.#nowMs(),
    });
  }

  /** Tells what has waited long enough. */
  look(): void {
    const before = this.#nowMs() - TOLD_AFTER_MS;
    for (const { sinceMs } of this.#waiting.values()) {
      if (sinceMs > before) return;
      this.#tellFirst();
    }
  }

  /** Tells all: nothing more comes. */
  finish(): void {
    while (this.#waiting.size > 0) this.#tellFirst();
  }

  #tellFirst(): void {
    const first = this.#waiting.entries().next().value;
    if (first === undefined) return;
    const [key, { second }] = first;
    this.#waiting.delete(key);
    this.#tell(second);
  }
}

function keyOf({ secondUs, clientAddress, serverAddress, serverPort }: ActivitySecond): string {
  return `${secondUs} ${clientAddress.join('.')} ${serverAddress.join('.')} ${serverPort}`;
}

function addTo(sum: Open, more: ActivitySecond): void {
  for (const [name, value] of Object.entries(more) as [keyof ActivitySecond, unknown][]) {
    if (SAME.has(name) || typeof value !== 'number') continue;
    const before = sum[name] as number;
    const numbers = sum as unknown as Record<string, number>;
    numbers[name] = GREATEST.has(name) ? Math.max(before, value) : before + value;
  }
  for (const [bucket, count] of more.durationBuckets) {
    sum.durationBuckets.set(bucket, (sum.durationBuckets.get(bucket) ?? 0) + count);
  }
}

const SAME: ReadonlySet<string> = new Set(['secondUs', 'serverPort']);
const GREATEST: ReadonlySet<string> = new Set(['durationMaxUs', 'outstandingAgeMaxUs']);

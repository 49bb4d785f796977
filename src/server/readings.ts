/**
 * Reads windows from the store and makes their reports, a few at a time: a report is a dozen questions over much data,
 * so identical requests share one reading, others wait in a short queue, and what does not fit there is refused.
 */
import { buildReport } from '../../analysis/report.ts';
import type { AnalysisSettings } from '../../analysis/settings.ts';
import { MirrorSqlError } from '../core/errors.ts';
import type { Scope, Window, WindowFacts } from '../events/facts.ts';
import type { Report } from '../events/report.ts';
import type { FactsSource } from './facts-source.ts';

export interface Reading {
  readonly facts: WindowFacts;
  readonly report: Report;
}

export interface ReadingLimits {
  /** Read at the same time. Two keep a store busy without starving the writer beside it. */
  readonly inFlightMax: number;
  /** Waiting for their turn. */
  readonly waitingMax: number;
  /** Finished readings that are kept, and for how long: a page asks for one window several times in a row. */
  readonly keptMax: number;
  readonly keptMs: number;
}

const LIMITS: ReadingLimits = { inFlightMax: 2, waitingMax: 32, keptMax: 4, keptMs: 3000 };

export class Readings {
  readonly #facts: FactsSource;
  readonly #limits: ReadingLimits;
  readonly #analysis: AnalysisSettings | undefined;
  readonly #shared = new Map<string, Promise<Reading>>();
  readonly #waiting: (() => void)[] = [];
  #inFlight = 0;
  /** Requests refused because the queue was full. */
  refusedCount = 0;

  constructor(
    facts: FactsSource,
    limits: Partial<ReadingLimits> = {},
    analysis?: AnalysisSettings,
  ) {
    this.#facts = facts;
    this.#limits = { ...LIMITS, ...limits };
    this.#analysis = analysis;
  }

  get inFlightCount(): number {
    return this.#inFlight;
  }

  get waitingCount(): number {
    return this.#waiting.length;
  }

  /**
   * The facts and the report of a window.
   * @throws MSQL_API_BUSY when too many different windows are asked for at once, and what the store throws.
   */
  of(window: Window, scope: Scope): Promise<Reading> {
    const key = JSON.stringify([
      window.fromUs,
      window.toUs,
      scope.collector,
      scope.client,
      scope.server,
    ]);
    const shared = this.#shared.get(key);
    if (shared !== undefined) return shared;
    if (
      this.#inFlight >= this.#limits.inFlightMax &&
      this.waitingCount >= this.#limits.waitingMax
    ) {
      this.refusedCount++;
      return Promise.reject(
        new MirrorSqlError('MSQL_API_BUSY', 'too many windows are being read at once'),
      );
    }
    const reading = this.#read(window, scope);
    this.#shared.set(key, reading);
    const forget = () => {
      if (this.#shared.get(key) === reading) this.#shared.delete(key);
    };
    reading.then(() => {
      setTimeout(forget, this.#limits.keptMs).unref();
      this.#forgetOldest();
    }, forget);
    return reading;
  }

  async #read(window: Window, scope: Scope): Promise<Reading> {
    if (this.#inFlight >= this.#limits.inFlightMax) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    } else {
      this.#inFlight++;
    }
    try {
      const facts = await this.#facts.windowFacts(window, scope);
      return { facts, report: buildReport(facts, this.#analysis) };
    } finally {
      // A waiting reading takes over this one's place, so the count only falls when nobody waits.
      const next = this.#waiting.shift();
      if (next === undefined) this.#inFlight--;
      else next();
    }
  }

  #forgetOldest(): void {
    const busyMax = this.#limits.keptMax + this.#inFlight + this.waitingCount;
    for (const key of this.#shared.keys()) {
      if (this.#shared.size <= busyMax) return;
      this.#shared.delete(key);
    }
  }
}

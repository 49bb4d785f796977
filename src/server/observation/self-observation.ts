/** Watches this process while it works: takes a sample each second, judges, and remembers since when things are so. */
import { VERSION } from '../../core/version.ts';
import type { CaptureSummary } from '../../events/capture-summary.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { Area, StatusAnswer, StoreFigures } from '../status-schema.ts';
import {
  captureFigures,
  decodingFigures,
  machineFigures,
  sampleOf,
  storingFigures,
} from './figures.ts';
import { type Figures, type Judgement, judge, verdict } from './judge.ts';
import type { ObservedCapture, ObservedStoring } from './observed.ts';
import { Samples } from './samples.ts';

const SECOND_MS = 1000;
const US_PER_MS = 1000;
/** The store is asked so often without anybody wanting to know, for the sake of "since when". */
const STORE_EVERY_SECONDS = 10;

export interface Watched {
  readonly capture: ObservedCapture;
  readonly storing: ObservedStoring;
}

export class SelfObservation {
  readonly metrics: Metrics;
  readonly #askStore: () => Promise<StoreFigures>;
  readonly #engineResidentBytes: (() => number | undefined) | undefined;
  readonly #samples = new Samples();
  readonly #startedMs = Date.now();
  readonly #since = new Map<Area, { readonly well: boolean; readonly atMs: number }>();
  readonly #timer: NodeJS.Timeout;
  #watched: Watched | undefined;
  #store: StoreFigures | undefined;
  #asking: Promise<StoreFigures> | undefined;
  #seconds = 0;

  /** @param engineResidentBytes of an embedded store's engine, which is a process of its own */
  constructor(
    metrics: Metrics,
    askStore: () => Promise<StoreFigures>,
    engineResidentBytes?: () => number | undefined,
  ) {
    this.metrics = metrics;
    this.#askStore = askStore;
    this.#engineResidentBytes = engineResidentBytes;
    if (engineResidentBytes !== undefined) metrics.observeEngine(engineResidentBytes);
    this.#timer = setInterval(() => this.#second(), SECOND_MS);
    this.#timer.unref();
  }

  /** From now on a capture and what stores it are watched too; once. */
  watch(watched: Watched): void {
    this.#watched = watched;
    this.metrics.observe(watched.capture, watched.storing);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  /** How things are now. */
  async read(): Promise<StatusAnswer> {
    const figures = this.#figures(await this.#freshStore());
    const judgements = judge(figures);
    this.#remember(judgements, figures.atUs / US_PER_MS);
    return {
      well: judgements.every(({ well }) => well),
      verdict: verdict(judgements, doing(figures)),
      role: this.#watched === undefined ? 'serve' : 'monitor',
      version: VERSION,
      findings: judgements.map((judgement) => ({
        ...judgement,
        sinceUs: (this.#since.get(judgement.area)?.atMs ?? this.#startedMs) * US_PER_MS,
      })),
      ...figures,
    };
  }

  #second(): void {
    this.#seconds++;
    const watched = this.#watched;
    this.#samples.add(sampleOf(Date.now(), watched?.capture.summary(), watched?.storing));
    if (this.#seconds % STORE_EVERY_SECONDS === 1) void this.#freshStore();
    if (this.#store === undefined) return;
    const figures = this.#figures(this.#store);
    this.#remember(judge(figures), figures.atUs / US_PER_MS);
  }

  /** Several who want to know at once cause one question. */
  async #freshStore(): Promise<StoreFigures> {
    this.#asking ??= this.#askStore().finally(() => {
      this.#asking = undefined;
    });
    this.#store = await this.#asking;
    return this.#store;
  }

  #figures(store: StoreFigures): Figures {
    const watched = this.#watched;
    const samples = this.#samples;
    const summary: CaptureSummary | undefined = watched?.capture.summary();
    const parts =
      watched === undefined || summary === undefined
        ? { capture: null, decoding: null, storing: null }
        : {
            capture: captureFigures(watched.capture, summary, samples),
            decoding: decodingFigures(summary, samples),
            storing: storingFigures(watched.storing, samples),
          };
    return {
      ...parts,
      store,
      machine: machineFigures(
        this.metrics.eventLoopDelay.read(),
        samples,
        this.#engineResidentBytes?.(),
      ),
      atUs: Date.now() * US_PER_MS,
      startedUs: this.#startedMs * US_PER_MS,
    };
  }

  #remember(judgements: readonly Judgement[], atMs: number): void {
    for (const { area, well } of judgements) {
      if (this.#since.get(area)?.well === well) continue;
      // What was never seen otherwise has been so since the start.
      const first = !this.#since.has(area) && well;
      this.#since.set(area, { well, atMs: first ? this.#startedMs : atMs });
    }
  }
}

function doing({ capture }: Figures): string {
  if (capture === null) return 'it serves what is stored';
  if (capture.ended) return `${capture.name} was played and stored; it serves`;
  return `it captures on ${capture.name}, stores and serves`;
}

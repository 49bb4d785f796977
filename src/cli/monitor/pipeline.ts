/**
 * One pipeline of `monitor`: a source, a collector, a sink that seals segments, and what these need of the clock. It
 * shares nothing: what it makes it tells as plain data, so that several can run side by side, each in a thread or
 * process of its own, and their counts be added (events/capture-summary.ts).
 */
import { Collector, collect } from '../../../collectors/collector.ts';
import type { Separation } from '../../../collectors/network/scope.ts';
import type { CaptureSummary } from '../../events/capture-summary.ts';
import type {
  ActivitySecond,
  CaptureSecond,
  EventSink,
  Reduction,
  SessionEvent,
  SinkLimitName,
  StatementEvent,
  TransactionEnd,
} from '../../events/events.ts';
import type { Protocol } from '../../events/session.ts';
import { loadDescriber } from '../../sql/describe.ts';
import { Lag } from '../../server/observation/lag.ts';
import type { ObservedCapture } from '../../server/observation/observed.ts';
import type { Segment } from '../../store/segment.ts';
import { type Lane, SegmentSink } from '../../store/segment-sink.ts';
import type { SegmentTable } from '../../store/tables/table-rows.ts';
import { FollowedKeyLog } from '../key-log-file.ts';
import { type ValuesChoice, valueNames } from '../values-option.ts';
import { type Strain, ReductionControl } from './reduction.ts';
import type { Feed } from './feed.ts';

export interface PipelineOptions {
  /** The store's directory: segments go to `segments` in it. */
  readonly directory: string;
  /** The collector's name, on every row. */
  readonly collector: string;
  readonly ports: ReadonlyMap<number, Protocol>;
  /** Of several pipelines beside each other, which one: their segments have different names. */
  readonly lane?: Lane;
  /** File with the secrets of TLS connections, which is followed. */
  readonly keyLogPath: string | undefined;
  readonly separation: Separation;
  readonly values: ValuesChoice;
}

/** What a pipeline tells. */
export interface PipelineListener {
  /** A segment is on the disk. */
  sealed(segment: Segment): void;
  /** Rows could not be written to the disk. `atUs`: about when they were seen. */
  lost(table: SegmentTable, rowsCount: number, atUs: number, error: unknown): void;
  /** Takes the seconds, instead of the segments: of several pipelines, they are added up before they are stored. */
  activity?(second: ActivitySecond): void;
  /** Less or more is left out of events from now on. */
  reduced(reduction: Reduction): void;
}

const SECOND_MS = 1000;
/** Open sessions are told this often. */
const STATE_EVERY_SECONDS = 10;
/**
 * While so many segments wait (those of a few sealings, each of a table), rows gather into larger ones, for so many
 * seconds at most.
 */
export const SEGMENTS_WAITING_CALM = 24;
const GATHERED_SECONDS_MAX = 30;
/**
 * What is new is stored this often: a second that is over is visible within three, and each insert costs the store as
 * much as 2,000 events (test/bench/visible.bench.ts).
 */
const SEALED_EVERY_MS = 1500;
/** What nobody looks at within seconds is stored every so many times. */
const ALL_SEALED_EVERY_TIMES = 4;
/** Packets may be on their way from the kernel for this long: seconds do not end earlier. */
const ON_THE_WAY_US = 1_000_000;

/** A capture that goes on: one pipeline, or several beside each other. */
export interface Running {
  run(): Promise<CaptureSummary>;
  stop(): void;
  summary(): CaptureSummary;
  readonly observed: ObservedCapture;
  /** How much waits for the store, as whoever sends it says. */
  waiting: Waiting;
}

export interface Waiting {
  readonly segments: number;
  /** Of the quota, 0 to 1. */
  readonly quotaShare: number;
}

export class Pipeline implements Running {
  readonly #feed: Feed;
  readonly #sink: SegmentSink;
  readonly #collector: Collector;
  readonly #keys: FollowedKeyLog | undefined;
  readonly #lag: Lag;
  #ended = false;
  readonly #listener: PipelineListener;
  #seconds = 0;
  #sealings = 0;
  #sealedAtSecond = 0;
  #packetsBefore = 0;
  readonly #control = new ReductionControl();
  #dueMs = 0;
  #dropsBefore = 0;
  #freezesBefore = 0;
  waiting: Waiting = { segments: 0, quotaShare: 0 };

  private constructor(
    feed: Feed,
    sink: SegmentSink,
    collector: Collector,
    keys: FollowedKeyLog | undefined,
    listener: PipelineListener,
  ) {
    this.#listener = listener;
    this.#feed = feed;
    this.#lag = new Lag(feed.speed);
    this.#sink = sink;
    this.#collector = collector;
    this.#keys = keys;
  }

  /** @throws MirrorSqlError MSQL_KEYLOG_READ */
  static async create(
    feed: Feed,
    { directory, collector: name, ports, separation, keyLogPath, lane, values }: PipelineOptions,
    listener: PipelineListener,
  ): Promise<Pipeline> {
    const keys = keyLogPath === undefined ? undefined : new FollowedKeyLog(keyLogPath);
    const sink = new SegmentSink({
      directory,
      collector: name,
      ...(lane === undefined ? {} : { lane }),
      source: feed.name,
      describe: await loadDescriber(),
      values: valueNames(values, directory),
      onSealed: (segment) => listener.sealed(segment),
      onLost: (table, rowsCount, error) => {
        const { lastPacketUs } = collector.health;
        const nowUs = Date.now() * 1000;
        listener.lost(
          table,
          rowsCount,
          Number.isFinite(lastPacketUs) ? lastPacketUs : nowUs,
          error,
        );
      },
    });
    const { timedOnArrival } = feed;
    const tellActivity = listener.activity?.bind(listener);
    const told = tellActivity === undefined ? sink : new ActivityApart(sink, tellActivity);
    const collector = new Collector(told, {
      ports,
      separation,
      name,
      timedOnArrival,
      keyLog: keys?.keyLog,
      boundValues: values !== 'off',
    });
    return new Pipeline(feed, sink, collector, keys, listener);
  }

  /**
   * Captures until the source ends or is stopped.
   * @returns what was seen, when all of it is sealed
   */
  async run(): Promise<CaptureSummary> {
    this.#dueMs = performance.now() + SECOND_MS;
    const everySecond = setInterval(() => this.#second(), SECOND_MS);
    const sealing = setInterval(() => this.#sealNow(), SEALED_EVERY_MS);
    let summary: CaptureSummary;
    try {
      summary = await collect(this.#feed.source, this.#collector, {
        afterChunk: ({ packets, captureTimeUs }) => {
          this.#lag.chunk(packets, captureTimeUs, this.#feed.nowUs());
          // A disk that does not take what is sealed: the kernel keeps the packets, and counts what it drops.
          return this.#sink.isBusy ? this.#sink.calm() : undefined;
        },
      });
    } finally {
      clearInterval(everySecond);
      clearInterval(sealing);
      this.#keys?.close();
      this.#ended = true;
    }
    this.#sink.end();
    await this.#sink.settled();
    return { ...summary, ...this.#last() };
  }

  /** Lets `run` end in order: what was captured is still decoded and sealed. */
  stop(): void {
    this.#feed.source.stop();
  }

  /** What was seen until now. */
  summary(): CaptureSummary {
    this.#countDrops();
    return this.#collector.health.summary();
  }

  /** For whoever watches. */
  get observed(): ObservedCapture {
    const { name, backend } = this.#feed;
    return {
      name,
      backend,
      summary: () => this.summary(),
      sessionsOpen: () => this.#collector.sessionsOpen,
      lagUs: () => this.#lag.read(),
      ended: () => this.#ended,
    };
  }

  /** What is counted beside the packets, after the last of them. */
  #last(): Partial<CaptureSummary> {
    this.#countDrops();
    const { kernelDrops, kernelFreezes, captureInterruptions, latePackets } =
      this.#collector.health;
    const { statementsReduced } = this.#sink;
    return { kernelDrops, kernelFreezes, captureInterruptions, latePackets, statementsReduced };
  }

  #second(): void {
    this.#seconds++;
    this.#keys?.look();
    this.#countDrops();
    this.#reduce();
    const { packets } = this.#collector.health;
    const nowUs = this.#feed.nowUs();
    if (packets === this.#packetsBefore && nowUs !== undefined) {
      this.#collector.idle(nowUs - ON_THE_WAY_US);
    }
    this.#packetsBefore = packets;
    if (this.#seconds % STATE_EVERY_SECONDS === 0) this.#collector.tellOpenSessions();
  }

  #sealNow(): void {
    if (this.#sink.isBusy) return;
    const gathered = this.#seconds - this.#sealedAtSecond;
    if (this.waiting.segments >= SEGMENTS_WAITING_CALM && gathered < GATHERED_SECONDS_MAX) return;
    this.#sealings++;
    if (this.#sealings % ALL_SEALED_EVERY_TIMES === 0) this.#sink.seal();
    else this.#sink.sealFresh();
    this.#sealedAtSecond = this.#seconds;
  }

  /** Leaves out less or more, by how the last second was. */
  #reduce(): void {
    const before = this.#control.reduction;
    const reduction = this.#control.second(this.#strain());
    this.#sink.reduction = reduction;
    this.#collector.health.statementsReduced = this.#sink.statementsReduced;
    this.#collector.reduce(reduction);
    if (reduction !== before) this.#listener.reduced(reduction);
  }

  #strain(): Strain {
    const { kernelDrops, kernelFreezes } = this.#collector.health;
    const nowMs = performance.now();
    const strain = {
      kernelDrops: kernelDrops - this.#dropsBefore,
      kernelFreezes: kernelFreezes - this.#freezesBefore,
      // A file waits: nothing of it is lost by being late.
      delayMs: this.#feed.ends ? 0 : Math.max(0, nowMs - this.#dueMs),
      quotaShare: this.waiting.quotaShare,
    };
    this.#dropsBefore = kernelDrops;
    this.#freezesBefore = kernelFreezes;
    this.#dueMs = nowMs + SECOND_MS;
    return strain;
  }

  #countDrops(): void {
    const counts = this.#feed.source.statistics();
    if (counts === undefined) return;
    const { health } = this.#collector;
    health.kernelDrops = counts.dropped;
    health.kernelFreezes = counts.freezes;
    health.captureInterruptions = counts.interruptions;
    health.latePackets = counts.late;
  }
}

/** Everything to one sink, but seconds of activity elsewhere. */
class ActivityApart implements EventSink {
  readonly #sink: EventSink;
  readonly activity: (second: ActivitySecond) => void;

  constructor(sink: EventSink, activity: (second: ActivitySecond) => void) {
    this.#sink = sink;
    this.activity = activity;
  }

  statement(event: StatementEvent): void {
    this.#sink.statement(event);
  }

  transactionEnd(end: TransactionEnd): void {
    this.#sink.transactionEnd(end);
  }

  sessionEvent(event: SessionEvent): void {
    this.#sink.sessionEvent(event);
  }

  captureSecond(second: CaptureSecond): void {
    this.#sink.captureSecond?.(second);
  }

  dropped(): Readonly<Record<SinkLimitName, number>> | undefined {
    return this.#sink.dropped?.();
  }
}

/** The pipeline: packets in, events out. One thread, no clock but the packets', all limits and counters in one place. */
import { MirrorSqlError } from '../src/core/errors.ts';
import type { CaptureSummary } from '../src/events/capture-summary.ts';
import {
  type EventSink,
  type SessionEvent,
  type StatementEvent,
  type TransactionEnd,
  type ActivitySecond,
  type CaptureSecond,
  Reduction,
} from '../src/events/events.ts';
import { Quality } from '../src/events/quality.ts';
import type { Protocol } from '../src/events/session.ts';
import { ClassRegistry } from '../src/sql/class-registry.ts';
import { Activity } from './activity.ts';
import { CaptureSeconds } from './capture-seconds.ts';
import type { CaptureSource, PacketHandler } from './capture/capture-source.ts';
import { Detection, KNOWN_PORTS } from './detection.ts';
import { Health } from './health.ts';
import { defaultLimits, type Limits } from './limits.ts';
import { Connections } from './network/connections.ts';
import { type Separation, TOGETHER } from './network/scope.ts';
import { CancelKeys } from './protocols/cancel-keys.ts';
import { KnownLogins, LearnedStatements } from './protocols/learned.ts';
import type { KeyLog } from './protocols/tls/key-log.ts';

export interface CollectorOptions {
  /** Ports beside the known ones (5432, 54321) and the protocol behind each. */
  readonly ports?: ReadonlyMap<number, Protocol>;
  /** Decode the values of parameters. */
  readonly parameters?: boolean;
  /** Tell the values of executions to a sink that counts them (StatementEvent.bound). */
  readonly boundValues?: boolean;
  /** Secrets of TLS connections. */
  readonly keyLog?: KeyLog | undefined;
  /** What keeps equal addresses and ports apart; nothing, when not given. */
  readonly separation?: Separation;
  readonly limits?: Partial<Limits>;
  /** Bounds of the registry of classes. */
  readonly classes?: { readonly classesMax?: number };
  /** Packets carry the time at which they came to us, not that of the kernel (LiveCapture.timedOnArrival). */
  readonly timedOnArrival?: boolean;
  /** The collector's name; a part of every session's id, so that collectors with one store do not share sessions. */
  readonly name?: string;
}

/** Packets of several interfaces or processors are out of order by less than this. */
const CLOCK_BACK_US = 10_000_000;
/** A full registry of classes begins anew, but not more often: a flood of them must not become work for the store. */
const CLASSES_KEPT_US = 3_600_000_000;
/** So many packets in a row from long before: the clock was set back. Fewer may come from a second clock. */
const BEHIND_MAX = 256;

export class Collector implements PacketHandler {
  readonly health = new Health();
  readonly classes: ClassRegistry;
  readonly #keyLog: KeyLog | undefined;
  readonly #connections: Connections;
  readonly #context: { parameters: boolean; boundValues: boolean };
  readonly #parameters: boolean;
  readonly #boundValues: boolean;
  readonly #activity: Activity;
  /** The last moment that `idle` was told. */
  #clockUs = 0;
  /** Time of the last packet. */
  #lastUs = 0;
  #classesDropped = 0;
  /** When the registry of classes last began anew. */
  #classesSinceUs: number | undefined = undefined;
  /** Packets in a row that are far behind it. */
  #behindCount = 0;

  constructor(sink: EventSink, options: CollectorOptions = {}) {
    const limits = { ...defaultLimits, ...options.limits };
    this.health.timedOnArrival = options.timedOnArrival ?? false;
    const counting = new CountingSink(sink, this.health);
    this.classes = new ClassRegistry(options.classes);
    const seconds = new CaptureSeconds(sink, this.health);
    this.#activity = new Activity(sink, this.health, limits.silentSecondsMax, (secondUs) => {
      this.#boundClasses(secondUs);
      seconds.write(secondUs);
    });
    this.#keyLog = options.keyLog;
    this.#parameters = options.parameters ?? false;
    this.#boundValues = options.boundValues ?? false;
    const ports = new Map([...KNOWN_PORTS, ...(options.ports ?? [])]);
    const context = {
      sink: counting,
      health: this.health,
      limits,
      classes: this.classes,
      activity: this.#activity,
      cancelKeys: new CancelKeys(this.health, limits.cancelKeysMax),
      learned: new LearnedStatements(
        this.health,
        limits.learnedStatementsMax,
        limits.learnedBytesMax,
      ),
      logins: new KnownLogins(this.health, limits.learnedLoginsMax),
      parameters: this.#parameters,
      boundValues: this.#boundValues,
      captureQuality: options.timedOnArrival === true ? Quality.TimedOnArrival : 0,
      collector: options.name ?? '',
      keyLog: options.keyLog,
    };
    this.#context = context;
    const detection = new Detection(context, ports);
    this.#connections = new Connections(
      (flow) => detection.readerOf(flow),
      this.health,
      limits,
      options.separation ?? TOGETHER,
    );
  }

  packet(
    bytes: Uint8Array,
    view: DataView,
    offset: number,
    capturedLength: number,
    originalLength: number,
    tsUs: number,
    linkType: number,
  ): void {
    const { health } = this;
    if (tsUs >= this.#lastUs - CLOCK_BACK_US) {
      this.#lastUs = tsUs;
      this.#behindCount = 0;
    } else if (++this.#behindCount >= BEHIND_MAX) {
      this.#wentBack(tsUs);
    }
    // First the seconds that have ended: this packet is none of theirs.
    this.#activity.advance(tsUs);
    health.packets++;
    health.bytes += capturedLength;
    if (capturedLength < originalLength) health.cutPackets++;
    if (tsUs < health.firstPacketUs) health.firstPacketUs = tsUs;
    if (tsUs > health.lastPacketUs) health.lastPacketUs = tsUs;
    this.#connections.packet(bytes, view, offset, offset + capturedLength, tsUs, linkType);
  }

  /**
   * No packet has come for a while, and it is `tsUs` now: seconds end, and what is open is still open. Not earlier than
   * what may still be on its way from the kernel.
   */
  idle(tsUs: number): void {
    if (this.health.packets === 0) return;
    if (tsUs < Math.max(this.#clockUs, this.#lastUs) - CLOCK_BACK_US) this.#wentBack(tsUs);
    if (tsUs <= this.#clockUs) return;
    this.#clockUs = tsUs;
    this.#activity.advance(tsUs);
    this.#connections.idle(tsUs);
  }

  /** Database connections that are open now. */
  get sessionsOpen(): number {
    return this.#activity.conversationsCount;
  }

  /** Leaves out what this step says, from now on. The sink does its part by itself. */
  reduce(reduction: Reduction): void {
    this.health.reduction = reduction;
    this.#context.parameters = this.#parameters && reduction < Reduction.Parameters;
    this.#context.boundValues = this.#boundValues && reduction < Reduction.Parameters;
  }

  /** Tells the state of each open session. */
  tellOpenSessions(): void {
    if (this.health.packets > 0) this.#connections.tellOpen(Math.max(this.#clockUs, this.#lastUs));
  }

  /** Counts what the registry could not take, and lets it begin anew when it has been full for long. */
  #boundClasses(secondUs: number): void {
    const { classes, health } = this;
    const dropped = classes.droppedCount - this.#classesDropped;
    if (dropped > 0) health.drop('classes', dropped);
    this.#classesDropped = classes.droppedCount;
    this.#classesSinceUs ??= secondUs;
    if (!classes.full || Math.abs(secondUs - this.#classesSinceUs) < CLASSES_KEPT_US) return;
    this.#classesSinceUs = secondUs;
    health.drop('classes_forgotten', classes.sizeCount);
    classes.forget();
  }

  /** The machine's clock was set back, or captures were joined out of order: time goes on from there. */
  #wentBack(tsUs: number): void {
    this.health.clockSteps++;
    this.#activity.rewind(tsUs);
    this.#connections.rewind(tsUs);
    this.#clockUs = 0;
    this.#lastUs = tsUs;
    this.#behindCount = 0;
  }

  /** The capture is over: everything that is open is told as such. */
  finish(): CaptureSummary {
    // The gauges of the last second first: what is open at the end of the capture is open.
    this.#activity.finish();
    this.#connections.finish(Math.max(this.#clockUs, this.#lastUs));
    this.#activity.finish();
    this.#boundClasses(this.#classesSinceUs ?? 0);
    const { forgottenCount = 0, crowdedCount = 0 } = this.#keyLog ?? {};
    if (forgottenCount > 0) this.health.drop('key_log', forgottenCount);
    if (crowdedCount > 0) this.health.drop('tls_held', crowdedCount);
    return this.health.summary();
  }
}

/** Counts what it passes on, for the summary. */
class CountingSink implements EventSink {
  readonly #sink: EventSink;
  readonly #health: Health;

  constructor(sink: EventSink, health: Health) {
    this.#sink = sink;
    this.#health = health;
  }

  statement(event: StatementEvent): void {
    this.#health.statementsCount++;
    this.#sink.statement(event);
  }

  transactionEnd(event: TransactionEnd): void {
    this.#health.transactionEndsCount++;
    this.#sink.transactionEnd(event);
  }

  sessionEvent(event: SessionEvent): void {
    // A state is told again and again of the same session: it says nothing that happened.
    if (event.type !== 'session_state') {
      const { events } = this.#health;
      events.set(event.type, (events.get(event.type) ?? 0) + 1);
    }
    this.#sink.sessionEvent(event);
  }

  activity(second: ActivitySecond): void {
    this.#sink.activity(second);
  }

  captureSecond(second: CaptureSecond): void {
    this.#sink.captureSecond?.(second);
  }
}

export interface Progress {
  readonly bytesRead: number;
  readonly sizeBytes: number | undefined;
  readonly packets: number;
  readonly statements: number;
  /** Time of the last packet, in microseconds. */
  readonly captureTimeUs: number | undefined;
}

export interface CollectHooks {
  /** Awaited after each chunk of about 4 MiB: here a sink holds the reader back. */
  afterChunk?(progress: Progress): void | Promise<void>;
}

/**
 * Reads a capture to its end through a collector. When reading fails on the way, what was decoded until then is told
 * and the summary carries the failure; an error of the sink is thrown.
 */
export async function collect(
  source: CaptureSource,
  collector: Collector,
  hooks: CollectHooks = {},
): Promise<CaptureSummary> {
  const { health } = collector;
  try {
    while (await source.readChunk(collector)) {
      await hooks.afterChunk?.({
        bytesRead: source.bytesRead,
        sizeBytes: source.sizeBytes,
        packets: health.packets,
        statements: health.statementsCount,
        captureTimeUs: health.packets > 0 ? health.lastPacketUs : undefined,
      });
    }
    health.captureTruncated = source.truncated;
  } catch (error) {
    if (!(error instanceof MirrorSqlError) || !error.code.startsWith('MSQL_CAPTURE_')) throw error;
    health.failure = { code: error.code, message: error.message };
  }
  return collector.finish();
}

/**
 * `mirrorsql monitor`: captures, decodes, stores, analyses and serves, in one process, until it is told to stop. The
 * capture never waits for the store: segments wait on the disk.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { BACKENDS, type Backend, openLive } from '../../collectors/capture/live.ts';
import type { LiveSource } from '../../collectors/capture/live-source.ts';
import { openCapture } from '../../collectors/capture/open.ts';
import { PacedSource } from '../../collectors/capture/paced.ts';
import { SeveralSources } from '../../collectors/capture/several.ts';
import { Collector, collect } from '../../collectors/collector.ts';
import { MirrorSqlError } from '../core/errors.ts';
import type { CaptureSummary } from '../events/capture-summary.ts';
import { loadDescriber } from '../sql/describe.ts';
import { maskSecrets } from '../sql/redaction.ts';
import { storeCaptureAs } from '../store/captures.ts';
import { SegmentSink } from '../store/segment-sink.ts';
import { openStore, type Store } from '../store/store.ts';
import { storeError } from '../store/store-error.ts';
import { SegmentWriter } from '../store/writer.ts';
import { summaryText } from './capture-summary-text.ts';
import { portOptions } from './decode.ts';
import { sendLeftovers } from './load.ts';
import { MonitorStatus } from './monitor-status.ts';
import { startServing, stopSignal } from './serve.ts';
import { type CollectorOptions, collectorName, storeSettings } from './store-settings.ts';

export interface MonitorOptions extends CollectorOptions {
  readonly interface?: readonly string[];
  readonly read?: string;
  readonly speed?: string;
  readonly filter?: string;
  readonly backend?: string;
  readonly port?: readonly string[];
  readonly listen?: string;
}

const BUFFER_BYTES = 64 * 1024 * 1024;
const SECOND_MS = 1000;
/** Open sessions and the capture's own counts are stored this often. */
const STATE_EVERY_SECONDS = 10;
/** While so many segments wait, rows gather into larger ones. */
const SEGMENTS_WAITING_CALM = 8;
/** Packets may be on their way from the kernel for this long: seconds do not end earlier. */
const ON_THE_WAY_US = 1_000_000;

/** What is captured, from where, and what time it is there. */
interface Feed {
  readonly source: LiveSource;
  readonly name: string;
  /** Microseconds since 1970 in the capture's time; undefined before it has begun. */
  readonly nowUs: () => number | undefined;
}

/**
 * @returns the exit code
 * @throws MirrorSqlError when it cannot begin
 */
export async function runMonitor(options: MonitorOptions): Promise<number> {
  const ports = portOptions(options.port ?? []);
  checkOptions(options);
  const stopped = stopSignal();
  const feed = await openFeed(options);
  let store: Store | undefined;
  try {
    store = await openStore(storeSettings(options), { collector: collectorName(options) });
    const listening = await startServing(store, options.listen);
    process.stderr.write(`MirrorSQL serves on ${listening.url} (Ctrl-C ends it)\n`);
    try {
      return await capture(store, feed, ports, stopped);
    } finally {
      await listening.close();
    }
  } finally {
    await feed.source.close();
    await store?.close();
  }
}

function checkOptions(options: MonitorOptions): void {
  const wrong = (message: string): never => {
    throw new MirrorSqlError('MSQL_CLI_USAGE', message);
  };
  const live = (options.interface ?? []).length > 0;
  if (live === (options.read !== undefined)) wrong('monitor takes either -i INTERFACE or --read');
  if (live && options.speed !== undefined) wrong('--speed goes with --read only');
  if (!live && (options.filter ?? options.backend) !== undefined)
    wrong('--filter and --backend go with -i only');
  const speed = Number(options.speed ?? 1);
  if (!(speed > 0 && speed <= 1e6)) wrong(`--speed ${options.speed ?? ''} is not a number above 0`);
}

async function openFeed(options: MonitorOptions): Promise<Feed> {
  if (options.read !== undefined) {
    const paced = new PacedSource(await openCapture(options.read), Number(options.speed ?? 1), {
      nowMs: () => performance.now(),
      wait: (ms) => sleep(ms),
    });
    return { source: paced, name: options.read, nowUs: () => paced.captureNowUs };
  }
  const interfaces = options.interface ?? [];
  const backend = BACKENDS.find((name) => name === (options.backend ?? 'auto'));
  if (backend === undefined) {
    throw new MirrorSqlError('MSQL_CLI_USAGE', `--backend takes ${BACKENDS.join(', ')}`);
  }
  const source = await openInterfaces(interfaces, backend, options.filter);
  return { source, name: interfaces.join('+'), nowUs: () => Date.now() * 1000 };
}

async function openInterfaces(
  interfaces: readonly string[],
  backend: Backend,
  filter: string | undefined,
): Promise<LiveSource> {
  const live = await openLive({
    interfaces,
    backend,
    bufferBytes: BUFFER_BYTES,
    ...(filter === undefined ? {} : { filter }),
  });
  process.stderr.write(
    `capturing on ${interfaces.join(', ')} through ${live.backend}: ${live.reason}\n`,
  );
  const [only] = live.sources;
  return live.sources.length === 1 && only !== undefined ? only : new SeveralSources(live.sources);
}

async function capture(
  store: Store,
  feed: Feed,
  ports: ReturnType<typeof portOptions>,
  stopped: Promise<void>,
): Promise<number> {
  const describe = await loadDescriber();
  const writer = new SegmentWriter(store);
  const sink = new SegmentSink({
    directory: store.directory,
    collector: store.collector,
    describe,
    mask: maskSecrets,
    onSealed: (segment) => writer.enqueue(segment),
  });
  const collector = new Collector(sink, { ports, name: store.collector });
  const keeper = new Keeper(store, feed, { sink, writer, collector });
  const leftovers = sendLeftovers(store).catch((error: unknown) => keeper.complain(error));
  const timer = setInterval(() => keeper.second(), SECOND_MS);
  const ended = collect(feed.source, collector);
  void stopped.then(() => feed.source.stop());
  let summary: CaptureSummary;
  try {
    // A sink that cannot write any more ends the capture with its error.
    summary = await ended;
  } finally {
    clearInterval(timer);
    keeper.status.end();
  }
  // Sealed now, so that a file that has ended is whole in the store while the pages are still served.
  const exitCode = await keeper.finish(summary, leftovers);
  // A capture that was played to its end stays to be looked at.
  if (exitCode === 0 && feed.source instanceof PacedSource) await stopped;
  return exitCode;
}

/** What happens by the clock while packets come. */
class Keeper {
  readonly status: MonitorStatus;
  readonly #store: Store;
  readonly #feed: Feed;
  readonly #sink: SegmentSink;
  readonly #writer: SegmentWriter;
  readonly #collector: Collector;
  readonly #identity: string;
  #seconds = 0;
  #packetsBefore = 0;
  #storing: Promise<void> | undefined;
  readonly #complained = new Set<string>();

  constructor(
    store: Store,
    feed: Feed,
    parts: { sink: SegmentSink; writer: SegmentWriter; collector: Collector },
  ) {
    this.#store = store;
    this.#feed = feed;
    this.#sink = parts.sink;
    this.#writer = parts.writer;
    this.#collector = parts.collector;
    this.#identity = `live\n${store.collector}\n${feed.name}\n${process.pid}\n${Date.now()}`;
    this.status = new MonitorStatus();
  }

  second(): void {
    try {
      this.#second();
    } catch (error) {
      // The disk is full, say: the capture ends by itself at the next event, with the same error.
      this.complain(error);
      this.#feed.source.stop();
    }
  }

  #second(): void {
    const { health } = this.#collector;
    this.#seconds++;
    this.#countDrops();
    const nowUs = this.#feed.nowUs();
    if (health.packets === this.#packetsBefore && nowUs !== undefined) {
      this.#collector.idle(nowUs - ON_THE_WAY_US);
    }
    this.#packetsBefore = health.packets;
    if (this.#seconds % STATE_EVERY_SECONDS === 0) {
      this.#collector.tellOpenSessions();
      this.#storeCounts();
    }
    if (this.#writer.waitingCount < SEGMENTS_WAITING_CALM) this.#sink.seal();
    if (this.#writer.failure !== undefined) this.complain(this.#writer.failure);
    this.status.show({
      packets: health.packets,
      statements: health.statementsCount,
      dropped: health.kernelDrops,
      segmentsWaiting: this.#writer.waitingCount,
    });
  }

  #countDrops(): void {
    const counts = this.#feed.source.statistics();
    if (counts === undefined) return;
    const { health } = this.#collector;
    health.kernelDrops = counts.dropped;
    health.kernelFreezes = counts.freezes;
  }

  /** One at a time: what cannot be stored now is stored with the next one. */
  #storeCounts(): void {
    if (this.#collector.health.packets === 0) return;
    const summary = this.#collector.health.summary();
    this.#storing ??= storeCaptureAs(this.#store, this.#identity, this.#feed.name, summary)
      .catch((error: unknown) => this.complain(error))
      .finally(() => {
        this.#storing = undefined;
      });
  }

  /** Each failure once, not each second. */
  complain(error: unknown): void {
    const failure = storeError(error);
    if (this.#complained.has(failure.code)) return;
    this.#complained.add(failure.code);
    process.stderr.write(`${failure.line}\n`);
  }

  /** Stores the rest. @returns the exit code */
  async finish(summary: CaptureSummary, leftovers: Promise<void>): Promise<number> {
    this.#countDrops();
    const { kernelDrops, kernelFreezes } = this.#collector.health;
    const whole = { ...summary, kernelDrops, kernelFreezes };
    let exitCode = 0;
    try {
      this.#sink.seal();
      await this.#sink.settled();
      await this.#writer.flush();
      await leftovers;
      await this.#storing;
      await storeCaptureAs(this.#store, this.#identity, this.#feed.name, whole);
    } catch (error) {
      const failure = storeError(error);
      process.stderr.write(
        `${failure.line}\n${this.#writer.waitingCount} segments wait in ${this.#store.directory}/segments; the next run stores them\n`,
      );
      exitCode = failure.exitCode;
    }
    process.stderr.write(summaryText(whole));
    if (whole.failure === undefined) return exitCode;
    const failure = new MirrorSqlError(whole.failure.code, whole.failure.message);
    process.stderr.write(`${failure.line}\n`);
    return failure.exitCode;
  }
}

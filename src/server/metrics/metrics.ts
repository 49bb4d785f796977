/**
 * What Prometheus is told: the numbers of this process, and those of whatever parts are added. Every value is read when
 * it is asked for, so counting costs the parts nothing. Names and units follow Prometheus' conventions: base units
 * (seconds, bytes) stand last, `_total` ends what only grows.
 */
import { collectDefaultMetrics, Gauge, type Histogram, Registry } from 'prom-client';
import { VERSION } from '../../core/version.ts';
import type { ObservedCapture, ObservedStoring } from '../observation/observed.ts';
import { addCaptureMetrics } from './capture-metrics.ts';
import { gaugeOf } from './counters.ts';
import { EventLoopDelay } from './event-loop-delay.ts';
import { addStoringMetrics, insertHistogram } from './storing-metrics.ts';

export class Metrics {
  readonly registry = new Registry();
  readonly eventLoopDelay = new EventLoopDelay();
  #insertSeconds: Histogram | undefined;

  constructor() {
    this.#addProcess();
    new Gauge({
      name: 'mirrorsql_build_info',
      help: 'Always 1; its labels say what runs',
      labelNames: ['version', 'node'],
      registers: [this.registry],
    }).set({ version: VERSION, node: process.versions.node }, 1);
    const delay = this.eventLoopDelay;
    new Gauge({
      name: 'mirrorsql_event_loop_delay_seconds',
      help: 'How late timers come, in the last half to whole minute; quantile 1 is the latest',
      labelNames: ['quantile'],
      registers: [this.registry],
      collect() {
        const { p50, p99, max } = delay.read();
        this.set({ quantile: '0.5' }, p50);
        this.set({ quantile: '0.99' }, p99);
        this.set({ quantile: '1' }, max);
      },
    });
  }

  /** Of one capture: a second one is not told apart. */
  observe(capture: ObservedCapture, storing: ObservedStoring): void {
    addCaptureMetrics(this.registry, capture);
    addStoringMetrics(this.registry, storing);
    this.#insertSeconds = insertHistogram(this.registry);
  }

  /** Of the embedded store's engine, a process beside this one; once. */
  observeEngine(residentBytes: () => number | undefined): void {
    gaugeOf(
      this.registry,
      'mirrorsql_store_engine_resident_memory_bytes',
      "Resident memory of the embedded store's engine, which process_resident_memory_bytes does not count",
      residentBytes,
    );
  }

  /** A segment was stored; it took so many milliseconds. */
  inserted(durationMs: number): void {
    this.#insertSeconds?.observe(durationMs / 1000);
  }

  get contentType(): string {
    return this.registry.contentType;
  }

  text(): Promise<string> {
    return this.registry.metrics();
  }

  /** Memory, processor time, open files, garbage collection. */
  #addProcess(): void {
    // Its own figures of the event loop go: they include the period of the timer that measures, and start anew with
    // each reader. So its timer need not tick. The counts of active handles go too: gauges that are named as counters.
    collectDefaultMetrics({ register: this.registry, eventLoopMonitoringPrecision: 10_000 });
    for (const { name } of this.registry.getMetricsAsArray()) {
      if (/^nodejs_(eventloop_lag|active)_/.test(name)) this.registry.removeSingleMetric(name);
    }
  }
}

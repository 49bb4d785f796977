/**
 * `mirrorsql monitor`: captures, decodes, stores, analyses and serves, in one process, until it is told to stop. The
 * capture never waits for the store: segments wait on the disk.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { defaultAnalysisSettings } from '../../../analysis/settings.ts';
import { MirrorSqlError } from '../../core/errors.ts';
import type { CaptureSummary } from '../../events/capture-summary.ts';
import type { SelfObservation } from '../../server/observation/self-observation.ts';
import { EventualStore } from '../../store/eventual-store.ts';
import { keepRetention, type RetentionListener } from '../../store/retention.ts';
import { retentionText } from '../retention-options.ts';
import { summaryText } from '../capture-summary-text.ts';
import { keepEvaluating } from '../evaluation/keep-evaluating.ts';
import { observe, startServing, stopSignal } from '../serve.ts';
import { collectorName, storeSettings } from '../store-settings.ts';
import { openFeed } from './feed.ts';
import { type MonitorOptions, type MonitorPlan, monitorPlan } from './options.ts';
import { Pipeline, type PipelineListener, type Running } from './pipeline.ts';
import { reductionLine } from './reduction.ts';
import { StatusLine } from './status-line.ts';
import { Storing } from './storing.ts';
import { Workers } from './workers.ts';

const SECOND_MS = 1000;
/** The last seconds are judged within this time when the monitor ends. */
const JUDGE_WITHIN_MS = 5000;
/** The capture's own counts are stored this often. */
const COUNTS_EVERY_SECONDS = 10;

/**
 * @returns the exit code: 1 when not all that was captured is stored, or the capture ended by a failure
 * @throws MirrorSqlError when it cannot begin
 */
export async function runMonitor(options: MonitorOptions): Promise<number> {
  const plan = monitorPlan(options);
  const stopped = stopSignal();
  const capturing = plan.workers > 1 ? await Workers.open(plan) : await openAlone(plan);
  try {
    process.stderr.write(`${capturing.reason}\n`);
    const store = new EventualStore(storeSettings(options), {
      collector: collectorName(options),
    });
    const observation = observe(store, options);
    try {
      const listening = await startServing(store, options, observation);
      const ended = new AbortController();
      void keepRetention(store, plan.retention, retentionListener(store), ended.signal);
      const evaluated = keepEvaluating(
        store,
        options.analysis ?? defaultAnalysisSettings,
        (error) => process.stderr.write(`states: ${error.line}\n`),
        ended.signal,
      );
      try {
        process.stderr.write(`MirrorSQL serves on ${listening.url} (Ctrl-C ends it)\n`);
        return await capture(store, capturing, plan, stopped, observation);
      } finally {
        ended.abort();
        await listening.close();
        await Promise.race([evaluated, sleep(JUDGE_WITHIN_MS, undefined, { ref: false })]);
      }
    } finally {
      observation.close();
      await store.close();
    }
  } finally {
    await capturing.close();
  }
}

/** A store that is away is told of elsewhere. */
function retentionListener(store: EventualStore): RetentionListener {
  return {
    applied: (outcome) => process.stderr.write(retentionText(outcome)),
    failed: (error) => {
      if (store.isOpen) process.stderr.write(`retention: ${error.line}\n`);
    },
  };
}

/** What captures, by one pipeline in this process or by several in others. */
interface Capturing {
  readonly name: string;
  readonly reason: string;
  /** It ends by itself. */
  readonly ends: boolean;
  begin(
    place: { readonly directory: string; readonly collector: string },
    listener: PipelineListener,
  ): Promise<Running>;
  close(): void | Promise<void>;
}

async function openAlone(plan: MonitorPlan): Promise<Capturing> {
  const feed = await openFeed(plan.origin);
  const { name, reason, ends } = feed;
  const { ports, separation, keyLogPath, values } = plan;
  return {
    name,
    reason,
    ends,
    begin: (place, listener) =>
      Pipeline.create(feed, { ...place, ports, separation, keyLogPath, values }, listener),
    close: () => feed.source.close(),
  };
}

async function capture(
  store: EventualStore,
  capturing: Capturing,
  { quotaBytes }: MonitorPlan,
  stopped: Promise<void>,
  observation: SelfObservation,
): Promise<number> {
  const { metrics } = observation;
  const storing = new Storing(store, capturing.name, quotaBytes, (ms) => metrics.inserted(ms));
  const pipeline = await capturing.begin(
    { directory: store.directory, collector: store.collector },
    {
      sealed: (segment) => storing.take(segment),
      lost: (table, rowsCount, atUs, error) => storing.lost(table, rowsCount, atUs, error),
      reduced: (reduction) => process.stderr.write(`${reductionLine(reduction)}\n`),
    },
  );
  observation.watch({ capture: pipeline.observed, storing: storing.writer });
  const status = new StatusLine();
  let seconds = 0;
  const timer = setInterval(() => {
    seconds++;
    const summary = pipeline.summary();
    pipeline.waiting = storing.waiting;
    if (seconds % COUNTS_EVERY_SECONDS === 0) storing.tell(summary);
    storing.look();
    status.show(summary, storing.writer.waitingCount);
  }, SECOND_MS);
  const interruption = new AbortController();
  void stopped.then(() => {
    interruption.abort();
    pipeline.stop();
  });
  let summary: CaptureSummary;
  let shown = false;
  try {
    summary = await pipeline.run();
    // A capture that was played to its end stays to be looked at.
    if (capturing.ends && !interruption.signal.aborted && summary.failure === undefined) {
      await playedOut(storing, summary, stopped);
      shown = true;
    }
  } finally {
    clearInterval(timer);
    status.end();
  }
  const trouble = await storing.finish(summary);
  if (!shown) process.stderr.write(summaryText(summary));
  return exitCodeOf(store, storing, summary, trouble);
}

async function playedOut(
  storing: Storing,
  summary: CaptureSummary,
  stopped: Promise<void>,
): Promise<void> {
  await Promise.race([storing.drained(), stopped]);
  storing.tell(summary);
  process.stderr.write(summaryText(summary));
  await stopped;
}

/** Says what is not stored. */
function exitCodeOf(
  store: EventualStore,
  storing: Storing,
  summary: CaptureSummary,
  trouble: MirrorSqlError | undefined,
): number {
  const { segmentsWaiting, segmentsDropped, rowsDropped, isGapKept } = storing.writer.state;
  if (trouble !== undefined) process.stderr.write(`${trouble.line}\n`);
  if (segmentsWaiting > 0) {
    process.stderr.write(
      `${segmentsWaiting} segments wait in ${store.directory}/segments; the next run stores them\n`,
    );
  }
  if (segmentsDropped > 0) {
    const rows = Object.entries(rowsDropped).map(([table, count]) => `${count} of ${table}`);
    const recorded = isGapKept
      ? 'recorded as a gap'
      : 'the disk does not even take a note of it, so that no report will tell';
    process.stderr.write(`not stored, and ${recorded}: rows ${rows.join(', ')}\n`);
  }
  const { failure } = summary;
  if (failure !== undefined) {
    const error = new MirrorSqlError(failure.code, failure.message);
    process.stderr.write(`${error.line}\n`);
    return error.exitCode;
  }
  return trouble !== undefined || segmentsWaiting > 0 || segmentsDropped > 0 ? 1 : 0;
}

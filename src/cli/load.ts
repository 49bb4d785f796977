/** `mirrorsql load`: captures in, events decoded and stored; then what was stored, what was there before, what was missed. */
import { Collector, collect } from '../../collectors/collector.ts';
import { defaultAnalysisSettings } from '../../analysis/settings.ts';
import { openCapture } from '../../collectors/capture/open.ts';
import type { KeyLog } from '../../collectors/protocols/tls/key-log.ts';
import type { Separation } from '../../collectors/network/scope.ts';
import { MirrorSqlError } from '../core/errors.ts';
import { isoFromUs } from '../core/time.ts';
import type { Window } from '../events/facts.ts';
import type { CaptureSummary } from '../events/capture-summary.ts';
import { loadDescriber } from '../sql/describe.ts';
import { storeCapture } from '../store/captures.ts';
import { enqueueLeftovers } from '../store/leftovers.ts';
import { SegmentSink } from '../store/segment-sink.ts';
import { openStore, type Store } from '../store/store.ts';
import { countDoubledByLoad } from '../store/questions/doubled-connections.ts';
import { applyRetention, droppedUntil } from '../store/retention.ts';
import { storeError } from '../store/store-error.ts';
import { STORED_TABLES, type StoredTableName } from '../store/tables/stored-tables.ts';
import { SegmentWriter, type WriterCounts } from '../store/writer.ts';
import type { AnalysisOptions } from './configuration/analysis-settings.ts';
import { evaluateStored } from './evaluation/evaluation.ts';
import { portOptions, separationOptions } from './decode.ts';
import { readKeyLog } from './key-log-file.ts';
import { LoadProgress } from './load-progress.ts';
import { type LoadOutcome, loadText } from './load-text.ts';
import { writeOutput } from './output.ts';
import { type RetentionOptions, retentionPolicy, retentionText } from './retention-options.ts';
import { valueNames, valuesChoice } from './values-option.ts';
import type { ValueNames } from '../store/values/value-names.ts';
import { type CollectorOptions, collectorName, storeSettings } from './store-settings.ts';

/** A capture with one wild time stamp seems to last for years: it is not judged, or it would be for as long. */
const JUDGED_MAX_US = 31 * 86_400_000_000;

export interface LoadOptions extends CollectorOptions, RetentionOptions, AnalysisOptions {
  /** Each `N=protocol`. */
  readonly port?: readonly string[];
  readonly keylog?: string;
  /** Each `tunnels` or `vlans`. */
  readonly separate?: readonly string[];
  readonly values?: string;
}

/**
 * Loads the captures in order. One that cannot be read does not keep the others from being loaded; a store that fails
 * does. What was decoded before a failure is kept.
 * @returns the exit code
 */
export async function runLoad(files: readonly string[], options: LoadOptions): Promise<number> {
  const ports = portOptions(options.port ?? []);
  const keyLog = options.keylog === undefined ? undefined : readKeyLog(options.keylog);
  const separation = separationOptions(options.separate ?? []);
  const retention = retentionPolicy(options);
  const choice = valuesChoice(options);
  const describe = await loadDescriber();
  const store = await openStore(storeSettings(options), { collector: collectorName(options) });
  let exitCode = 0;
  const windows: Window[] = [];
  const storeFailures: MirrorSqlError[] = [];
  const failed = (error: unknown): void => {
    const failure = error instanceof MirrorSqlError ? error : undefined;
    if (failure === undefined) throw error;
    process.stderr.write(`${failure.line}\n`);
    if (failure.code.startsWith('MSQL_STORE_')) storeFailures.push(failure);
    exitCode = Math.max(exitCode, failure.exitCode);
  };
  try {
    await sendLeftovers(store);
    const values = valueNames(choice, store.directory);
    for (const file of files) {
      try {
        const outcome = await loadOne(store, file, {
          ports,
          separation,
          keyLog,
          describe,
          values,
        });
        await writeOutput(loadText(outcome));
        if (outcome.failure !== undefined) failed(outcome.failure);
        windows.push(...windowOf(outcome));
      } catch (error) {
        failed(error);
      }
      if (storeFailures.length > 0) break;
    }
    if (storeFailures.length === 0) {
      for (const window of windows) {
        await evaluateStored(store, options.analysis ?? defaultAnalysisSettings, window);
      }
      process.stderr.write(retentionText(await applyRetention(store, retention, Date.now())));
    }
  } catch (error) {
    failed(error);
  } finally {
    await store.close();
  }
  return exitCode;
}

/** What was loaded, where it is stored whole and not too long to be a capture. */
function windowOf({ summary, segmentsWaiting }: LoadOutcome): Window[] {
  const span = spanOf(summary);
  if (span === undefined || segmentsWaiting > 0) return [];
  return span.toUs - span.fromUs > JUDGED_MAX_US ? [] : [span];
}

function spanOf(summary: CaptureSummary | undefined): Window | undefined {
  const { firstPacketUs: fromUs, lastPacketUs } = summary ?? {};
  if (fromUs === undefined || lastPacketUs === undefined) return undefined;
  return { fromUs, toUs: lastPacketUs + 1 };
}

/** What an earlier run decoded and could not store any more. */
export async function sendLeftovers(store: Store): Promise<void> {
  const writer = new SegmentWriter(store);
  const { segments, damaged } = await enqueueLeftovers(store, writer);
  await writer.flush();
  if (segments > 0) {
    process.stderr.write(`stored ${segments} segments that an earlier run had left\n`);
  }
  if (damaged > 0) {
    process.stderr.write(
      `${damaged} segments of an earlier run are damaged and were set aside in ${store.directory}/segments\n`,
    );
  }
}

interface Decoding {
  readonly ports: ReadonlyMap<number, 'postgres' | 'mysql' | 'drda'>;
  readonly keyLog: KeyLog | undefined;
  readonly separation: Separation;
  readonly values: ValueNames | undefined;
  readonly describe: Awaited<ReturnType<typeof loadDescriber>>;
}

/** @throws MirrorSqlError when the capture cannot be opened */
async function loadOne(store: Store, file: string, decoding: Decoding): Promise<LoadOutcome> {
  const source = await openCapture(file);
  const writer = new SegmentWriter(store);
  const names: string[] = [];
  const sink = new SegmentSink({
    directory: store.directory,
    collector: store.collector,
    describe: decoding.describe,
    values: decoding.values,
    onSealed: (segment) => {
      names.push(segment.name);
      writer.enqueue(segment);
    },
  });
  const progress = new LoadProgress(file, source.sizeBytes);
  let summary: CaptureSummary | undefined;
  let failure: MirrorSqlError | undefined;
  try {
    const { ports, separation, keyLog, values } = decoding;
    const boundValues = values !== undefined;
    const options = { ports, separation, keyLog, name: store.collector, boundValues };
    const collector = new Collector(sink, options);
    summary = await collect(source, collector, {
      afterChunk: async (seen) => {
        progress.show(seen);
        await sink.settled();
        await writer.drained();
      },
    });
    if (summary.failure !== undefined) {
      failure = new MirrorSqlError(summary.failure.code, summary.failure.message);
    }
  } catch (error) {
    failure = storeError(error);
  } finally {
    progress.end();
    await source.close();
  }
  const waiting = await finish(store, file, sink, writer, { summary, names });
  failure ??= waiting.failure;
  // A store that has just failed is not asked anything: what waits for it must still be told.
  const span = failure === undefined ? spanOf(summary) : undefined;
  return {
    file,
    summary,
    counts: writer.counts,
    doubledConnections:
      span === undefined ? 0 : await countDoubledByLoad(store, span, store.collector),
    retired: failure === undefined ? await retiredTables(store, writer.counts) : [],
    failure,
    segmentsWaiting: waiting.failure === undefined ? 0 : waitingOf(names, writer.counts),
    directory: store.directory,
  };
}

/** Of the tables that knew segments of this load: those that have dropped rows of that time of storing since. */
async function retiredTables(
  store: Store,
  { known, knownSinceSeconds }: WriterCounts,
): Promise<StoredTableName[]> {
  if (knownSinceSeconds === undefined) return [];
  const since = isoFromUs(knownSinceSeconds * 1_000_000).slice(0, 10);
  const until = await droppedUntil(store);
  return STORED_TABLES.map(({ name }) => name).filter(
    (name) => Object.hasOwn(known, name) && since <= (until.get(name) ?? ''),
  );
}

/** Seals what is open and waits until all is stored; says why when that fails. */
async function finish(
  store: Store,
  file: string,
  sink: SegmentSink,
  writer: SegmentWriter,
  load: { summary: CaptureSummary | undefined; names: readonly string[] },
): Promise<{ failure: MirrorSqlError | undefined }> {
  let failure: MirrorSqlError | undefined;
  try {
    sink.end();
    await sink.settled();
  } catch (error) {
    failure = storeError(error);
  }
  try {
    await writer.flush();
    if (load.summary !== undefined && failure === undefined) {
      await storeCapture(store, file, load.summary, load.names);
    }
  } catch (error) {
    failure ??= storeError(error);
  }
  return { failure };
}

function waitingOf(names: readonly string[], counts: WriterCounts): number {
  return names.length - counts.segmentsStored - counts.segmentsKnown;
}

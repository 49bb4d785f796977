/** What analysis says of a recording: through the collector into a store, and out of it as the report that users read. */
import { rm } from 'node:fs/promises';
import { buildReport } from '../../analysis/report.ts';
import { Collector, collect } from '../../collectors/collector.ts';
import type { WindowFacts } from '../../src/events/facts.ts';
import type { Finding } from '../../src/events/finding.ts';
import type { Report } from '../../src/events/report.ts';
import { loadDescriber } from '../../src/sql/describe.ts';
import { storeCapture } from '../../src/store/captures.ts';
import { readWindowFacts } from '../../src/store/questions/window-facts.ts';
import { SegmentSink } from '../../src/store/segment-sink.ts';
import { openStore, type Store } from '../../src/store/store.ts';
import { readValueKey, ValueNames } from '../../src/store/values/value-names.ts';
import { SegmentWriter } from '../../src/store/writer.ts';
import { temporaryDirectory } from '../store/temporary-store.ts';
import { CaptureWithHistory } from './capture-with-history.ts';
import { type Label, readLabel } from './label.ts';

/** Half an hour of calm minutes: a baseline is learnt from so much (analysis/health/baseline.ts). */
const HISTORY_US = 31 * 60_000_000;

const BEFORE_THE_END_US = 1_000_000;

export interface Observation {
  readonly label: Label;
  readonly report: Report;
}

/** @param name path of the recording without its endings */
export async function observe(name: string): Promise<Observation> {
  const { label, facts, meanwhile } = await factsOf(name);
  const report = buildReport(facts);
  return { label, report: { ...report, findings: allFindings(buildReport(meanwhile), report) } };
}

/** What was told while it lasted is told once, as it was told at last. */
function allFindings(meanwhile: Report, afterwards: Report): Finding[] {
  const keys = new Set(afterwards.findings.map(({ key }) => key));
  return [...meanwhile.findings.filter(({ key }) => !keys.has(key)), ...afterwards.findings];
}

/**
 * What the store answers of the recording without its first seconds, in which the applications came: at its end, and a
 * second before the fault was over, for who looks while it lasts (a transaction that keeps others waiting is told as long
 * as it does).
 */
export async function factsOf(
  name: string,
): Promise<{ label: Label; facts: WindowFacts; meanwhile: WindowFacts }> {
  const label = readLabel(`${name}.json`);
  const directory = await temporaryDirectory();
  const store = await openStore({ kind: 'embedded', directory });
  try {
    await loadRecording(store, `${name}.pcap.gz`, label);
    const until = (toUs: number): Promise<WindowFacts> =>
      readWindowFacts(store, { fromUs: label.calm.fromUs, toUs });
    const meanwhile = await until(label.fault.toUs - BEFORE_THE_END_US);
    return { label, facts: await until(label.recorded.toUs), meanwhile };
  } finally {
    await store.close();
    await rm(directory, { recursive: true, force: true });
  }
}

/** The recording with its half hour of history into a store. */
export async function loadRecording(store: Store, file: string, label: Label): Promise<void> {
  const turns = Math.ceil(HISTORY_US / (label.calm.toUs - label.calm.fromUs));
  const source = new CaptureWithHistory(file, label, turns);
  const writer = new SegmentWriter(store);
  const segments: string[] = [];
  const sink = new SegmentSink({
    directory: store.directory,
    collector: store.collector,
    values: new ValueNames(readValueKey(store.directory), 'masked'),
    describe: await loadDescriber(),
    onSealed: (segment) => {
      segments.push(segment.name);
      writer.enqueue(segment);
    },
  });
  const collector = new Collector(sink, { name: store.collector, boundValues: true });
  const summary = await collect(source, collector, {
    afterChunk: async () => {
      await sink.settled();
      await writer.drained();
    },
  });
  sink.seal();
  await sink.settled();
  await writer.flush();
  await storeCapture(store, file, summary, segments);
}

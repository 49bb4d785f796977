/** Recordings of the lab in a store: as they are, or each burst of traffic moved into a minute of its own. */
import { readFile, writeFile } from 'node:fs/promises';
import { openCapture } from '../../collectors/capture/open.ts';
import { Collector, collect } from '../../collectors/collector.ts';
import { loadDescriber } from '../../src/sql/describe.ts';
import { SegmentSink, type SinkOptions } from '../../src/store/segment-sink.ts';
import type { Store } from '../../src/store/store.ts';
import { SegmentWriter } from '../../src/store/writer.ts';
import { MINUTE_US } from '../../src/core/time.ts';

/** Decodes and stores a capture as `load` does. */
export async function storeRecording(
  store: Store,
  file: string,
  port: number,
  options: Partial<SinkOptions> = {},
): Promise<void> {
  const source = await openCapture(file);
  const writer = new SegmentWriter(store);
  const sink = new SegmentSink({
    directory: store.directory,
    collector: store.collector,
    describe: await loadDescriber(),
    onSealed: (segment) => writer.enqueue(segment),
    ...options,
  });
  try {
    const ports = new Map([[port, 'postgres' as const]]);
    const boundValues = options.values !== undefined;
    await collect(source, new Collector(sink, { ports, boundValues }));
  } finally {
    await source.close();
  }
  sink.end();
  await sink.settled();
  await writer.flush();
}

const HEADER_BYTES = 24;
const RECORD_HEADER_BYTES = 16;

/**
 * Writes a copy of a pcap (microseconds, little-endian) in which the packets of burst i begin at `toUs` + i minutes:
 * what takes hours can be recorded in seconds, and every response time stays as it was measured.
 * @param burstsUs when each burst began, rising; packets before the first are moved with it
 */
export async function moveToMinutes(
  file: string,
  moved: string,
  burstsUs: readonly number[],
  toUs: number,
): Promise<void> {
  const bytes = await readFile(file);
  if (bytes.readUInt32LE(0) !== 0xa1b2c3d4) throw new Error(`${file} is no pcap in microseconds`);
  let burst = 0;
  for (let at = HEADER_BYTES; at + RECORD_HEADER_BYTES <= bytes.length; ) {
    const tsUs = bytes.readUInt32LE(at) * 1_000_000 + bytes.readUInt32LE(at + 4);
    while (tsUs >= (burstsUs[burst + 1] ?? Infinity)) burst++;
    const movedUs = Math.round(toUs + burst * MINUTE_US + (tsUs - (burstsUs[burst] ?? tsUs)));
    bytes.writeUInt32LE(Math.floor(movedUs / 1_000_000), at);
    bytes.writeUInt32LE(movedUs % 1_000_000, at + 4);
    at += RECORD_HEADER_BYTES + bytes.readUInt32LE(at + 8);
  }
  await writeFile(moved, bytes);
}

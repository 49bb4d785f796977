import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { GapRecord } from '../../src/store/gap-record.ts';
import { LostSeconds } from '../../src/store/lost-seconds.ts';
import type { Segment } from '../../src/store/segment.ts';
import { SegmentSink } from '../../src/store/segment-sink.ts';
import { segmentTimes } from '../../src/store/segment-times.ts';
import { enqueueLeftovers } from '../../src/store/leftovers.ts';
import { SegmentWriter } from '../../src/store/writer.ts';
import { faultsOf, sufferOutages } from './outage.ts';
import { makeWorkload } from './synthetic.ts';
import {
  descriptionOf,
  numberOf,
  rowsOf,
  temporaryDirectory,
  temporaryStore,
  type TemporaryStore,
} from './temporary-store.ts';

const START_US = 1_790_000_000_000_000;

it('stores all that was acknowledged once, whoever is killed and when', async () => {
  const outcome = await sufferOutages(6, 3);
  expect(faultsOf(outcome)).toEqual([]);
}, 120_000);

describe('a store that does not answer', () => {
  let temporary: TemporaryStore;
  let enginePid = 0;
  beforeEach(async () => {
    temporary = await temporaryStore();
    enginePid = descriptionOf(temporary.directory).pid;
  });
  afterEach(async () => {
    process.kill(enginePid, 'SIGCONT');
    await temporary.remove();
  });

  async function sealed(events: number, seed = 5): Promise<Segment[]> {
    const segments: Segment[] = [];
    const sink = new SegmentSink({
      directory: temporary.directory,
      describe: () => ({ tables: [], columns: [] }),
      onSealed: (segment) => void segments.push(segment),
      segmentRowsMax: 1_000,
    });
    makeWorkload(seed, START_US).feed(sink, events);
    sink.seal();
    await sink.settled();
    return segments;
  }

  it('keeps nobody waiting; past the quota the oldest are given up, told as a gap, and the rest is stored', async () => {
    const { store } = temporary;
    const segments = await sealed(20_000);
    const events = segments.filter(({ table }) => table === 'events');
    const quota = events.slice(0, 8).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    process.kill(enginePid, 'SIGSTOP');
    const told: Segment[] = [];
    const lostSeconds = new LostSeconds({
      directory: temporary.directory,
      collector: 'a',
      source: 'eth1',
      onSealed: (segment) => void told.push(segment),
    });
    const writer = new SegmentWriter(store, {
      patience: 'forever',
      waitingBytesMax: quota,
      onGivenUp: (segment) => lostSeconds.giveUp(segment),
    });
    for (const segment of segments) {
      writer.enqueue(segment);
      await writer.drained();
      expect(writer.state.bytesWaiting).toBeLessThanOrEqual(
        Math.max(quota, segments[0]?.sizeBytes ?? 0),
      );
    }
    lostSeconds.seal();
    await lostSeconds.settled();
    const { rowsDropped, segmentsDropped, segmentsWaiting } = writer.state;
    expect(segmentsDropped).toBeGreaterThan(8);
    expect(segmentsWaiting + segmentsDropped).toBe(segments.length);
    expect(rowsDropped.classes).toBeUndefined();
    process.kill(enginePid, 'SIGCONT');
    for (const segment of told) writer.enqueue(segment);
    await writer.flush();
    const dropped = Object.values(rowsDropped).reduce((sum, rows) => sum + rows, 0);
    const stored = await numberOf(store, '(SELECT count() FROM events)');
    expect(stored).toBe(20_000 - (rowsDropped.events ?? 0));
    expect(await numberOf(store, '(SELECT sum(calls) FROM class_1h)')).toBe(stored);
    const last = await numberOf(store, `(SELECT toUnixTimestamp64Micro(max(ts)) FROM events)`);
    const [gap] = await rowsOf<{ dropped: number; fromUs: number; toUs: number }>(
      store,
      `SELECT dropped_by_limit AS dropped, toUnixTimestamp64Micro(assumeNotNull(first_packet_ts)) AS fromUs,
        toUnixTimestamp64Micro(assumeNotNull(last_packet_ts)) AS toUs FROM captures FINAL`,
    );
    expect(gap?.dropped).toBe(dropped);
    // The same by the second, and none of them in a second from which all is stored.
    const lost = await rowsOf<{ rows: number; fromUs: number; toUs: number }>(
      store,
      `SELECT sum(rows_lost) AS rows, toUnixTimestamp(min(t)) * 1000000 AS fromUs,
        toUnixTimestamp(max(t)) * 1000000 AS toUs FROM capture_1s WHERE source = 'eth1' AND collector = 'a'`,
    );
    expect(lost[0]?.rows).toBe(dropped);
    expect(lost[0]?.fromUs).toBeGreaterThanOrEqual(START_US);
    expect(lost[0]?.toUs).toBeLessThanOrEqual(gap?.toUs ?? 0);
    expect(gap?.fromUs).toBeGreaterThan(START_US);
    expect(gap?.toUs).toBeLessThan(last);
    expect(existsSync(join(temporary.directory, 'gap.json'))).toBe(false);
    expect(readdirSync(join(temporary.directory, 'segments'))).toEqual([]);
    expect(writer.state).toMatchObject({ segmentsWaiting: 0, bytesWaiting: 0, failedTries: 0 });
    expect(writer.state.lastInsertAtMs).toBeGreaterThan(0);
  });

  it('leaves its segments and its gap to the next run when the writer is told to stop', async () => {
    const { store } = temporary;
    const segments = await sealed(9_000);
    process.kill(enginePid, 'SIGSTOP');
    const first = new SegmentWriter(store, { patience: 'forever', waitingSegmentsMax: 5 });
    for (const segment of segments) first.enqueue(segment);
    await first.stop(50);
    const { rowsDropped } = first.state;
    expect(rowsDropped.events).toBeGreaterThan(0);
    process.kill(enginePid, 'SIGCONT');
    const second = new SegmentWriter(store, { patience: 'forever' });
    await enqueueLeftovers(store, second);
    await second.flush();
    expect(await numberOf(store, '(SELECT count() FROM events)')).toBe(
      9_000 - (rowsDropped.events ?? 0),
    );
    expect(await numberOf(store, '(SELECT count() FROM captures)')).toBe(1);
  });

  it('that ends again and again is waited for', async () => {
    const writer = new SegmentWriter(temporary.store, { patience: 'forever' });
    const segments = await sealed(2_000);
    process.kill(enginePid, 'SIGKILL');
    for (const segment of segments) writer.enqueue(segment);
    while (writer.state.failedTries === 0) await sleep(10);
    expect(writer.state.lastError?.code).toBe('MSQL_STORE_UNREACHABLE');
    await writer.flush();
    enginePid = descriptionOf(temporary.directory).pid;
    expect(await numberOf(temporary.store, '(SELECT count() FROM events)')).toBe(2_000);
  });

  it('that refuses one segment for good does not keep the others from being stored', async () => {
    const { store } = temporary;
    await store.client.command({ query: 'DROP TABLE transactions' });
    const writer = new SegmentWriter(store, { patience: 'forever' });
    for (const segment of await sealed(2_000)) writer.enqueue(segment);
    await writer.flush();
    expect(await numberOf(store, '(SELECT count() FROM events)')).toBe(2_000);
    expect(writer.state.rowsDropped).toEqual({ transactions: 400 });
    const left = readdirSync(join(temporary.directory, 'segments'));
    expect(left.every((name) => name.endsWith('.refused'))).toBe(true);
    expect(await numberOf(store, '(SELECT sum(dropped_by_limit) FROM captures)')).toBe(400);
  });

  it('a crash between counting a segment as lost and deleting it makes it no less lost', async () => {
    const [, segment] = await sealed(1_000);
    const record = new GapRecord(temporary.directory);
    const path = segment?.path ?? '';
    const bytes = readFileSync(path);
    record.giveUp(segment as Segment);
    writeFileSync(path, bytes);
    expect(new GapRecord(temporary.directory).open).toMatchObject({ segments: 1 });
    expect(existsSync(path)).toBe(false);
  });

  it('has segments that tell from when to when their rows are', async () => {
    const segments = await sealed(1_000);
    const events = segments.find(({ table }) => table === 'events');
    const times = segmentTimes(events?.path ?? '');
    expect(times?.fromUs).toBeGreaterThan(START_US);
    expect(times?.toUs).toBeLessThan(START_US + 2_000_000);
    expect(times?.toUs).toBeGreaterThan(times?.fromUs ?? Infinity);
    const classes = segments.find(({ table }) => table === 'classes');
    expect(segmentTimes(classes?.path ?? '')).toBeUndefined();
  });
});

it('rows that a full disk takes no more are counted, and the collector goes on', async () => {
  const lost: [string, number][] = [];
  const sink = new SegmentSink({
    directory: '/dev/null/nowhere',
    describe: () => ({ tables: [], columns: [] }),
    onSealed: () => expect.unreachable(),
    onLost: (table, rows) => lost.push([table, rows]),
    segmentRowsMax: 1_000,
  });
  makeWorkload(5, START_US).feed(sink, 2_500);
  sink.seal();
  await sink.settled();
  const events = lost.filter(([table]) => table === 'events').map(([, rows]) => rows);
  expect(events).toEqual([1_000, 1_000, 500]);
});

describe('rows that were given up', () => {
  it('are kept by the second until the disk takes them again', async () => {
    const directory = await temporaryDirectory();
    const blocked = join(directory, 'segments');
    writeFileSync(blocked, 'a file where the directory should be');
    const sealed: Segment[] = [];
    const lost = new LostSeconds({
      directory,
      collector: '',
      source: '',
      onSealed: (segment) => void sealed.push(segment),
    });
    lost.lost(7, START_US);
    lost.seal();
    await lost.settled();
    lost.lost(5, START_US + 10);
    expect(sealed).toEqual([]);
    rmSync(blocked);
    lost.seal();
    await lost.settled();
    expect(sealed).toMatchObject([{ table: 'capture_1s', rowsCount: 1 }]);
    lost.seal();
    await lost.settled();
    expect(sealed).toHaveLength(1);
    rmSync(directory, { recursive: true });
  });

  it('of more seconds than are remembered are counted in one that is', () => {
    const lost = new LostSeconds({
      directory: '/dev/null',
      collector: '',
      source: '',
      onSealed: () => undefined,
      secondsMax: 3,
    });
    for (let second = 0; second < 10; second++) lost.lost(2, START_US + second * 1_000_000);
    expect(lost.misplacedCount).toBe(14);
  });
});

import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { CaptureSource, PacketHandler } from '../../../collectors/capture/capture-source.ts';
import { openCapture } from '../../../collectors/capture/open.ts';
import { PacedSource } from '../../../collectors/capture/paced.ts';
import { Collector, collect } from '../../../collectors/collector.ts';
import { RecordingSink } from '../recording-sink.ts';

const DEMO = join(import.meta.dirname, '../../scenarios/demo/demo.pcap.gz');

/** Time goes on only by waiting. */
function clock() {
  let now = 1000;
  return {
    nowMs: () => now,
    wait: (ms: number) => {
      now += ms;
      return Promise.resolve();
    },
  };
}

/** Packets of one byte, at these times, in one buffer that is overwritten after the chunk. */
function packetsAt(times: readonly number[]): CaptureSource {
  let read = false;
  return {
    sizeBytes: undefined,
    bytesRead: 0,
    truncated: false,
    readChunk: (handler) => {
      if (read) return Promise.resolve(false);
      read = true;
      const bytes = new Uint8Array(times.length);
      const view = new DataView(bytes.buffer);
      for (const [index, tsUs] of times.entries()) {
        bytes[index] = index;
        handler.packet(bytes, view, index, 1, 1, tsUs, 1);
      }
      bytes.fill(99);
      return Promise.resolve(true);
    },
    close: () => Promise.resolve(),
  };
}

describe('a capture in its own time', () => {
  it('hands each packet over when its time has come, by the speed asked for, with its own bytes', async () => {
    const time = clock();
    const paced = new PacedSource(packetsAt([5_000_000, 5_100_000, 7_000_000]), 2, time);
    const seen: { byte: number | undefined; atMs: number; tsUs: number }[] = [];
    const handler: PacketHandler = {
      packet: (bytes, _view, offset, _captured, _original, tsUs) => {
        seen.push({ byte: bytes[offset], atMs: time.nowMs(), tsUs });
      },
    };
    while (await paced.readChunk(handler));
    expect(seen).toEqual([
      { byte: 0, atMs: 1000, tsUs: 5_000_000 },
      { byte: 1, atMs: 1050, tsUs: 5_100_000 },
      { byte: 2, atMs: 2000, tsUs: 7_000_000 },
    ]);
    expect(paced.captureNowUs).toBe(7_000_000);
  });

  it('tells the same events as reading the file at once', async () => {
    const plain = new RecordingSink();
    const atOnce = await collect(await openCapture(DEMO), new Collector(plain));
    const slow = new RecordingSink();
    const paced = await collect(
      new PacedSource(await openCapture(DEMO), 20, clock()),
      new Collector(slow),
    );
    expect(atOnce.packets).toBeGreaterThan(100_000);
    expect(paced).toEqual(atOnce);
    expect(slow.statements).toEqual(plain.statements);
    expect(slow.seconds).toEqual(plain.seconds);
  });

  it('hands over nothing more once it is stopped', async () => {
    const paced = new PacedSource(packetsAt([1, 2]), 1, clock());
    let count = 0;
    const handler: PacketHandler = { packet: () => count++ };
    paced.stop();
    expect(await paced.readChunk(handler)).toBe(false);
    expect(count).toBe(0);
  });
});

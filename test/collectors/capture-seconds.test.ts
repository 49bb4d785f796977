/** What the capture itself did, second by second, and what happens when its clock is set back. */
import { describe, expect, it } from 'vitest';
import { Collector } from '../../collectors/collector.ts';
import type { CaptureSecond, SinkLimitName } from '../../src/events/events.ts';
import { Reduction } from '../../src/events/events.ts';
import { Wire } from '../wire/connection.ts';
import { client, server } from '../wire/postgres.ts';
import { login } from './protocols/postgres/talk.ts';
import { RecordingSink } from './recording-sink.ts';

const SECOND = 1_000_000;

class Seconds extends RecordingSink {
  readonly captured: CaptureSecond[] = [];

  captureSecond(second: CaptureSecond): void {
    this.captured.push(second);
  }
}

interface Packet {
  readonly bytes: Uint8Array;
  readonly tsUs: number;
}

function feed(collector: Collector, packets: readonly Packet[], shiftUs = 0): void {
  for (const { bytes, tsUs } of packets) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    collector.packet(bytes, view, 0, bytes.length, bytes.length, tsUs + shiftUs, 1);
  }
}

function talkFor(seconds: number, clientPort = 40_000): Packet[] {
  const wire = new Wire();
  const connection = login(wire, { clientPort });
  for (let second = 0; second < seconds; second++) {
    wire.wait(SECOND);
    connection.client(client.query('SELECT 1'));
    connection.server(server.complete('SELECT 1'), server.ready());
  }
  return wire.packets.map(({ bytes, tsUs }) => ({ bytes, tsUs }));
}

describe('the seconds of a capture', () => {
  it('hold every packet once, in the second of its time', () => {
    const sink = new Seconds();
    const collector = new Collector(sink);
    const packets = talkFor(5);
    feed(collector, packets);
    const summary = collector.finish();
    const expected = new Map<number, number>();
    for (const { tsUs } of packets) {
      const secondUs = Math.floor(tsUs / SECOND) * SECOND;
      expected.set(secondUs, (expected.get(secondUs) ?? 0) + 1);
    }
    expect(new Map(sink.captured.map(({ secondUs, packets: count }) => [secondUs, count]))).toEqual(
      expected,
    );
    expect(summary.packets).toBe(packets.length);
  });

  it('tell what the sink had to leave out, and the summary by which limit', () => {
    let runs = 0;
    const sink = new (class extends Seconds {
      dropped = (): Record<SinkLimitName, number> => ({
        repetition_pairs: runs,
        transaction_types: 0,
        session_notes: 0,
      });
    })();
    const collector = new Collector(sink);
    const packets = talkFor(4);
    const half = packets.length / 2;
    feed(collector, packets.slice(0, half));
    runs = 3;
    feed(collector, packets.slice(half));
    expect(collector.finish().droppedByLimit).toEqual({ repetition_pairs: 3 });
    expect(sink.captured.map(({ droppedByLimit }) => droppedByLimit).filter(Boolean)).toEqual([3]);
  });

  it('tell of drops and of what is left out in the second in which it was so', () => {
    const sink = new Seconds();
    const collector = new Collector(sink);
    const packets = talkFor(6);
    const startUs = Math.floor((packets[0]?.tsUs ?? 0) / SECOND) * SECOND;
    feed(
      collector,
      packets.filter(({ tsUs }) => tsUs < startUs + 2 * SECOND),
    );
    collector.health.kernelDrops = 17;
    collector.reduce(Reduction.Parameters);
    feed(
      collector,
      packets.filter(({ tsUs }) => tsUs >= startUs + 2 * SECOND && tsUs < startUs + 4 * SECOND),
    );
    collector.reduce(Reduction.None);
    feed(
      collector,
      packets.filter(({ tsUs }) => tsUs >= startUs + 4 * SECOND),
    );
    const summary = collector.finish();
    const dropped = sink.captured.filter(({ kernelDrops }) => kernelDrops > 0);
    expect(dropped.map(({ secondUs, kernelDrops }) => [secondUs - startUs, kernelDrops])).toEqual([
      [SECOND, 17],
    ]);
    expect(summary.reducedSeconds).toBe(2);
    expect(summary.reducedFirstUs).toBe(startUs + SECOND);
    expect(summary.reducedLastUs).toBe(startUs + 3 * SECOND);
  });
});

describe('a clock that is set back by an hour', () => {
  it('is counted once, and seconds go on being told as they end', () => {
    const sink = new Seconds();
    const collector = new Collector(sink);
    feed(collector, talkFor(5));
    feed(collector, talkFor(300, 40_001), -3600 * SECOND);
    const toldWhileRunning = sink.seconds.length;
    const { events, clockSteps } = collector.finish();
    expect(clockSteps).toBe(1);
    expect(events['statement']).toBe(305);
    expect(toldWhileRunning).toBeGreaterThan(200);
    expect(sink.statements.every(({ durationUs }) => (durationUs ?? 0) >= 0)).toBe(true);
    const requests = sink.seconds.reduce((sum, second) => sum + second.requests, 0);
    expect(requests).toBeGreaterThanOrEqual(305);
  });

  it('is noticed while no packets come', () => {
    const sink = new Seconds();
    const collector = new Collector(sink);
    const packets = talkFor(5);
    feed(collector, packets);
    const lastUs = packets.at(-1)?.tsUs ?? 0;
    const before = sink.seconds.length;
    for (let second = 0; second < 20; second++) {
      collector.idle(lastUs - 3600 * SECOND + second * SECOND);
    }
    expect(collector.health.clockSteps).toBe(1);
    expect(sink.seconds.length - before).toBeGreaterThanOrEqual(19);
  });

  it('is none when a few packets come from a second clock', () => {
    const sink = new Seconds();
    const collector = new Collector(sink);
    const packets = talkFor(60);
    packets.forEach((packet, index) => {
      feed(collector, [packet], index % 3 === 0 ? -20 * SECOND : 0);
    });
    expect(collector.finish().clockSteps).toBe(0);
  });
});

/** Several interfaces as one: in the order of time, in memory of a fixed size, nothing lost. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PacketHandler } from '../../../collectors/capture/capture-source.ts';
import { type LiveSource, NO_STATISTICS } from '../../../collectors/capture/live-source.ts';
import { type MergeOptions, MergedSources } from '../../../collectors/capture/merged.ts';
import { PacketQueue } from '../../../collectors/capture/packet-queue.ts';

interface Packet {
  readonly tsUs: number;
  readonly bytes: Uint8Array;
}

/** An interface whose packets are known: it hands them over in these chunks, an empty one for a turn without any. */
class Script implements LiveSource {
  readonly sizeBytes = undefined;
  readonly bytesRead = 0;
  readonly truncated = false;
  readonly #chunks: (readonly Packet[])[];
  stopped = false;

  constructor(chunks: readonly (readonly Packet[])[]) {
    this.#chunks = [...chunks];
  }

  async readChunk(handler: PacketHandler): Promise<boolean> {
    await new Promise((resolve) => setImmediate(resolve));
    // One memory for all packets of a chunk, as a ring has, and it is overwritten at once.
    const shared = new Uint8Array(4096);
    const view = new DataView(shared.buffer);
    for (const { tsUs, bytes } of this.#chunks.shift() ?? []) {
      shared.set(bytes, 3);
      handler.packet(shared, view, 3, bytes.length, bytes.length + 1, tsUs, 1);
      shared.fill(0xee);
    }
    return this.#chunks.length > 0;
  }

  statistics() {
    return { ...NO_STATISTICS, received: 1 };
  }

  stop(): void {
    this.stopped = true;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

async function merge(
  sources: readonly LiveSource[],
  options: Partial<MergeOptions> = {},
): Promise<{ told: Packet[]; late: number }> {
  const told: Packet[] = [];
  const merged = new MergedSources(sources, { windowUs: 1_000_000, ...options });
  const handler: PacketHandler = {
    packet: (bytes, view, offset, capturedLength, originalLength, tsUs, linkType) => {
      expect([originalLength, linkType]).toEqual([capturedLength + 1, 1]);
      expect(view.buffer).toBe(bytes.buffer);
      told.push({ tsUs, bytes: bytes.slice(offset, offset + capturedLength) });
    },
  };
  while (await merged.readChunk(handler));
  return { told, late: merged.statistics()?.late ?? -1 };
}

const packet = (tsUs: number, size = 1): Packet => ({
  tsUs,
  bytes: new Uint8Array(size).fill(tsUs & 0xff),
});
const times = (packets: readonly Packet[]): number[] => packets.map(({ tsUs }) => tsUs);

/** Packets of one interface in the order of time, cut into chunks anyhow. */
const script = fc.array(
  fc.array(
    fc.record({ step: fc.integer({ min: 0, max: 50 }), size: fc.integer({ min: 1, max: 300 }) }),
  ),
  { maxLength: 12 },
);

function chunksOf(steps: readonly (readonly { step: number; size: number }[])[]): Packet[][] {
  let now = 0;
  return steps.map((chunk) => chunk.map(({ step, size }) => packet((now += step), size)));
}

describe('several interfaces as one', () => {
  it('are in the order of time, with every packet whole, however their chunks come', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(script, { minLength: 1, maxLength: 4 }), async (scripts) => {
        const chunks = scripts.map(chunksOf);
        const { told, late } = await merge(chunks.map((list) => new Script(list)));
        const all = chunks.flat(2);
        expect(times(told)).toEqual(times(all).sort((a, b) => a - b));
        const sizes = (packets: readonly Packet[]) =>
          packets.map(({ tsUs, bytes }) => `${tsUs} ${bytes.length} ${bytes[0]}`).sort();
        expect(sizes(told)).toEqual(sizes(all));
        expect(late).toBe(0);
      }),
      { numRuns: 60 },
    );
  });

  it('lose nothing where the memory is too small, and count what is then out of order', async () => {
    const busy = Array.from({ length: 50 }, (_, index) => packet(1000 + index, 100));
    const { told, late } = await merge([new Script([busy]), new Script([[], [packet(5)]])], {
      queueBytesMax: 1000,
    });
    expect(told).toHaveLength(51);
    expect(late).toBe(1);
    const few = await merge([new Script([busy]), new Script([[], [packet(5)]])], {
      queuePacketsMax: 10,
    });
    expect(few.told).toHaveLength(51);
    expect(few.late).toBe(1);
  });

  it('hand over a packet that is larger than their memory', async () => {
    const { told } = await merge([new Script([[packet(1, 2000), packet(2)]])], {
      queueBytesMax: 1000,
    });
    expect(told.map(({ bytes }) => bytes.length)).toEqual([2000, 1]);
  });

  it('wait no longer than the window for one that is silent', async () => {
    const silent = new Script(Array.from({ length: 100 }, () => []));
    const told: number[] = [];
    // A second of the capture, which is also how long a chunk may take to come before nothing is waited for any more.
    const windowUs = 1_000_000;
    const busy = new Script([[packet(20_000), packet(1_000_000), packet(2_020_000)]]);
    const merged = new MergedSources([busy, silent], { windowUs });
    const handler: PacketHandler = { packet: (_b, _v, _o, _c, _l, tsUs) => told.push(tsUs) };
    await merged.readChunk(handler);
    expect(told).toEqual([20_000, 1_000_000]);
  });

  it('are stopped together, and add up', () => {
    const sources = [new Script([]), new Script([])];
    const merged = new MergedSources(sources, { windowUs: 1 });
    merged.stop();
    expect(sources.map(({ stopped }) => stopped)).toEqual([true, true]);
    expect(merged.statistics()).toMatchObject({ received: 2, late: 0 });
  });
});

describe('waiting packets', () => {
  it('come out as they went in, through a memory that is used round and round', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -3, max: 40 }), { maxLength: 200 }), (plan) => {
        const queue = new PacketQueue(100, 7);
        const model: Packet[] = [];
        let now = 0;
        const take = () => {
          const expected = model.shift();
          expect(queue.firstUs).toBe(expected?.tsUs);
          queue.shift({
            packet: (bytes, _view, offset, size, _original, tsUs) => {
              expect({ tsUs, bytes: bytes.slice(offset, offset + size) }).toEqual(expected);
            },
          });
        };
        for (const size of plan) {
          if (size <= 0) {
            if (model.length > 0) take();
            continue;
          }
          const next = packet(now++, size);
          if (queue.push(next.bytes, 0, size, size, next.tsUs, 1)) model.push(next);
          else expect(queue.length).toBeGreaterThan(0);
          expect(queue.length).toBe(model.length);
        }
        while (model.length > 0) take();
        expect(queue.firstUs).toBe(Number.POSITIVE_INFINITY);
      }),
    );
  });
});

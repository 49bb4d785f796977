/** pcapng files: sections, interfaces, clocks of every resolution, blocks of every kind. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PcapngWriter } from '../../wire/capture-files.ts';
import { readBytes } from './read-capture.ts';

const PACKET = Buffer.from('0011223344', 'hex');
const US = 1_767_225_600_123_456n;

const times = async (file: PcapngWriter): Promise<number[]> =>
  (await readBytes(file.bytes())).packets.map(({ tsUs }) => tsUs);

describe('the clock of an interface', () => {
  it.each([
    ['microseconds by default', undefined, US, 1_767_225_600_123_456],
    ['microseconds', 6, US, 1_767_225_600_123_456],
    ['nanoseconds, whose ticks exceed 2^53', 9, US * 1000n + 999n, 1_767_225_600_123_456],
    ['tenths of nanoseconds', 10, US * 10_000n + 9_999n, 1_767_225_600_123_456],
    ['picoseconds, near the end of 64 bits', 12, 18_446_744_073_709_551_615n, 18_446_744_073_709],
    ['milliseconds', 3, 1_767_225_600_123n, 1_767_225_600_123_000],
    ['seconds', 0, 1_767_225_600n, 1_767_225_600_000_000],
    ['2^-10 seconds', 0x80 | 10, (1_767_225_600n << 10n) + 512n, 1_767_225_600_500_000],
    ['2^-20 seconds', 0x80 | 20, (1_767_225_600n << 20n) + 1n, 1_767_225_600_000_000],
    ['2^-32 seconds', 0x80 | 32, (1_767_225_600n << 32n) + (1n << 30n), 1_767_225_600_250_000],
    ['whole seconds, said in binary', 0x80, 1_767_225_600n, 1_767_225_600_000_000],
  ])('may count %s', async (_name, resolution, ticks, expected) => {
    const options = resolution === undefined ? {} : { resolution };
    const file = new PcapngWriter().section().interface(options).enhancedPacket(PACKET, ticks);
    expect(await times(file)).toEqual([expected]);
  });

  it.each([3_600n, -3_600n])('may run %i seconds beside the others', async (offset) => {
    const file = new PcapngWriter()
      .section()
      .interface({ offset, resolution: 9 })
      .enhancedPacket(PACKET, US * 1000n);
    expect(await times(file)).toEqual([Number(US + offset * 1_000_000n)]);
  });

  it('is read exactly whatever a decimal or binary clock shows', async () => {
    const clock = fc.oneof(
      fc.integer({ min: 0, max: 12 }).map((n) => [n, 10n ** BigInt(n)] as const),
      fc.integer({ min: 0, max: 40 }).map((n) => [0x80 | n, 1n << BigInt(n)] as const),
    );
    const moment = fc.bigInt({ min: 0n, max: 4_000_000_000_000_000n });
    await fc.assert(
      fc.asyncProperty(clock, moment, async ([resolution, perSecond], us) => {
        const ticks = (us * perSecond) / 1_000_000n;
        fc.pre(ticks < 1n << 64n);
        const file = new PcapngWriter().section().interface({ resolution });
        const expected = Number((ticks * 1_000_000n) / perSecond);
        expect(await times(file.enhancedPacket(PACKET, ticks))).toEqual([expected]);
      }),
      { numRuns: 60 },
    );
  });
});

describe('a pcapng file', () => {
  it.each([false, true])('reads the same in both byte orders (big-endian %s)', async (big) => {
    const file = new PcapngWriter(big)
      .section()
      .interface({ linkType: 113 })
      .interface({ linkType: 1, resolution: 9 })
      .enhancedPacket(PACKET, US, 0, 99)
      .enhancedPacket(PACKET, US * 1000n, 1)
      .obsoletePacket(PACKET, US + 5n, 0);
    const tsUs = Number(US);
    expect((await readBytes(file.bytes())).packets).toEqual([
      { hex: '0011223344', tsUs, originalLength: 99, linkType: 113 },
      { hex: '0011223344', tsUs, originalLength: 5, linkType: 1 },
      { hex: '0011223344', tsUs: tsUs + 5, originalLength: 5, linkType: 113 },
    ]);
  });

  it('may change its byte order and its interfaces with every section', async () => {
    const second = new PcapngWriter(true)
      .section()
      .interface({ resolution: 9 })
      .enhancedPacket(PACKET, US * 1000n);
    const third = new PcapngWriter(false)
      .section()
      .interface({ resolution: 3 })
      .enhancedPacket(PACKET, US / 1000n);
    const file = new PcapngWriter().section().interface().enhancedPacket(PACKET, US);
    expect(await times(file.append(second).append(third))).toEqual([
      1_767_225_600_123_456, 1_767_225_600_123_456, 1_767_225_600_123_000,
    ]);
  });

  it('forgets the interfaces of the section before', async () => {
    const file = new PcapngWriter().section().interface().section().enhancedPacket(PACKET, US);
    const seen = await readBytes(file.bytes());
    expect(seen.failure).toBe('MSQL_CAPTURE_FORMAT');
    expect(seen.failureText).toContain('a packet of the unknown interface 0');
  });

  it('gives a simple packet the time of the packet before it and cuts it as its interface does', async () => {
    const file = new PcapngWriter()
      .section()
      .interface({ snapLength: 3 })
      .enhancedPacket(PACKET.subarray(0, 1), US)
      .simplePacket(PACKET.subarray(0, 3), 1500)
      .simplePacket(PACKET.subarray(0, 2));
    const tsUs = Number(US);
    expect((await readBytes(file.bytes())).packets.slice(1)).toEqual([
      { hex: '001122', tsUs, originalLength: 1500, linkType: 1 },
      { hex: '0011', tsUs, originalLength: 2, linkType: 1 },
    ]);
  });

  it('may hold blocks that are no packets, known and unknown, small and large', async () => {
    const file = new PcapngWriter().section().block(4, Buffer.alloc(8)).interface();
    file.block(5, Buffer.alloc(12)).block(0x0bad_0bad, Buffer.alloc(5 << 20, 1));
    file.enhancedPacket(PACKET, US).block(10, Buffer.alloc(20)).block(0x7fff_0000, Buffer.alloc(0));
    expect(await times(file.enhancedPacket(PACKET, US + 1n))).toEqual([Number(US), Number(US) + 1]);
  });

  it('is read to its end across the reading window, however blocks straddle it', async () => {
    const file = new PcapngWriter().section().interface();
    const packets = Array.from({ length: 130 }, (_, index) => Buffer.alloc(65_000 + index, index));
    for (const [index, bytes] of packets.entries()) file.enhancedPacket(bytes, BigInt(index));
    const seen = await readBytes(file.bytes());
    const rotten = seen.packets.filter(
      ({ hex, tsUs }, index) => hex !== packets[index]?.toString('hex') || tsUs !== index,
    );
    expect([seen.packets.length, rotten]).toEqual([130, []]);
  });

  it('may mix link types; only when none of them is readable it is refused', async () => {
    const mixed = new PcapngWriter().section().interface({ linkType: 147 }).interface();
    mixed.enhancedPacket(PACKET, US, 0).enhancedPacket(PACKET, US, 1);
    const seen = await readBytes(mixed.bytes());
    expect(seen.packets.map(({ linkType }) => linkType)).toEqual([147, 1]);
    expect(seen.failure).toBeUndefined();
    const alone = new PcapngWriter().section().interface({ linkType: 147 });
    const refused = await readBytes(alone.enhancedPacket(PACKET, US).bytes());
    expect(refused.failure).toBe('MSQL_CAPTURE_LINK_TYPE');
  });

  it('cut off in the middle of a block gives the packets before it and says so', async () => {
    const whole = new PcapngWriter().section().interface().enhancedPacket(PACKET, US);
    const keep = whole.bytes().length;
    const file = whole.enhancedPacket(PACKET, US).bytes();
    for (const size of [keep + 1, keep + 11, keep + 12, file.length - 1]) {
      const seen = await readBytes(file.subarray(0, size));
      expect([size, seen.packets.length, seen.truncated, seen.failure]).toEqual([
        size,
        1,
        true,
        undefined,
      ]);
    }
  });
});

describe('a damaged pcapng file', () => {
  const head = (): PcapngWriter =>
    new PcapngWriter().section().interface().enhancedPacket(PACKET, US);

  it.each([
    ['a block shorter than its own header', head().block(6, Buffer.alloc(0), 8)],
    ['a block longer than any', head().block(6, Buffer.alloc(0), (16 << 20) + 4)],
    ['a length that is no multiple of four', head().block(6, Buffer.alloc(0), 13)],
    ['a packet block without room for its fields', head().block(6, Buffer.alloc(16))],
    ['an obsolete packet block without room', head().block(2, Buffer.alloc(16))],
    ['a simple packet block without room', head().block(3, Buffer.alloc(0))],
    ['an interface block without room', head().block(1, Buffer.alloc(4))],
    ['a packet of an interface that was never described', head().enhancedPacket(PACKET, US, 7)],
  ])('with %s is refused there, and what came before is told', async (_name, file) => {
    const seen = await readBytes(file.bytes());
    expect([seen.packets.length, seen.failure]).toEqual([1, 'MSQL_CAPTURE_FORMAT']);
    expect(seen.failureText).toContain('is damaged: after 1 packets');
  });

  it('with a packet that reaches beyond its block is refused there', async () => {
    const good = head();
    const at = good.bytes().length;
    const file = good.enhancedPacket(PACKET, US).bytes();
    file.writeUInt32LE(9, at + 8 + 12);
    expect(await readBytes(file)).toMatchObject({ failure: 'MSQL_CAPTURE_FORMAT' });
    file.writeUInt32LE(8, at + 8 + 12); // Up to the block's end, padding included, it is believed.
    expect((await readBytes(file)).packets.length).toBe(2);
  });

  it('with two different lengths around a block is refused there', async () => {
    const file = head().bytes();
    file.writeUInt32LE(12, file.length - 4);
    expect(await readBytes(file)).toMatchObject({ packets: [], failure: 'MSQL_CAPTURE_FORMAT' });
  });

  it('with a section that has no byte order is refused', async () => {
    const file = head().bytes();
    file.writeUInt32LE(0x1122_3344, 8);
    expect(await readBytes(file)).toMatchObject({ packets: [], failure: 'MSQL_CAPTURE_FORMAT' });
  });
});

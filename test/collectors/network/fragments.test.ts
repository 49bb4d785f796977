/** IP fragments: put together in any order, inside tunnels and out, and refused, forgotten and counted when they do not fit. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Health } from '../../../collectors/health.ts';
import { defaultLimits, type Limits } from '../../../collectors/limits.ts';
import { Connections } from '../../../collectors/network/connections.ts';
import { bytesOf } from '../../wire/bytes.ts';
import { ethernet, ipv4, ipv6, ipv6Extension, ipv6Fragment, tcp } from '../../wire/packets.ts';
import { fragments4, fragments6, geneve, udp, vxlan } from '../../wire/tunnels.ts';

const TEXT = Array.from({ length: 400 }, (_, index) => String(index).padStart(4, '.')).join('');
const SEGMENT = tcp({ payload: Buffer.from(TEXT) });

interface Heard {
  readonly text: string;
  readonly lostBytes: number;
  readonly counts: Health['fragments'];
  readonly health: Health;
}

interface Timed {
  readonly packet: Uint8Array;
  readonly atUs: number;
}

/** What is read of frames that come a millisecond apart, or at given times. */
function listen(frames: readonly (Uint8Array | Timed)[], limits: Partial<Limits> = {}): Heard {
  const health = new Health();
  let text = '';
  let lostBytes = 0;
  const reader = {
    chunk(_direction: 0 | 1, bytes: Uint8Array, _view: DataView, start: number, end: number) {
      text += Buffer.from(bytes.slice(start, end)).toString();
    },
    gap(_direction: 0 | 1, size: number) {
      lostBytes += size;
    },
    end: () => undefined,
  };
  const connections = new Connections(() => reader, health, { ...defaultLimits, ...limits });
  let tsUs = 1_767_225_600_000_000;
  const startUs = tsUs;
  for (const frame of frames) {
    tsUs = 'atUs' in frame ? startUs + frame.atUs : tsUs + 1000;
    const copy = Uint8Array.from('atUs' in frame ? frame.packet : frame);
    connections.packet(copy, new DataView(copy.buffer), 0, copy.length, tsUs, 1);
    copy.fill(0x2a); // What is kept must have been copied.
  }
  connections.finish(tsUs);
  const { seen, joined, doubled, refused, incomplete } = health.fragments;
  expect(joined + doubled + refused + incomplete).toBe(seen);
  return { text, lostBytes, counts: health.fragments, health };
}

const frames4 = (identification = 1): Buffer[] =>
  fragments4(SEGMENT, 400, { identification }).map((ip) => ethernet(ip));
const frames6 = (): Buffer[] => fragments6(SEGMENT, 400).map((ip) => ethernet(ip));
const at = (packet: Uint8Array, atUs: number): Timed => ({ packet, atUs });

describe('fragments', () => {
  it.each([
    ['IPv4', frames4()],
    ['IPv6', frames6()],
  ])('of %s become one packet', (_name, frames) => {
    expect(frames.length).toBe(5);
    const { text, counts } = listen(frames);
    expect(text).toBe(TEXT);
    expect(counts).toEqual({
      seen: 5,
      joined: 5,
      packets: 1,
      doubled: 0,
      refused: 0,
      incomplete: 0,
    });
  });

  it('give the same in any order, with any of them shown twice', () => {
    const shuffled = fc.constantFrom(frames4(), frames6()).chain((frames) =>
      fc.tuple(fc.subarray(frames), fc.constant(frames)).chain(([twice, all]) => {
        const shown = [...all, ...twice];
        return fc.shuffledSubarray(shown, { minLength: shown.length, maxLength: shown.length });
      }),
    );
    fc.assert(
      fc.property(shuffled, (frames) => {
        const { text, counts } = listen(frames);
        expect(text).toBe(TEXT);
        expect(counts).toMatchObject({ joined: 5, packets: 1, doubled: frames.length - 5 });
      }),
      { numRuns: 300 },
    );
  });

  it('of a tunnel become one packet, and so do those inside of it', () => {
    const inner = fragments4(SEGMENT, 800).map((ip) => ethernet(ip));
    const outer = inner.flatMap((frame, index) =>
      fragments4(vxlan(frame).subarray(34), 400, { protocol: 17, identification: 50 + index }).map(
        (ip) => ethernet(ip),
      ),
    );
    expect([inner.length, outer.length]).toEqual([3, 7]);
    const { text, counts, health } = listen(outer);
    expect(text).toBe(TEXT);
    expect(counts).toMatchObject({ seen: 9, joined: 9, packets: 3 });
    expect(health.packetsPassedOver.size).toBe(0);
  });

  it('of IPv6 in GENEVE over IPv6, with a header of options in the part that is cut, become one packet', () => {
    const whole = bytesOf(ipv6Extension(6), SEGMENT);
    const inner = fragments6(whole, 1000, { nextHeader: 60 });
    const outer = inner.flatMap((ip, index) =>
      fragments6(udp(6081, geneve(0x86dd, ip).subarray(42)), 600, {
        nextHeader: 17,
        identification: index,
      }).map((packet) => ethernet(packet)),
    );
    expect(listen(outer).text).toBe(TEXT);
  });

  it('of packets with other identifications, or between others, are not mixed', () => {
    const other = tcp({ sourcePort: 40_001, payload: Buffer.from(TEXT.toUpperCase()) });
    const there = fragments4(other, 400, { identification: 2 }).map((ip) => ethernet(ip));
    const host = fragments4(other, 400, { source: '10.0.0.3' }).map((ip) => ethernet(ip));
    for (const second of [there, host]) {
      const mixed = frames4().flatMap((frame, index) => [frame, second[index] ?? frame]);
      expect(listen(mixed).text).toBe(TEXT + TEXT.toUpperCase());
    }
  });

  it('of something that is not TCP are passed over once they are whole', () => {
    const frames = fragments4(udp(53, Buffer.alloc(900)), 400, { protocol: 17 });
    const { health } = listen(frames.map((ip) => ethernet(ip)));
    expect(Object.fromEntries(health.packetsPassedOver)).toEqual({ not_tcp: 1 });
  });

  it('that the snap length cut leave a gap', () => {
    const [first = Buffer.alloc(0), second = Buffer.alloc(0), ...rest] = frames4();
    const cut = listen([first, second.subarray(0, 34 + 100), ...rest]);
    expect(cut.text).toBe(TEXT.slice(0, 400 - 20 + 100));
    expect(cut.lostBytes).toBe(TEXT.length - cut.text.length);
  });
});

describe('fragments are refused', () => {
  const [first = Buffer.alloc(0), second = Buffer.alloc(0), ...rest] = frames4();
  const piece = (offset: number, size: number, more = true, fill = 0x78): Buffer =>
    ethernet(ipv4(Buffer.alloc(size, fill), { fragment: (more ? 0x2000 : 0) | (offset / 8) }));

  it.each([
    ['that overlap what came before', piece(200, 400)],
    ['that overlap what comes behind', piece(0, 480)],
    ['that lie inside another', piece(408, 80)],
    ['that have the place of another and other content', piece(400, 400)],
    ['that end the packet before its end', piece(400, 8, false)],
    ['that are empty', piece(800, 0)],
    ['whose size is not a multiple of eight, in the middle', piece(800, 401)],
    ['that would make a packet longer than any', piece(65_520, 1400)],
  ])('%s, with all of their packet (RFC 5722)', (_name, bad) => {
    const { text, counts } = listen([first, second, piece(1200, 400), bad, ...rest]);
    expect(text).toBe('');
    expect(counts).toMatchObject({ packets: 0, joined: 0, refused: 4 + rest.length });
  });

  it('when a packet has too many', () => {
    const many = Array.from({ length: 140 }, (_, index) => piece(8 + index * 8, 8));
    expect(listen(many).counts).toMatchObject({ refused: 140, incomplete: 0 });
  });

  it('and the packet after them with the same identification is read again', () => {
    const frames = [at(first, 0), at(piece(8, 400), 1), at(second, 2)];
    const later = frames4().map((frame, index) => at(frame, 1_100_000 + index));
    expect(listen([...frames, ...later]).text).toBe(TEXT);
  });
});

describe('fragments that wait', () => {
  it('are forgotten when the others do not come', () => {
    const [first = Buffer.alloc(0), ...rest] = frames4();
    const late = listen([at(first, 0), ...rest.map((frame) => at(frame, 6_000_000))]);
    expect([late.text, late.counts.incomplete]).toEqual(['', 5]);
    const inTime = listen([at(first, 0), ...rest.map((frame) => at(frame, 4_000_000))]);
    expect([inTime.text, inTime.counts.incomplete]).toEqual([TEXT, 0]);
  });

  it('are forgotten without any packet that would need them', () => {
    const [first = Buffer.alloc(0)] = frames4();
    const tick = ethernet(ipv4(tcp({ sourcePort: 7, flags: 2 })));
    const { counts } = listen([at(first, 0), at(tick, 7_000_000), at(tick, 9_000_000)]);
    expect(counts.incomplete).toBe(1);
  });

  it('do not mix with a later packet that has the same identification', () => {
    const other = tcp({ sequence: 1 + TEXT.length, payload: Buffer.from(TEXT) });
    const again = fragments4(other, 400).map((ip) => ethernet(ip));
    const early = frames4().map((frame, index) => at(frame, index));
    // A copy of the last one comes late, on the other leg of the mirror.
    const copy = at(frames4()[4] ?? Buffer.alloc(0), 900_000);
    const later = again.map((frame, index) => at(frame, 2_000_000 + index));
    const { text, counts } = listen([...early, copy, ...later]);
    expect(text).toBe(TEXT + TEXT);
    expect(counts).toMatchObject({ packets: 2, doubled: 1 });
  });

  it('make room for newer ones, oldest first, and are counted', () => {
    const half = Array.from({ length: 6 }, (_, index) => frames4(index + 1)[0] ?? Buffer.alloc(0));
    const byCount = listen(half, { fragmentedPacketsMax: 4 });
    expect(Object.fromEntries(byCount.health.droppedByLimit)).toEqual({ fragments: 2 });
    const byBytes = listen(half, { fragmentBytesMax: 1000 });
    expect(Object.fromEntries(byBytes.health.droppedByLimit)).toEqual({ fragments: 4 });
  });

  it('do not keep an atomic fragment waiting', () => {
    const frame = ethernet(ipv6(bytesOf(ipv6Fragment(6), SEGMENT), { nextHeader: 44 }));
    expect(listen([frame])).toMatchObject({ text: TEXT, counts: { seen: 0 } });
  });
});

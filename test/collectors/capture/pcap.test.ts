/** pcap files: both byte orders, both resolutions, cut off and damaged ones. */
import { describe, expect, it } from 'vitest';
import { type PcapOptions, pcap } from '../../wire/capture-files.ts';
import { readBytes } from './read-capture.ts';

const PACKETS = [
  { bytes: Buffer.from('00112233', 'hex'), timeNs: 1_767_225_600_123_456_789n },
  { bytes: Buffer.alloc(0), timeNs: 1_767_225_600_999_999_999n },
  { bytes: Buffer.from('ff', 'hex'), timeNs: 4_294_967_295_000_001_000n, originalLength: 1500 },
];

const VARIANTS: readonly (readonly [string, PcapOptions])[] = [
  ['little-endian microseconds', {}],
  ['big-endian microseconds', { bigEndian: true }],
  ['little-endian nanoseconds', { nanoseconds: true }],
  ['big-endian nanoseconds', { nanoseconds: true, bigEndian: true }],
  ['the variant with longer record headers', { modified: true }],
  ['the variant with longer record headers, big-endian', { modified: true, bigEndian: true }],
];

describe('a pcap file', () => {
  it.each(VARIANTS)('gives the same packets and exact times in %s', async (_name, options) => {
    const seen = await readBytes(pcap(PACKETS, options));
    expect(seen.packets).toEqual([
      { hex: '00112233', tsUs: 1_767_225_600_123_456, originalLength: 4, linkType: 1 },
      { hex: '', tsUs: 1_767_225_600_999_999, originalLength: 0, linkType: 1 },
      { hex: 'ff', tsUs: 4_294_967_295_000_001, originalLength: 1500, linkType: 1 },
    ]);
    expect(seen).toMatchObject({ truncated: false, failure: undefined });
  });

  it('tells its size and how much of it has been read', async () => {
    const file = pcap(PACKETS);
    expect(await readBytes(file)).toMatchObject({ sizeBytes: file.length, bytesRead: file.length });
  });

  it('may hold no packet at all', async () => {
    expect(await readBytes(pcap([]))).toMatchObject({
      packets: [],
      truncated: false,
      failure: undefined,
    });
  });

  it('keeps its link type when the upper bits tell of a frame check sequence', async () => {
    const seen = await readBytes(pcap(PACKETS, { linkType: 0x5400_0071 }));
    expect(seen.packets[0]?.linkType).toBe(113);
  });

  it('is refused when nothing here reads its link type', async () => {
    const seen = await readBytes(pcap(PACKETS, { linkType: 147 }));
    expect(seen.failure).toBe('MSQL_CAPTURE_LINK_TYPE');
    expect(seen.failureText).toContain('147');
  });

  it('is read to its end across the reading window, however records straddle it', async () => {
    const packets = Array.from({ length: 130 }, (_, index) => ({
      bytes: Buffer.alloc(65_000 + index, index),
      timeNs: BigInt(index) * 1000n,
    }));
    const seen = await readBytes(pcap(packets));
    expect(seen.packets.map(({ tsUs }) => tsUs)).toEqual(packets.map((_, index) => index));
    const rotten = seen.packets.filter(
      ({ hex }, index) => hex !== packets[index]?.bytes.toString('hex'),
    );
    expect(rotten).toEqual([]);
  });

  it('may hold a record as long as a whole mebibyte', async () => {
    const seen = await readBytes(pcap([{ bytes: Buffer.alloc(1 << 20, 7), timeNs: 5000n }]));
    expect(seen.packets.map(({ hex }) => hex.length / 2)).toEqual([1 << 20]);
  });
});

describe('a pcap file that was cut off', () => {
  const whole = pcap(PACKETS);

  it.each([
    ['in a record header', 24 + 16 + 4 + 7, 1],
    ['behind a record header', 24 + 16, 0],
    ['in a packet', 24 + 16 + 3, 0],
  ])('%s gives what is whole and says so', async (_name, size, count) => {
    const seen = await readBytes(whole.subarray(0, size));
    expect(seen.packets.length).toBe(count);
    expect(seen).toMatchObject({ truncated: true, failure: undefined });
  });

  it('between records is not called cut off, because nobody can tell', async () => {
    const seen = await readBytes(whole.subarray(0, 24 + 16 + 4));
    expect(seen.packets.length).toBe(1);
    expect(seen.truncated).toBe(false);
  });

  it.each([
    [4, 'MSQL_CAPTURE_FORMAT'],
    [23, 'MSQL_CAPTURE_FORMAT'],
    [3, 'MSQL_CAPTURE_FORMAT'],
    [0, 'MSQL_CAPTURE_EMPTY'],
  ])('after %i bytes of its file header is refused', async (size, code) => {
    expect(await readBytes(whole.subarray(0, size))).toMatchObject({ packets: [], failure: code });
  });
});

describe('a damaged pcap file', () => {
  it('ends with an error at a length that no packet has; the packets before it are told', async () => {
    const file = pcap(PACKETS);
    file.writeUInt32LE((1 << 20) + 1, 24 + 16 + 4 + 8);
    const seen = await readBytes(file);
    expect(seen.packets.map(({ hex }) => hex)).toEqual(['00112233']);
    expect(seen.failure).toBe('MSQL_CAPTURE_FORMAT');
    expect(seen.failureText).toContain('record 2 claims 1048577 bytes');
  });

  it('is told from what is no capture at all', async () => {
    const seen = await readBytes(Buffer.from('GET / HTTP/1.1\r\nHost: example\r\n\r\n'));
    expect(seen.failure).toBe('MSQL_CAPTURE_FORMAT');
    expect(seen.failureText).toContain('is not a capture file');
  });
});

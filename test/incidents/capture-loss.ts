/** A recording that lost packets, made from one that did not. */
import type { Random } from '../lab/random.ts';
import type { Stretch } from './label.ts';

const FILE_HEADER_BYTES = 24;
const RECORD_HEADER_BYTES = 16;
const ETHERNET_BYTES = 14;

export interface CaptureLoss {
  readonly share: number;
  readonly during: Stretch;
  readonly random: Random;
  /** Only packets from this TCP port are lost; undefined: of all. */
  readonly fromPort: number | undefined;
}

/** @param pcap as tcpdump writes it here: little-endian, microseconds */
export function dropPackets(
  pcap: Buffer,
  { share, during, random, fromPort }: CaptureLoss,
): Buffer {
  const kept = [pcap.subarray(0, FILE_HEADER_BYTES)];
  for (let at = FILE_HEADER_BYTES; at + RECORD_HEADER_BYTES <= pcap.length; ) {
    const tsUs = pcap.readUInt32LE(at) * 1_000_000 + pcap.readUInt32LE(at + 4);
    const end = at + RECORD_HEADER_BYTES + pcap.readUInt32LE(at + 8);
    const within =
      tsUs >= during.fromUs &&
      tsUs < during.toUs &&
      (fromPort === undefined || fromPort === sourcePortOf(pcap, at));
    if (!within || random() >= share) kept.push(pcap.subarray(at, end));
    at = end;
  }
  return Buffer.concat(kept);
}

/** Of the record at `at`: Ethernet, IPv4 (RFC 791: its length in words is the lower half of its first byte), TCP. */
function sourcePortOf(pcap: Buffer, at: number): number {
  const ip = at + RECORD_HEADER_BYTES + ETHERNET_BYTES;
  return pcap.readUInt16BE(ip + ((pcap[ip] ?? 0) & 0xf) * 4);
}

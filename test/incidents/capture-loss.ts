/** A recording that lost packets, made from one that did not. */
import type { Random } from '../lab/random.ts';
import type { Stretch } from './label.ts';

const FILE_HEADER_BYTES = 24;
const RECORD_HEADER_BYTES = 16;

/** @param pcap as tcpdump writes it here: little-endian, microseconds */
export function dropPackets(pcap: Buffer, share: number, during: Stretch, random: Random): Buffer {
  const kept = [pcap.subarray(0, FILE_HEADER_BYTES)];
  for (let at = FILE_HEADER_BYTES; at + RECORD_HEADER_BYTES <= pcap.length; ) {
    const tsUs = pcap.readUInt32LE(at) * 1_000_000 + pcap.readUInt32LE(at + 4);
    const end = at + RECORD_HEADER_BYTES + pcap.readUInt32LE(at + 8);
    const within = tsUs >= during.fromUs && tsUs < during.toUs;
    if (!within || random() >= share) kept.push(pcap.subarray(at, end));
    at = end;
  }
  return Buffer.concat(kept);
}

/** Whole captures with packets lost, repeated, swapped, cut, late and overwritten, through the whole collector. */
import { Collector } from '../../collectors/collector.ts';
import type { CaptureSummary } from '../../src/events/capture-summary.ts';
import { RecordingSink } from '../collectors/recording-sink.ts';
import type { Dice } from '../simulation/dice.ts';
import type { Packet } from './corpus.ts';
import { LIMITS } from './limits.ts';

/** Loses, repeats, swaps, cuts, delays and overwrites packets. */
export function damage(packets: readonly Packet[], dice: Dice): Packet[] {
  const random = (below: number): number => dice.below(below);
  const damaged: Packet[] = [];
  const rate = 2 + random(30);
  for (const packet of packets) {
    if (random(rate) !== 0) {
      damaged.push(packet);
      continue;
    }
    const bytes = Uint8Array.from(packet.bytes);
    const deep = 34 + random(Math.max(1, bytes.length - 34));
    switch (random(8)) {
      case 0:
        break; // Lost.
      case 1:
        damaged.push(packet, packet);
        break;
      case 2:
        damaged.splice(Math.max(0, damaged.length - 1 - random(5)), 0, packet);
        break;
      case 3:
        damaged.push({ ...packet, bytes: bytes.subarray(0, random(bytes.length + 1)) });
        break;
      case 4:
        damaged.push({ ...packet, tsUs: packet.tsUs + random(40_000_000) });
        break;
      case 5:
        // Sequence numbers, flags and lengths, in Ethernet and IPv4 at least.
        bytes[Math.min(bytes.length - 1, 34 + random(24))] = random(256);
        damaged.push({ ...packet, bytes });
        break;
      case 6:
        for (let count = random(8); count >= 0; count--)
          bytes[Math.min(bytes.length - 1, deep + random(8))] = random(256);
        damaged.push({ ...packet, bytes });
        break;
      default:
        for (let at = deep; at < bytes.length; at++) bytes[at] = random(256);
        damaged.push({ ...packet, bytes });
    }
  }
  return damaged;
}

export function runPipeline(
  packets: readonly Packet[],
  parameters: boolean,
): { told: RecordingSink; summary: CaptureSummary } {
  const told = new RecordingSink();
  const collector = new Collector(told, { parameters, limits: LIMITS });
  for (const { bytes, originalLength, tsUs, linkType } of packets) {
    const copy = Uint8Array.from(bytes);
    const view = new DataView(copy.buffer);
    collector.packet(copy, view, 0, copy.length, originalLength, tsUs, linkType);
    copy.fill(0);
  }
  return { told, summary: collector.finish() };
}

/**
 * Recorded captures, damaged at random, through the whole collector: it never throws, its counters stay counters, its
 * books balance and its memory stays bounded. Runs by a seed that is printed when a run fails: set
 * MIRRORSQL_FUZZ_SEED to repeat it, MIRRORSQL_FUZZ_RUNS to run longer.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openCapture } from '../../collectors/capture/open.ts';
import { Collector } from '../../collectors/collector.ts';
import type { CaptureSummary } from '../../src/events/capture-summary.ts';
import { RecordingSink } from '../collectors/recording-sink.ts';

const SEED = Number(process.env['MIRRORSQL_FUZZ_SEED'] ?? 20_261_121);
const RUNS = Number(process.env['MIRRORSQL_FUZZ_RUNS'] ?? 12);
/** Larger captures would spend the time of many small ones. */
const PACKETS_MAX = 1500;

interface Packet {
  readonly bytes: Uint8Array;
  readonly originalLength: number;
  readonly tsUs: number;
  readonly linkType: number;
}

/** Numbers that look random and are the same for the same seed (mulberry32). */
function numbers(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let value = Math.imul(state ^ (state >>> 15), state | 1);
    value ^= value + Math.imul(value ^ (value >>> 7), value | 61);
    return ((value ^ (value >>> 14)) >>> 0) % below;
  };
}

function captures(): string[] {
  const scenarios = readdirSync('test/scenarios', { withFileTypes: true })
    .map(({ name }) => join('test/scenarios', name, 'capture.pcap'))
    .filter((path) => existsSync(path));
  const shared = ['postgres', 'zeek', 'mariadb', 'encapsulation']
    .map((folder) => join('../shared/captures', folder))
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)));
  return [...scenarios, ...shared];
}

/** The packets of a capture; none when it cannot be read as one. */
async function packetsOf(path: string): Promise<Packet[]> {
  const packets: Packet[] = [];
  const source = await openCapture(path);
  const handler = {
    packet(
      bytes: Uint8Array,
      _view: DataView,
      offset: number,
      capturedLength: number,
      originalLength: number,
      tsUs: number,
      linkType: number,
    ): void {
      if (packets.length < PACKETS_MAX) {
        const copy = bytes.slice(offset, offset + capturedLength);
        packets.push({ bytes: copy, originalLength, tsUs, linkType });
      }
    },
  };
  while (await source.readChunk(handler));
  await source.close();
  return packets;
}

/** Loses, repeats, swaps, cuts, delays and overwrites packets. */
function damage(packets: readonly Packet[], random: (below: number) => number): Packet[] {
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

const LIMITS = { heldBytesMax: 1 << 16, heldBytesTotalMax: 1 << 18, pendingMax: 256 };

function run(
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

/** Every number that a summary or an event holds. */
function numbersIn(value: unknown, path = ''): [string, number][] {
  if (typeof value === 'number') return [[path, value]];
  if (value === null || typeof value !== 'object' || value instanceof Uint8Array) return [];
  const entries = value instanceof Map ? [...value] : Object.entries(value);
  return entries.flatMap(([name, inner]) => numbersIn(inner, `${path}.${String(name)}`));
}

function complaints({ told, summary }: ReturnType<typeof run>): string[] {
  const { payloadBytes, decodedBytes, encryptedBytes, foreignBytes, repeatedBytes } = summary;
  const found = numbersIn(summary)
    .filter(([, value]) => !Number.isSafeInteger(value) || value < 0)
    .map(([path, value]) => `${path} = ${value}`);
  if (payloadBytes !== decodedBytes + encryptedBytes + foreignBytes + repeatedBytes)
    found.push(`${payloadBytes} bytes of payload are not accounted for`);
  for (const row of [...told.statements, ...told.transactions, ...told.seconds])
    for (const [path, value] of numbersIn(row))
      if (!Number.isSafeInteger(value) || value < 0) found.push(`event${path} = ${value}`);
  const open = told.of('session_start').length;
  if (told.of('session_end').length < open) found.push('a session that never ended');
  return found;
}

describe('damaged captures', () => {
  const files = captures();

  it.each(files)('%s', async (path) => {
    const packets = await packetsOf(path).catch(() => []);
    for (let turn = 0; turn < RUNS; turn++) {
      const seed = SEED + turn;
      const random = numbers(seed);
      const damaged = damage(packets, random);
      let result: string[];
      try {
        result = complaints(run(damaged, random(2) === 0));
      } catch (error) {
        result = [error instanceof Error ? (error.stack ?? error.message) : String(error)];
      }
      expect(result, `MIRRORSQL_FUZZ_SEED=${seed} MIRRORSQL_FUZZ_RUNS=1`).toEqual([]);
    }
  });

  it('do not make the collector keep more than its limits', () => {
    const random = numbers(SEED);
    const rubbish = Array.from({ length: 20_000 }, (_, index): Packet => {
      // Ethernet, IPv4, TCP to port 5432 from a few hundred ports, sequence numbers far apart.
      const bytes = new Uint8Array(14 + 20 + 20 + 200).map(() => random(256));
      bytes.set([8, 0, 0x45, 0, 0, 240, 0, 0, 0x40, 0, 64, 6], 12);
      bytes.set([10, 0, 0, 1, 10, 0, 0, 2, random(2), random(256), 0x15, 0x38], 26);
      bytes.set([0, 0, random(64)], 38);
      bytes.set([0x50, 0x10], 46);
      return { bytes, originalLength: bytes.length, tsUs: index * 100, linkType: 1 };
    });
    const result = run(rubbish, true);
    expect(complaints(result)).toEqual([]);
    expect(result.summary.droppedByLimit['held_bytes']).toBeGreaterThan(0);
    expect(result.summary.streams).toBeLessThanOrEqual(512);
  });
});

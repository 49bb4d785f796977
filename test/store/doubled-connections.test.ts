/** Two captures that hold the same traffic count it twice, and are told of; those that follow each other are not. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { buildReport } from '../../analysis/report.ts';
import type { Window } from '../../src/events/facts.ts';
import { countDoubledByLoad } from '../../src/store/questions/doubled-connections.ts';
import { readExtent, readWindowFacts } from '../../src/store/questions/window-facts.ts';
import { loadCapture } from './load-capture.ts';
import { numberOf, temporaryStore, type TemporaryStore } from './temporary-store.ts';

const DEMO = join(import.meta.dirname, '../scenarios/demo/demo.pcap.gz');
const HEADER_BYTES = 24;
const RECORD_BYTES = 16;

let temporary: TemporaryStore;
beforeEach(async () => {
  temporary = await temporaryStore();
});
afterEach(() => temporary.remove());

/** Loads what the demo holds from `from` to `to`, seconds from its beginning, as a file of its own (pcap, little-endian). */
async function loadPart(from: number, to: number): Promise<void> {
  const whole = gunzipSync(readFileSync(DEMO));
  const secondsAt = (at: number) => whole.readUInt32LE(at) + whole.readUInt32LE(at + 4) / 1e6;
  const pieces = [whole.subarray(0, HEADER_BYTES)];
  const beginning = secondsAt(HEADER_BYTES);
  for (let at = HEADER_BYTES; at < whole.length; ) {
    const end = at + RECORD_BYTES + whole.readUInt32LE(at + 8);
    const second = secondsAt(at) - beginning;
    if (second >= from && second < to) pieces.push(whole.subarray(at, end));
    at = end;
  }
  const path = join(temporary.directory, `${from}-${to}.pcap`);
  writeFileSync(path, Buffer.concat(pieces));
  await loadCapture(temporary.store, path);
}

async function told(): Promise<{ count: number; verdict: string; highlights: string }> {
  const window = (await readExtent(temporary.store)) as Window; // Something was loaded.
  const report = buildReport(await readWindowFacts(temporary.store, window));
  const { connectionsLoadedTwice: count, verdict } = report.capture;
  expect(await countDoubledByLoad(temporary.store, window, '')).toBe(count);
  return { count, verdict, highlights: JSON.stringify(report.highlights) };
}

describe('captures of one collector', () => {
  it('that hold the same traffic are told of with the connections that both hold', async () => {
    await loadPart(0, 8);
    expect(await told()).toMatchObject({ count: 0 });
    await loadPart(4, 12);
    const { count, verdict, highlights } = await told();
    // Of connections without a statement nothing is counted twice.
    const flows = `(SELECT uniqExact(client_ip, client_port) FROM events
      WHERE ts >= (SELECT max(first_packet_ts) FROM captures) AND ts < (SELECT min(last_packet_ts) FROM captures))`;
    expect(count).toBeGreaterThan(5);
    expect(count).toBe(await numberOf(temporary.store, flows));
    expect(verdict).toContain('what several of them hold counts once for each');
    expect(highlights).toContain('stored from several captures of the same time');
  });

  it('that follow each other, or are the same one again, are not', async () => {
    await loadPart(0, 6);
    await loadPart(6, 12);
    await loadPart(0, 6);
    expect(await told()).toMatchObject({ count: 0 });
  });

  it('that begin with a connection are told of as well, where it has one id in both', async () => {
    await loadPart(0, 6);
    await loadPart(0, 7);
    const { count } = await told();
    expect(count).toBeGreaterThan(5);
  });
});

/**
 * What `mirrorsql report` says of traffic whose cause the test made: a real server, real clients, a recording, the store
 * and the report, as users have them. Hours are made of seconds by stretching the times of the packets, all alike, so that
 * order and proportions stay those of the real traffic.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isoFromUs } from '../../src/core/time.ts';
import type { Report } from '../../src/events/report.ts';
import { mirrorsql } from './decode.ts';
import { type PostgresOptions, type PostgresServer, startPostgres } from './postgres-server.ts';
import { startRecording } from './recorder.ts';

export interface Staged {
  readonly server: PostgresServer;
  /** Microseconds of the stretched time since the recording began, and their moment. */
  readonly elapsedUs: () => number;
}

export interface Diagnosed {
  readonly report: Report;
  /** Moment of the report's time at which `elapsedUs` was 0. */
  readonly startUs: number;
}

/**
 * Records `play` and reports on it. `prepare` runs before, through the server's socket: on no wire.
 * @param stretch how many seconds of the report one real second is
 * @param snaplen bytes of each packet that are kept: large answers travel in large packets over a loopback
 * @param fromUs where the window begins, from the first packet on; everything unless given
 */
export async function diagnose(
  play: (stage: Staged) => Promise<void>,
  {
    stretch,
    fromUs,
    prepare = [],
    server: options = {},
    snaplen = 4_096,
  }: {
    stretch: number;
    fromUs?: number;
    prepare?: readonly string[];
    server?: PostgresOptions;
    snaplen?: number;
  },
): Promise<Diagnosed> {
  const directory = await mkdtemp(join(tmpdir(), 'mirrorsql-diagnosed-'));
  const server = await startPostgres(options);
  try {
    for (const sql of prepare) await server.query('postgres', sql);
    const file = join(directory, 'real.pcap');
    const recording = await startRecording({
      file,
      filter: `tcp port ${String(server.port)}`,
      snaplen,
    });
    const began = performance.now();
    await play({ server, elapsedUs: () => (performance.now() - began) * 1_000 * stretch });
    await recording.stop();
    const stretched = join(directory, 'stretched.pcap');
    const startUs = stretchCapture(file, stretched, stretch);
    const data = ['--data', join(directory, 'store')];
    await mustMirrorsql(['load', stretched, '--port', `${String(server.port)}=postgres`, ...data]);
    const since = fromUs === undefined ? [] : ['--from', isoFromUs(Math.round(startUs + fromUs))];
    const report = await mustMirrorsql(['report', '--format', 'json', ...since, ...data]);
    return { report: JSON.parse(report) as Report, startUs };
  } finally {
    await server.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

async function mustMirrorsql(args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await mirrorsql(args);
  if (code !== 0)
    throw new Error(`mirrorsql ${args.join(' ')} ended with ${String(code)}: ${stderr}`);
  return stdout;
}

const FILE_HEADER_BYTES = 24;
const RECORD_HEADER_BYTES = 16;

/**
 * Writes the capture again with every packet `stretch` times as far from the first one (draft-ietf-opsawg-pcap: seconds and
 * microseconds, little-endian as tcpdump writes them here).
 * @returns the time of the first packet in microseconds
 */
export function stretchCapture(from: string, to: string, stretch: number): number {
  const bytes = readFileSync(from);
  if (bytes.readUInt32LE(0) !== 0xa1b2c3d4)
    throw new Error(`${from} is no pcap file in microseconds`);
  let firstUs: number | undefined;
  for (let at = FILE_HEADER_BYTES; at + RECORD_HEADER_BYTES <= bytes.length; ) {
    const timeUs = bytes.readUInt32LE(at) * 1_000_000 + bytes.readUInt32LE(at + 4);
    firstUs ??= timeUs;
    const stretchedUs = firstUs + Math.round((timeUs - firstUs) * stretch);
    bytes.writeUInt32LE(Math.floor(stretchedUs / 1_000_000), at);
    bytes.writeUInt32LE(stretchedUs % 1_000_000, at + 4);
    at += RECORD_HEADER_BYTES + bytes.readUInt32LE(at + 8);
  }
  writeFileSync(to, bytes);
  return firstUs ?? 0;
}

/**
 * Records traffic with tcpdump, and refuses a recording that is not whole. Needs the right to capture (root, or
 * CAP_NET_RAW on tcpdump).
 */
import { spawn } from 'node:child_process';
import { statSync } from 'node:fs';
import { beforeExit, delay, stopProgram, waitUntil } from './process.ts';

export interface RecordingOptions {
  readonly file: string;
  /** tcpdump's filter expression: 'tcp port 5432'. */
  readonly filter: string;
  readonly interface?: string;
  readonly snaplen?: number;
  /** Nanosecond timestamps (and the pcap magic that goes with them). */
  readonly nanoseconds?: boolean;
}

export interface Recording {
  /** Waits until everything sent so far is in the file, stops, and fails when the kernel dropped a packet. */
  stop(): Promise<{ packets: number }>;
}

const BUFFER_KIB = 65_536;

export async function startRecording(options: RecordingOptions): Promise<Recording> {
  const args = [
    ...['-i', options.interface ?? 'lo', '-B', String(BUFFER_KIB), '-n', '-w', options.file],
    ...['-s', String(options.snaplen ?? 0)],
    ...(options.nanoseconds === true ? ['--time-stamp-precision=nano'] : []),
    // Debian's tcpdump gives up root for a user of its own, who may not write where we want the file.
    ...(process.getuid?.() === 0 ? ['-Z', 'root'] : []),
    options.filter,
  ];
  const child = spawn('tcpdump', args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const forget = beforeExit(() => child.kill('SIGINT'));
  let said = '';
  let failed: Error | undefined;
  child.on('error', (error) => {
    failed = error;
  });
  child.stderr.on('data', (data: Buffer) => {
    said += data.toString();
  });
  await waitUntil('tcpdump to listen', 10_000, () => {
    if (failed !== undefined || child.exitCode !== null) {
      throw new Error(`tcpdump cannot capture: ${failed?.message ?? said}`);
    }
    return said.includes('listening on');
  });
  return {
    stop: async () => {
      await settle(options.file);
      await stopProgram(child, 'SIGINT');
      forget();
      return checkCounts(said, options.file);
    },
  };
}

/** The kernel hands over its last, partly filled block after a second at the latest: wait until the file is at rest. */
async function settle(file: string): Promise<void> {
  let size = -1;
  for (;;) {
    await delay(1_200);
    const now = statSync(file).size;
    if (now === size) return;
    size = now;
  }
}

function checkCounts(said: string, file: string): { packets: number } {
  const captured = /(\d+) packets? captured/.exec(said)?.[1];
  const dropped = /(\d+) packets? dropped by kernel/.exec(said)?.[1];
  if (captured === undefined || dropped === undefined) {
    throw new Error(`tcpdump did not say what it captured into ${file}: ${said}`);
  }
  if (dropped !== '0') throw new Error(`the kernel dropped ${dropped} packets of ${file}: ${said}`);
  return { packets: Number(captured) };
}

/**
 * The program behind cap.ts: captures with the npm package `cap` (libpcap) and writes a pcap stream to its standard
 * output, each packet with the time at which it arrived here, because cap hands over no time of its own. A process of
 * its own, because cap ends its process when the interface goes down (it asserts that polling never fails).
 * Arguments: interface, size of the kernel's buffer in bytes, filter. Ends with SIGINT, SIGTERM or its standard input.
 */
import { writeSync } from 'node:fs';
import { endianness } from 'node:os';
import process from 'node:process';
import { systemCode } from '../../../src/core/errors.ts';
import { CAP_READY, type CapSession, loadCap } from './cap-package.ts';

const MAGIC_NANOSECONDS = 0xa1b23c4d;
const FILE_HEADER_BYTES = 24;
const RECORD_HEADER_BYTES = 16;
/** cap asks libpcap for no more of a packet than this. */
const SNAP_BYTES = 65_535;
const BATCH_BYTES = 1 << 18;
/** The wall clock is set, or has drifted so far from the one that only goes forward: begin again from it. */
const CLOCKS_APART_MS = 5;

/** LINKTYPE_ values (tcpdump.org) by the names that cap gives them. */
const LINK_TYPES: ReadonlyMap<string, number> = new Map([
  ['NULL', 0],
  ['ETHERNET', 1],
  ['RAW', 101],
  ['LINKTYPE_LINUX_SLL', 113],
]);

const FULL_PIPE_WAIT_MS = 1;
/** Is never woken. */
const nobody = new Int32Array(new SharedArrayBuffer(4));

const littleEndian = endianness() === 'LE';
const [interfaceName = '', bufferBytes = '0', filter = ''] = process.argv.slice(2);

const batch = Buffer.alloc(BATCH_BYTES);
const view = new DataView(batch.buffer, batch.byteOffset, batch.length);
let filled = 0;

/** Waits while the reader is busy: then the kernel drops, and cap cannot say how much. */
function flush(): void {
  for (let written = 0; written < filled; ) {
    try {
      written += writeSync(1, batch, written, filled - written);
    } catch (error) {
      if (systemCode(error) !== 'EAGAIN') throw error;
      // Nothing else is to be done here until the reader has made room.
      Atomics.wait(nobody, 0, 0, FULL_PIPE_WAIT_MS);
    }
  }
  filled = 0;
}

function writeFileHeader(linkType: number): void {
  view.setUint32(0, MAGIC_NANOSECONDS, littleEndian);
  view.setUint16(4, 2, littleEndian);
  view.setUint16(6, 4, littleEndian);
  view.setUint32(16, SNAP_BYTES, littleEndian);
  view.setUint32(20, linkType, littleEndian);
  filled = FILE_HEADER_BYTES;
}

let originMs = Date.now() - performance.now();

function arrivalMs(): number {
  const now = originMs + performance.now();
  const wall = Date.now();
  if (Math.abs(wall - now) < CLOCKS_APART_MS) return now;
  originMs += wall - now;
  return wall;
}

let flushing = false;

function writePacket(packet: Buffer, size: number): void {
  if (filled + RECORD_HEADER_BYTES + size > BATCH_BYTES) flush();
  const ms = arrivalMs();
  const seconds = Math.floor(ms / 1000);
  view.setUint32(filled, seconds, littleEndian);
  view.setUint32(filled + 4, Math.floor((ms - seconds * 1000) * 1e6), littleEndian);
  view.setUint32(filled + 8, size, littleEndian);
  // cap does not say how long the packet was on the wire; IP does, and what is missing then counts as lost.
  view.setUint32(filled + 12, size, littleEndian);
  batch.set(packet.subarray(0, size), filled + RECORD_HEADER_BYTES);
  filled += RECORD_HEADER_BYTES + size;
  if (flushing) return;
  flushing = true;
  setImmediate(() => {
    flushing = false;
    flush();
  });
}

function openCapture(): CapSession {
  const Cap = loadCap();
  if (Cap === undefined) throw new Error('the package cap is not installed');
  const session = new Cap();
  const packet = Buffer.alloc(SNAP_BYTES);
  const linkName = session.open(interfaceName, filter, Number(bufferBytes), packet);
  const linkType = LINK_TYPES.get(linkName);
  if (linkType === undefined) throw new Error(`cannot read its link type: ${linkName}`);
  writeFileHeader(linkType);
  session.on('packet', (size) => writePacket(packet, size));
  return session;
}

let session: CapSession | undefined;
try {
  session = openCapture();
} catch (error) {
  // The last line is what the parent tells.
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
flush();
process.stderr.write(`${CAP_READY}\n`);

function end(): void {
  session?.close();
  flush();
  process.exit(0);
}
process.on('SIGINT', end);
process.on('SIGTERM', end);
process.stdin.on('end', end).resume();

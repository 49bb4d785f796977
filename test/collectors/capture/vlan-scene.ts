/**
 * Run inside a network namespace of its own: a recorded capture, each frame with a VLAN tag of number 5 put in, is sent
 * through a veth pair, where the kernel takes the tag off and keeps it beside the packet. Prints one line of JSON: for each
 * filter, how many statements were captured. Arguments: backend, filters; an empty one for none.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { type Backend, openLive } from '../../../collectors/capture/live.ts';
import { Collector, collect } from '../../../collectors/collector.ts';
import { delay, mustRun } from '../../lab/process.ts';
import { RecordingSink } from '../recording-sink.ts';

const CAPTURE = join(import.meta.dirname, '../../scenarios/simple-query/capture.pcap');
const TAG = Buffer.of(0x81, 0x00, 0x00, 0x05);
const FILE_HEADER_BYTES = 24;
const RECORD_HEADER_BYTES = 16;
const ADDRESSES_BYTES = 12;

const [backend = 'auto', ...filters] = process.argv.slice(2);

/** The same pcap file (of this host's byte order, as tcpdump wrote it) with four bytes more in each frame. */
function tagged(file: Buffer): Buffer {
  const pieces = [file.subarray(0, FILE_HEADER_BYTES)];
  for (let at = FILE_HEADER_BYTES; at < file.length; ) {
    const header = Buffer.from(file.subarray(at, at + RECORD_HEADER_BYTES));
    const captured = header.readUInt32LE(8);
    header.writeUInt32LE(captured + TAG.length, 8);
    header.writeUInt32LE(header.readUInt32LE(12) + TAG.length, 12);
    const frame = file.subarray(at + RECORD_HEADER_BYTES, at + RECORD_HEADER_BYTES + captured);
    pieces.push(header, frame.subarray(0, ADDRESSES_BYTES), TAG, frame.subarray(ADDRESSES_BYTES));
    at += RECORD_HEADER_BYTES + captured;
  }
  return Buffer.concat(pieces);
}

async function captured(file: string, filter: string): Promise<number> {
  const { source } = await openLive({
    interfaces: ['mirror1'],
    backend: backend as Backend,
    bufferBytes: 8 << 20,
    ...(filter === '' ? {} : { filter }),
  });
  const sink = new RecordingSink();
  const ended = collect(source, new Collector(sink));
  await mustRun('tcpreplay', ['-q', '-K', '-i', 'mirror0', '--pps=1000', file]);
  await delay(backend === 'tcpdump' ? 1500 : 200);
  source.stop();
  await ended;
  await source.close();
  return sink.statements.length;
}

async function main(): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'mirrorsql-vlan-'));
  try {
    const file = join(directory, 'tagged.pcap');
    await writeFile(file, tagged(await readFile(CAPTURE)));
    await mustRun('ip', ['link', 'add', 'mirror0', 'type', 'veth', 'peer', 'name', 'mirror1']);
    for (const end of ['mirror0', 'mirror1']) await mustRun('ip', ['link', 'set', end, 'up']);
    const told: Record<string, number> = {};
    for (const filter of filters) told[filter] = await captured(file, filter);
    process.stdout.write(`${JSON.stringify(told)}\n`);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

await main();

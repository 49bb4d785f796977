/**
 * A recording of two minutes with half an hour before it. Health is judged against what is usual, which takes half an hour to
 * learn; nobody wants to record that for each scenario. So the calm stretch of the recording itself is repeated before it:
 * times are shifted, and the TCP sequence numbers of each connection go on from turn to turn, so that every connection
 * lives through all of it without a gap. What this cannot give: the noise of half an hour; it is that of one minute again
 * and again.
 *
 * The packets are those that tcpdump writes on Linux's loopback: pcap of microseconds, Ethernet, IPv4, TCP.
 */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import {
  type CaptureSource,
  LinkType,
  type PacketHandler,
} from '../../collectors/capture/capture-source.ts';
import type { Label } from './label.ts';

const FILE_HEADER_BYTES = 24;
const RECORD_HEADER_BYTES = 16;
const MAGIC = 0xa1b2c3d4;
const ETHERNET_BYTES = 14;
const CHUNK_PACKETS = 20_000;
const SYN_FIN_RST = 0x07;

interface Packet {
  readonly at: number;
  readonly sizeBytes: number;
  readonly originalBytes: number;
  readonly tsUs: number;
  /** Where its TCP header is. */
  readonly tcpAt: number;
  readonly sequence: number;
  readonly acknowledged: number;
  readonly sequenceEnd: number;
  readonly flags: number;
  readonly flow: Flow;
}

/** One direction of a connection. */
interface Flow {
  back: Flow;
  /** Sequence number that comes next at the beginning and at the end of the calm stretch. */
  startSequence: number | undefined;
  endSequence: number | undefined;
  /** It is opened or closed in the calm stretch, and so cannot be repeated. */
  passing: boolean;
}

interface Turn {
  readonly packets: readonly Packet[];
  /** How many turns before the recording. */
  readonly before: number;
}

export class CaptureWithHistory implements CaptureSource {
  readonly truncated = false;
  readonly sizeBytes: number;
  bytesRead = 0;
  readonly #bytes: Buffer;
  readonly #view: DataView;
  readonly #turns: Turn[];
  readonly #turnUs: number;
  #position = 0;

  /** @param turns how often the calm stretch is repeated before the recording; 0 is the recording alone */
  constructor(file: string, label: Pick<Label, 'calm' | 'recorded'>, turns: number) {
    this.#bytes = gunzipSync(readFileSync(file));
    this.sizeBytes = this.#bytes.length;
    this.#view = new DataView(this.#bytes.buffer, this.#bytes.byteOffset, this.#bytes.length);
    const { calm, recorded } = label;
    this.#turnUs = calm.toUs - calm.fromUs;
    const packets = packetsOf(this.#bytes, label);
    const early = packets.filter(({ tsUs }) => tsUs < calm.fromUs);
    const repeated = packets.filter(
      ({ tsUs, flow }) => tsUs >= calm.fromUs && tsUs < calm.toUs && !isPassing(flow),
    );
    const rest = packets.filter(({ tsUs }) => tsUs >= calm.fromUs && tsUs < recorded.toUs);
    this.#turns = [{ packets: early, before: turns }];
    for (let before = turns; before > 0; before--) this.#turns.push({ packets: repeated, before });
    this.#turns.push({ packets: rest, before: 0 });
  }

  readChunk(handler: PacketHandler): Promise<boolean> {
    const turn = this.#turns[0];
    if (turn === undefined) return Promise.resolve(false);
    const chunk = turn.packets.slice(this.#position, this.#position + CHUNK_PACKETS);
    for (const packet of chunk) this.#hand(packet, turn.before, handler);
    this.#position += CHUNK_PACKETS;
    if (this.#position >= turn.packets.length) {
      this.#turns.shift();
      this.#position = 0;
    }
    return Promise.resolve(true);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #hand(packet: Packet, before: number, handler: PacketHandler): void {
    const { at, sizeBytes, originalBytes, tsUs, tcpAt, flow } = packet;
    const sequence = packet.sequence - before * growthOf(flow);
    const acknowledged = packet.acknowledged - before * growthOf(flow.back);
    this.#view.setUint32(tcpAt + 4, sequence >>> 0);
    this.#view.setUint32(tcpAt + 8, acknowledged >>> 0);
    this.bytesRead += sizeBytes;
    const shiftedUs = tsUs - before * this.#turnUs;
    handler.packet(
      this.#bytes,
      this.#view,
      at,
      sizeBytes,
      originalBytes,
      shiftedUs,
      LinkType.Ethernet,
    );
  }
}

function isPassing(flow: Flow): boolean {
  return flow.passing || flow.back.passing;
}

/** Bytes that it carries in the calm stretch. Modulo 2^32, as sequence numbers are: `before` times it stays exact. */
function growthOf(flow: Flow): number {
  if (isPassing(flow) || flow.startSequence === undefined) return 0;
  return ((flow.endSequence ?? flow.startSequence) - flow.startSequence) >>> 0;
}

function packetsOf(bytes: Buffer, { calm }: Pick<Label, 'calm'>): Packet[] {
  if (bytes.readUInt32LE(0) !== MAGIC || bytes.readUInt32LE(20) !== LinkType.Ethernet)
    throw new Error('not a recording of the lab: pcap of microseconds and Ethernet is needed');
  const flows = new Map<string, Flow>();
  const packets: Packet[] = [];
  for (let at = FILE_HEADER_BYTES; at < bytes.length; ) {
    const sizeBytes = bytes.readUInt32LE(at + 8);
    const start = at + RECORD_HEADER_BYTES;
    const tsUs = bytes.readUInt32LE(at) * 1_000_000 + bytes.readUInt32LE(at + 4);
    const packet = packetAt(bytes, start, {
      sizeBytes,
      originalBytes: bytes.readUInt32LE(at + 12),
      tsUs,
      flows,
    });
    const { flow } = packet;
    if (tsUs < calm.fromUs) flow.startSequence = packet.sequenceEnd;
    else if (tsUs < calm.toUs) {
      flow.startSequence ??= packet.sequence;
      flow.endSequence = packet.sequenceEnd;
      if ((packet.flags & SYN_FIN_RST) !== 0) flow.passing = true;
    }
    packets.push(packet);
    at = start + sizeBytes;
  }
  return packets;
}

interface Record {
  readonly sizeBytes: number;
  readonly originalBytes: number;
  readonly tsUs: number;
  readonly flows: Map<string, Flow>;
}

/** RFC 791 3.1 and RFC 9293 3.1: the lengths that lie before the payload. */
function packetAt(bytes: Buffer, at: number, { flows, ...record }: Record): Packet {
  const ipAt = at + ETHERNET_BYTES;
  const tcpAt = ipAt + (bytes.readUInt8(ipAt) & 0x0f) * 4;
  const payloadBytes =
    ipAt + bytes.readUInt16BE(ipAt + 2) - tcpAt - (bytes.readUInt8(tcpAt + 12) >> 4) * 4;
  const flags = bytes.readUInt8(tcpAt + 13);
  const sequence = bytes.readUInt32BE(tcpAt + 4);
  const counted = payloadBytes + (flags & 1) + ((flags >> 1) & 1);
  const source =
    bytes.toString('hex', ipAt + 12, ipAt + 16) + bytes.toString('hex', tcpAt, tcpAt + 2);
  const target =
    bytes.toString('hex', ipAt + 16, ipAt + 20) + bytes.toString('hex', tcpAt + 2, tcpAt + 4);
  return {
    ...record,
    at,
    tcpAt,
    sequence,
    acknowledged: bytes.readUInt32BE(tcpAt + 8),
    sequenceEnd: (sequence + counted) >>> 0,
    flags,
    flow: flowOf(flows, source, target),
  };
}

function flowOf(flows: Map<string, Flow>, source: string, target: string): Flow {
  const known = flows.get(`${source}>${target}`);
  if (known !== undefined) return known;
  const flow: Flow = emptyFlow();
  const back: Flow = { ...emptyFlow(), back: flow };
  flow.back = back;
  flows.set(`${source}>${target}`, flow);
  flows.set(`${target}>${source}`, back);
  return flow;
}

function emptyFlow(): Flow {
  const flow = { startSequence: undefined, endSequence: undefined, passing: false };
  return Object.assign(flow, { back: flow as unknown as Flow });
}

/**
 * Hot. Reads pcapng files (draft-ietf-opsawg-pcapng): sections of blocks, each section with its own byte order and
 * interfaces, each interface with its own link type and clock. Bench: test/bench/decode.bench.ts.
 */
import { MirrorSqlError } from '../../src/core/errors.ts';
import type { ByteSource } from './byte-source.ts';
import { type CaptureSource, isKnownLinkType, type PacketHandler } from './capture-source.ts';
import { PACKET_BYTES_MAX } from './pcap.ts';
import type { ReadWindow } from './read-window.ts';

const BlockType = {
  Interface: 1,
  ObsoletePacket: 2,
  SimplePacket: 3,
  EnhancedPacket: 6,
  Section: 0x0a0d0d0a,
} as const;

const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
const OPTION_END = 0;
const OPTION_TIMESTAMP_RESOLUTION = 9;
const OPTION_TIMESTAMP_OFFSET = 14;
/** Name resolution, secrets and custom blocks may be large; a packet block with comments too. */
const BLOCK_BYTES_MAX = 16 << 20;
const INTERFACES_MAX = 65_536;

interface CaptureInterface {
  readonly linkType: number;
  readonly snapLength: number;
  /** Ticks of its clock in a second. */
  readonly ticksPerSecond: number;
  readonly offsetUs: number;
}

export class Pcapng implements CaptureSource {
  truncated = false;
  readonly #source: ByteSource;
  readonly #window: ReadWindow;
  readonly #name: string;
  #littleEndian = true;
  #interfaces: CaptureInterface[] = [];
  #lastUs = 0;
  #packetsCount = 0;
  #knownLinkType = false;
  #unknownLinkType: number | undefined;

  static knows(magic: number): boolean {
    return magic === BlockType.Section;
  }

  constructor(source: ByteSource, window: ReadWindow, name: string) {
    this.#source = source;
    this.#window = window;
    this.#name = name;
  }

  get sizeBytes(): number | undefined {
    return this.#source.sizeBytes;
  }

  get bytesRead(): number {
    return this.#source.bytesRead;
  }

  async readChunk(handler: PacketHandler): Promise<boolean> {
    this.#deliver(handler);
    if (await this.#window.fill()) {
      this.#deliver(handler);
      return true;
    }
    if (this.#window.length > 0) this.truncated = true;
    if (this.#packetsCount > 0 && !this.#knownLinkType) {
      throw new MirrorSqlError(
        'MSQL_CAPTURE_LINK_TYPE',
        `${this.#name} has link type ${this.#unknownLinkType ?? '?'}, which MirrorSQL does not read`,
      );
    }
    return false;
  }

  /** Hands over every whole block of the window. */
  #deliver(handler: PacketHandler): void {
    const window = this.#window;
    while (window.length >= 12) {
      const { view, start } = window;
      const type = view.getUint32(start, this.#littleEndian);
      // A section header reads the same in both byte orders, and only it may change the order.
      if (type === BlockType.Section) this.#readByteOrder(start + 8);
      const size = view.getUint32(start + 4, this.#littleEndian);
      if (size < 12 || size > BLOCK_BYTES_MAX || size % 4 !== 0) {
        throw this.#damaged(`block of ${size} bytes`);
      }
      if (size > window.length) {
        window.grow(size);
        return;
      }
      if (view.getUint32(start + size - 4, this.#littleEndian) !== size) {
        throw this.#damaged('a block whose two lengths differ');
      }
      window.start = start + size;
      this.#block(handler, type, start + 8, start + size - 4);
    }
  }

  #readByteOrder(offset: number): void {
    const view = this.#window.view;
    if (view.getUint32(offset, true) === BYTE_ORDER_MAGIC) this.#littleEndian = true;
    else if (view.getUint32(offset, false) === BYTE_ORDER_MAGIC) this.#littleEndian = false;
    else throw this.#damaged('a section without byte order');
    this.#interfaces = [];
  }

  #block(handler: PacketHandler, type: number, start: number, end: number): void {
    const view = this.#window.view;
    const littleEndian = this.#littleEndian;
    switch (type) {
      case BlockType.EnhancedPacket:
        if (end - start < 20) throw this.#damaged('a packet block that is too short');
        this.#packet(handler, view.getUint32(start, littleEndian), start + 4, start + 20, end);
        return;
      case BlockType.ObsoletePacket:
        if (end - start < 20) throw this.#damaged('a packet block that is too short');
        this.#packet(handler, view.getUint16(start, littleEndian), start + 4, start + 20, end);
        return;
      case BlockType.SimplePacket:
        if (end - start < 4) throw this.#damaged('a packet block that is too short');
        this.#simplePacket(handler, start, end);
        return;
      case BlockType.Interface:
        if (end - start < 8) throw this.#damaged('an interface block that is too short');
        this.#interface(start, end);
        return;
      default:
        return; // Statistics, names, secrets, custom blocks: nothing that carries packets.
    }
  }

  /** `header` points at the timestamp, followed by captured and original length. */
  #packet(handler: PacketHandler, id: number, header: number, data: number, end: number): void {
    const view = this.#window.view;
    const captureInterface = this.#interfaceOf(id);
    const capturedLength = view.getUint32(header + 8, this.#littleEndian);
    if (capturedLength > PACKET_BYTES_MAX || data + capturedLength > end) {
      throw this.#damaged(`a packet that claims ${capturedLength} bytes`);
    }
    const high = view.getUint32(header, this.#littleEndian);
    const low = view.getUint32(header + 4, this.#littleEndian);
    this.#lastUs = timeUs(high, low, captureInterface);
    const originalLength = view.getUint32(header + 12, this.#littleEndian);
    this.#hand(handler, data, capturedLength, originalLength, captureInterface.linkType);
  }

  /** A simple packet has no time of its own: it is given that of the packet before it. */
  #simplePacket(handler: PacketHandler, start: number, end: number): void {
    const captureInterface = this.#interfaceOf(0);
    const originalLength = this.#window.view.getUint32(start, this.#littleEndian);
    const snapLength =
      captureInterface.snapLength === 0 ? originalLength : captureInterface.snapLength;
    const capturedLength = Math.min(originalLength, snapLength, end - start - 4);
    this.#hand(handler, start + 4, capturedLength, originalLength, captureInterface.linkType);
  }

  #hand(
    handler: PacketHandler,
    offset: number,
    captured: number,
    original: number,
    linkType: number,
  ): void {
    this.#packetsCount++;
    if (isKnownLinkType(linkType)) this.#knownLinkType = true;
    else this.#unknownLinkType = linkType;
    const { bytes, view } = this.#window;
    handler.packet(bytes, view, offset, captured, original, this.#lastUs, linkType);
  }

  #interfaceOf(id: number): CaptureInterface {
    const captureInterface = this.#interfaces[id];
    if (captureInterface === undefined)
      throw this.#damaged(`a packet of the unknown interface ${id}`);
    return captureInterface;
  }

  #interface(start: number, end: number): void {
    if (this.#interfaces.length >= INTERFACES_MAX) throw this.#damaged('too many interfaces');
    const view = this.#window.view;
    const littleEndian = this.#littleEndian;
    let ticksPerSecond = 1_000_000;
    let offsetUs = 0;
    let position = start + 8;
    while (position + 4 <= end) {
      const option = view.getUint16(position, littleEndian);
      const length = view.getUint16(position + 2, littleEndian);
      const value = position + 4;
      if (option === OPTION_END || value + length > end) break;
      if (option === OPTION_TIMESTAMP_RESOLUTION && length >= 1) {
        const resolution = view.getUint8(value);
        ticksPerSecond = resolution & 0x80 ? 2 ** (resolution & 0x7f) : 10 ** resolution;
      } else if (option === OPTION_TIMESTAMP_OFFSET && length >= 8) {
        offsetUs = Number(view.getBigInt64(value, littleEndian)) * 1_000_000;
      }
      position = value + ((length + 3) & ~3);
    }
    this.#interfaces.push({
      linkType: view.getUint16(start, littleEndian),
      snapLength: view.getUint32(start + 4, littleEndian),
      ticksPerSecond,
      offsetUs,
    });
  }

  #damaged(what: string): MirrorSqlError {
    return new MirrorSqlError(
      'MSQL_CAPTURE_FORMAT',
      `${this.#name} is damaged: after ${this.#packetsCount} packets comes ${what}`,
    );
  }

  close(): Promise<void> {
    return this.#source.close();
  }
}

const WORD = 2 ** 32;

/** Ticks of an interface's clock as microseconds, exact for decimal resolutions (64-bit ticks exceed 2^53). */
function timeUs(high: number, low: number, { ticksPerSecond, offsetUs }: CaptureInterface): number {
  if (ticksPerSecond === 1_000_000) return high * WORD + low + offsetUs;
  if (ticksPerSecond > 1_000_000 && ticksPerSecond <= 1e15 && ticksPerSecond % 1_000_000 === 0) {
    const divisor = ticksPerSecond / 1_000_000;
    if (divisor <= 1_000_000) {
      const quotient = Math.floor(high / divisor);
      const rest = high % divisor;
      return quotient * WORD + Math.floor((rest * WORD + low) / divisor) + offsetUs;
    }
  }
  // Binary or odd resolutions are rare: exact arithmetic, slowly.
  const ticks = (BigInt(high) << 32n) | BigInt(low);
  const perSecond = BigInt(Math.trunc(Math.min(ticksPerSecond, 2 ** 127)));
  return Number((ticks * 1_000_000n) / perSecond) + offsetUs;
}

/**
 * Capture files: pcap (draft-ietf-opsawg-pcap) and pcapng (draft-ietf-opsawg-pcapng). Never imports the code under
 * test. Times are handed in as bigint nanoseconds, so that no figure of a test has passed through a double.
 */

export interface CapturedPacket {
  readonly bytes: Uint8Array;
  readonly timeNs: bigint;
  /** Length on the wire, when the snap length cut the packet. */
  readonly originalLength?: number;
}

export interface PcapOptions {
  readonly nanoseconds?: boolean;
  readonly bigEndian?: boolean;
  readonly linkType?: number;
  /** The variant of old patched libpcaps, with 8 more bytes in each record header. */
  readonly modified?: boolean;
}

const NS = 1_000_000_000n;

/** Writes fixed integers in one byte order. */
class Words {
  readonly #parts: Buffer[] = [];
  readonly bigEndian: boolean;

  constructor(bigEndian: boolean) {
    this.bigEndian = bigEndian;
  }

  u16(value: number): this {
    const bytes = Buffer.alloc(2);
    if (this.bigEndian) bytes.writeUInt16BE(value);
    else bytes.writeUInt16LE(value);
    return this.raw(bytes);
  }

  u32(value: number): this {
    const bytes = Buffer.alloc(4);
    if (this.bigEndian) bytes.writeUInt32BE(value);
    else bytes.writeUInt32LE(value);
    return this.raw(bytes);
  }

  i64(value: bigint): this {
    const bytes = Buffer.alloc(8);
    if (this.bigEndian) bytes.writeBigInt64BE(value);
    else bytes.writeBigInt64LE(value);
    return this.raw(bytes);
  }

  raw(bytes: Uint8Array): this {
    this.#parts.push(Buffer.from(bytes));
    return this;
  }

  /** Zero bytes up to the next multiple of four. */
  padded(bytes: Uint8Array): this {
    return this.raw(bytes).raw(Buffer.alloc((4 - (bytes.length % 4)) % 4));
  }

  bytes(): Buffer {
    return Buffer.concat(this.#parts);
  }
}

export function pcap(packets: readonly CapturedPacket[], options: PcapOptions = {}): Buffer {
  const { nanoseconds = false, bigEndian = false, linkType = 1, modified = false } = options;
  const magic = modified ? 0xa1b2cd34 : nanoseconds ? 0xa1b23c4d : 0xa1b2c3d4;
  const file = new Words(bigEndian)
    .u32(magic)
    .u16(2)
    .u16(4)
    .u32(0)
    .u32(0)
    .u32(262_144)
    .u32(linkType);
  for (const { bytes, timeNs, originalLength = bytes.length } of packets) {
    const fraction = nanoseconds ? timeNs % NS : (timeNs % NS) / 1000n;
    file
      .u32(Number(timeNs / NS))
      .u32(Number(fraction))
      .u32(bytes.length)
      .u32(originalLength);
    if (modified) file.raw(Buffer.alloc(8));
    file.raw(bytes);
  }
  return file.bytes();
}

export interface InterfaceOptions {
  readonly linkType?: number;
  readonly snapLength?: number;
  /** if_tsresol: n for 10^-n, or 0x80 + n for 2^-n. */
  readonly resolution?: number;
  /** if_tsoffset, in seconds. */
  readonly offset?: bigint;
}

/** Builds a pcapng file block by block. */
export class PcapngWriter {
  readonly #blocks: Buffer[] = [];
  readonly #bigEndian: boolean;

  constructor(bigEndian = false) {
    this.#bigEndian = bigEndian;
  }

  /** A section header; what follows, up to the next one, is in this byte order. */
  section(): this {
    return this.block(0x0a0d0d0a, this.#words().u32(0x1a2b3c4d).u16(1).u16(0).i64(-1n));
  }

  interface({ linkType = 1, snapLength = 0, resolution, offset }: InterfaceOptions = {}): this {
    const words = this.#words().u16(linkType).u16(0).u32(snapLength);
    // if_name first: options that mean nothing here are stepped over.
    words.u16(2).u16(3).padded(Buffer.from('eth'));
    if (resolution !== undefined) words.u16(9).u16(1).padded(Buffer.of(resolution));
    if (offset !== undefined) words.u16(14).u16(8).i64(offset);
    return this.block(1, words.u16(0).u16(0));
  }

  /** @param ticks of the interface's clock */
  enhancedPacket(bytes: Uint8Array, ticks: bigint, id = 0, originalLength = bytes.length): this {
    const words = this.#words().u32(id);
    words.u32(Number(ticks >> 32n)).u32(Number(ticks & 0xffff_ffffn));
    return this.block(6, words.u32(bytes.length).u32(originalLength).padded(bytes));
  }

  obsoletePacket(bytes: Uint8Array, ticks: bigint, id = 0): this {
    const words = this.#words().u16(id).u16(0xffff);
    words.u32(Number(ticks >> 32n)).u32(Number(ticks & 0xffff_ffffn));
    return this.block(2, words.u32(bytes.length).u32(bytes.length).padded(bytes));
  }

  simplePacket(bytes: Uint8Array, originalLength = bytes.length): this {
    return this.block(3, this.#words().u32(originalLength).padded(bytes));
  }

  /** Any block; `size` instead of its true one. */
  block(type: number, body: Words | Uint8Array, size?: number): this {
    const bytes = body instanceof Words ? body.bytes() : Buffer.from(body);
    const length = size ?? bytes.length + 12;
    this.#blocks.push(this.#words().u32(type).u32(length).raw(bytes).u32(length).bytes());
    return this;
  }

  /** Blocks of another writer, for sections in another byte order. */
  append(other: PcapngWriter): this {
    this.#blocks.push(other.bytes());
    return this;
  }

  bytes(): Buffer {
    return Buffer.concat(this.#blocks);
  }

  #words(): Words {
    return new Words(this.#bigEndian);
  }
}

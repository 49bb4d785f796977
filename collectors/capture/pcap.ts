/**
 * Hot. Reads pcap files (draft-ietf-opsawg-pcap): one file header, then records of 16 bytes of header and the packet.
 * Bench: test/bench/decode.bench.ts.
 */
import { MirrorSqlError } from '../../src/core/errors.ts';
import type { ByteSource } from './byte-source.ts';
import { type CaptureSource, isKnownLinkType, type PacketHandler } from './capture-source.ts';
import type { ReadWindow } from './read-window.ts';

const FILE_HEADER_BYTES = 24;
const MICROSECONDS = 0xa1b2c3d4;
const NANOSECONDS = 0xa1b23c4d;
/** Written by old patched libpcaps: micro-seconds, and 8 more bytes in each record header. */
const MODIFIED = 0xa1b2cd34;
/** The greatest snap length that libpcap allows is 256 KiB; four times that is surely not a packet. */
export const PACKET_BYTES_MAX = 1 << 20;

export class Pcap implements CaptureSource {
  truncated = false;
  readonly #source: ByteSource;
  readonly #window: ReadWindow;
  readonly #name: string;
  readonly #littleEndian: boolean;
  readonly #nanoseconds: boolean;
  readonly #recordHeaderBytes: number;
  readonly #linkType: number;
  #recordsCount = 0;

  /** Whether the first four bytes of a file, read big-endian, are those of a pcap file. */
  static knows(magic: number): boolean {
    return order(magic) !== undefined;
  }

  constructor(source: ByteSource, window: ReadWindow, name: string) {
    this.#source = source;
    this.#window = window;
    this.#name = name;
    if (window.length < FILE_HEADER_BYTES) {
      throw new MirrorSqlError(
        'MSQL_CAPTURE_FORMAT',
        `${name} ends inside the header of a pcap file`,
      );
    }
    const view = window.view;
    this.#littleEndian = order(view.getUint32(0)) === 'little';
    const magic = view.getUint32(0, this.#littleEndian);
    this.#nanoseconds = magic === NANOSECONDS;
    this.#recordHeaderBytes = magic === MODIFIED ? 24 : 16;
    // The upper bits say whether frames carry a check sequence; IP knows its own length, so it does not matter.
    this.#linkType = view.getUint32(20, this.#littleEndian) & 0xffff;
    if (!isKnownLinkType(this.#linkType)) {
      throw new MirrorSqlError(
        'MSQL_CAPTURE_LINK_TYPE',
        `${name} has link type ${this.#linkType}, which MirrorSQL does not read`,
      );
    }
    window.start = FILE_HEADER_BYTES;
  }

  get sizeBytes(): number | undefined {
    return this.#source.sizeBytes;
  }

  get bytesRead(): number {
    return this.#source.bytesRead;
  }

  async readChunk(handler: PacketHandler): Promise<boolean> {
    const window = this.#window;
    this.#deliver(handler);
    if (await window.fill()) {
      this.#deliver(handler);
      return true;
    }
    if (window.length > 0) this.truncated = true;
    return false;
  }

  #deliver(handler: PacketHandler): void {
    const window = this.#window;
    const { bytes, view, end } = window;
    const littleEndian = this.#littleEndian;
    const headerBytes = this.#recordHeaderBytes;
    let position = window.start;
    while (position + headerBytes <= end) {
      const capturedLength = view.getUint32(position + 8, littleEndian);
      if (capturedLength > PACKET_BYTES_MAX) {
        window.start = position;
        throw new MirrorSqlError(
          'MSQL_CAPTURE_FORMAT',
          `${this.#name} is damaged: record ${this.#recordsCount + 1} claims ${capturedLength} bytes`,
        );
      }
      const offset = position + headerBytes;
      if (offset + capturedLength > end) break;
      const seconds = view.getUint32(position, littleEndian);
      const fraction = view.getUint32(position + 4, littleEndian);
      const micros = this.#nanoseconds ? Math.floor(fraction / 1000) : fraction;
      this.#recordsCount++;
      position = offset + capturedLength;
      window.start = position;
      handler.packet(
        bytes,
        view,
        offset,
        capturedLength,
        view.getUint32(offset - headerBytes + 12, littleEndian),
        seconds * 1_000_000 + micros,
        this.#linkType,
      );
    }
  }

  close(): Promise<void> {
    return this.#source.close();
  }
}

function order(magic: number): 'big' | 'little' | undefined {
  const swapped =
    ((magic & 0xff) << 24) | ((magic & 0xff00) << 8) | ((magic >>> 8) & 0xff00) | (magic >>> 24);
  const is = (value: number): boolean =>
    value === MICROSECONDS || value === NANOSECONDS || value === MODIFIED;
  if (is(magic)) return 'big';
  if (is(swapped >>> 0)) return 'little';
  return undefined;
}

/** Where packets come from. A source hands over ranges of its own buffer; whoever keeps bytes copies them. */

export interface PacketHandler {
  /**
   * One captured packet: bytes[offset, offset + capturedLength), on the wire originalLength bytes long, captured at
   * tsUs (microseconds since 1970). `view` looks at the same memory as `bytes`. Both are valid only during the call.
   */
  packet(
    bytes: Uint8Array,
    view: DataView,
    offset: number,
    capturedLength: number,
    originalLength: number,
    tsUs: number,
    linkType: number,
  ): void;
}

export interface CaptureSource {
  /** Size of the file as it lies on disk; undefined where it is not known (standard input). */
  readonly sizeBytes: number | undefined;
  /** Bytes read from the file so far, before decompression. */
  readonly bytesRead: number;
  /** The capture ended in the middle of a record. Known after the last chunk. */
  readonly truncated: boolean;
  /**
   * Hands the packets of the next chunk (about 4 MiB) to `handler`. False when there are no more.
   * @throws MirrorSqlError MSQL_CAPTURE_* when the capture cannot be read on.
   */
  readChunk(handler: PacketHandler): Promise<boolean>;
  close(): Promise<void>;
}

/** Link types of the capture formats that network/packet.ts understands (tcpdump.org, LINKTYPE_ values). */
export const LinkType = {
  Null: 0,
  Ethernet: 1,
  RawBsd: 12,
  RawOpenBsd: 14,
  Raw: 101,
  Loop: 108,
  LinuxSll: 113,
  Ipv4: 228,
  Ipv6: 229,
  LinuxSll2: 276,
} as const;

const KNOWN: ReadonlySet<number> = new Set(Object.values(LinkType));

export function isKnownLinkType(linkType: number): boolean {
  return KNOWN.has(linkType);
}

/**
 * A share of a source's traffic, for one of several pipelines beside each other: both directions of a connection belong
 * to the same share, and every packet to exactly one. What is no TCP segment belongs to the first.
 */
import type { PacketHandler } from './capture/capture-source.ts';
import type { LiveSource, LiveStatistics } from './capture/live-source.ts';
import { PacketDecoder } from './network/packet.ts';

export interface Share {
  readonly index: number;
  readonly count: number;
}

export class SharedSource implements LiveSource {
  readonly #source: LiveSource;
  readonly #share: Share | undefined;
  readonly #sinceUs: number;
  readonly #packet = new PacketDecoder();

  /**
   * @param share undefined when the source holds only its share already
   * @param sinceUs earlier packets are left out: they came before all pipelines listened
   */
  constructor(source: LiveSource, share: Share | undefined, sinceUs: number) {
    this.#source = source;
    this.#share = share;
    this.#sinceUs = sinceUs;
  }

  get sizeBytes(): number | undefined {
    return this.#source.sizeBytes;
  }

  get bytesRead(): number {
    return this.#source.bytesRead;
  }

  get truncated(): boolean {
    return this.#source.truncated;
  }

  readChunk(handler: PacketHandler): Promise<boolean> {
    return this.#source.readChunk({
      packet: (bytes, view, offset, capturedLength, originalLength, tsUs, linkType) => {
        if (tsUs < this.#sinceUs || !this.#isOurs(view, offset, capturedLength, linkType)) return;
        handler.packet(bytes, view, offset, capturedLength, originalLength, tsUs, linkType);
      },
    });
  }

  #isOurs(view: DataView, offset: number, capturedLength: number, linkType: number): boolean {
    if (this.#share === undefined) return true;
    const { index, count } = this.#share;
    const segment = this.#packet.decode(view, offset, offset + capturedLength, linkType) === 0;
    return (segment ? flowHash(this.#packet) % count : 0) === index;
  }

  statistics(): LiveStatistics | undefined {
    return this.#source.statistics();
  }

  stop(): void {
    this.#source.stop();
  }

  close(): Promise<void> {
    return this.#source.close();
  }
}

/** The same for both directions: ends are combined by exclusive or, then mixed (the finisher of MurmurHash3, 32 bits). */
function flowHash(packet: PacketDecoder): number {
  let hash = packet.source0 ^ packet.destination0;
  hash = Math.imul(hash, 31) ^ packet.source1 ^ packet.destination1;
  hash = Math.imul(hash, 31) ^ packet.source2 ^ packet.destination2;
  hash = Math.imul(hash, 31) ^ packet.source3 ^ packet.destination3;
  hash = Math.imul(hash, 31) ^ packet.sourcePort ^ packet.destinationPort;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

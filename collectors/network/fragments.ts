/**
 * Puts IP packets together from their fragments (RFC 791, section 3.2; RFC 8200, section 4.5), within limits: packets
 * under way, their bytes, and their age. Fragments that overlap are an attack or a mistake: the whole packet is refused
 * (RFC 5722; here for IPv4 as well, where systems disagree about which copy counts). An exact copy of a fragment is none:
 * a mirror has shown it twice (RFC 8200 allows to drop it).
 *
 * A packet that is complete, or refused, is remembered for a moment, so that late copies of its fragments do not begin
 * another one, and are not put together with one that uses the same identification later (RFC 4963).
 */
import type { Health } from '../health.ts';
import type { Limits } from '../limits.ts';
import type { PacketDecoder } from './packet.ts';

/** Fragments of one packet arrive within milliseconds; identifications come again within seconds (RFC 4963). */
const INCOMPLETE_US = 5_000_000;
const REMEMBERED_US = 1_000_000;
/** No IP packet is longer (a jumbogram is never fragmented). */
const PACKET_BYTES_MAX = 65_535;
/** With the smallest MTU of IPv4 that is met, 576, a packet has 119. */
const FRAGMENTS_MAX = 128;

interface Piece {
  readonly offset: number;
  /** On the wire; more than bytes.length when it was cut. */
  readonly length: number;
  readonly bytes: Uint8Array;
}

/** A packet of which some fragments have been seen. */
class Parts {
  readonly key: string;
  readonly firstUs: number;
  readonly pieces: Piece[] = [];
  heldBytes = 0;
  /** Known once the last fragment was seen. */
  totalBytes: number | undefined = undefined;
  /** Of the first fragment. */
  protocol = 0;
  state: 'open' | 'complete' | 'refused' = 'open';

  constructor(key: string, firstUs: number) {
    this.key = key;
    this.firstUs = firstUs;
  }

  /** No byte is missing between the first and the last. */
  get complete(): boolean {
    let position = 0;
    for (const { offset, length } of this.pieces) {
      if (offset !== position) return false;
      position += length;
    }
    return position === this.totalBytes;
  }
}

/** What a packet carried, put together. */
export interface WholePacket {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** On the wire; less was captured when a fragment was cut. */
  readonly length: number;
  readonly version: 4 | 6;
  readonly protocol: number;
}

export class Fragments {
  readonly #health: Health;
  readonly #limits: Limits;
  /** In the order of their first fragments. */
  readonly #packets = new Map<string, Parts>();
  #heldBytes = 0;

  constructor(health: Health, limits: Limits) {
    this.#health = health;
    this.#limits = limits;
  }

  /**
   * Takes the fragment that the decoder has just met.
   * @returns the packet, when this fragment completes it
   */
  take(packet: PacketDecoder, bytes: Uint8Array, tsUs: number): WholePacket | undefined {
    const { fragments } = this.#health;
    fragments.seen++;
    const key = keyOf(packet);
    let parts = this.#packets.get(key);
    if (parts !== undefined && isOver(parts, tsUs)) {
      this.#forget(parts);
      parts = undefined;
    }
    if (parts === undefined) {
      this.#makeRoom();
      parts = new Parts(key, tsUs);
      this.#packets.set(key, parts);
    }
    if (parts.state !== 'open') {
      if (parts.state === 'complete') fragments.doubled++;
      else fragments.refused++;
      return undefined;
    }
    return this.#add(parts, packet, bytes);
  }

  /** Forgets what has waited too long. Called once in a while. */
  expire(tsUs: number): void {
    for (const parts of this.#packets.values()) if (isOver(parts, tsUs)) this.#forget(parts);
  }

  /** The capture is over: what is incomplete stays so. */
  finish(): void {
    for (const parts of this.#packets.values()) this.#forget(parts);
  }

  #add(parts: Parts, packet: PacketDecoder, bytes: Uint8Array): WholePacket | undefined {
    const { fragments } = this.#health;
    const { offset, length, more, protocol, start, end, version } = packet.fragment;
    const stop = offset + length;
    let index = parts.pieces.findIndex((piece) => piece.offset >= offset);
    if (index < 0) index = parts.pieces.length;
    const after = parts.pieces[index];
    if (after?.offset === offset && after.length === length && isSame(after, bytes, start, end)) {
      fragments.doubled++;
      return undefined;
    }
    const before = parts.pieces[index - 1];
    const overlaps =
      (before !== undefined && before.offset + before.length > offset) ||
      (after !== undefined && stop > after.offset);
    const total = parts.totalBytes;
    const impossible =
      overlaps ||
      length === 0 ||
      stop > PACKET_BYTES_MAX ||
      // Only the last fragment may end anywhere (RFC 791: the others are multiples of eight).
      (more && length % 8 !== 0) ||
      (total !== undefined && (stop > total || !more)) ||
      (!more && after !== undefined) ||
      parts.pieces.length >= FRAGMENTS_MAX;
    if (impossible) {
      fragments.refused += parts.pieces.length + 1;
      this.#release(parts, 'refused');
      return undefined;
    }
    const copy = bytes.slice(start, end);
    parts.pieces.splice(index, 0, { offset, length, bytes: copy });
    parts.heldBytes += copy.length;
    this.#heldBytes += copy.length;
    if (!more) parts.totalBytes = stop;
    if (offset === 0) parts.protocol = protocol;
    if (parts.complete) return this.#whole(parts, version);
    this.#makeRoom(parts);
    return undefined;
  }

  #whole(parts: Parts, version: 4 | 6): WholePacket {
    const length = parts.totalBytes ?? 0;
    const bytes = new Uint8Array(length);
    let captured = 0;
    for (const piece of parts.pieces) {
      bytes.set(piece.bytes, piece.offset);
      captured = piece.offset + piece.bytes.length;
      // What stands behind a cut cannot be used: payload is one stretch.
      if (piece.bytes.length < piece.length) break;
    }
    const { protocol } = parts;
    this.#health.fragments.joined += parts.pieces.length;
    this.#health.fragments.packets++;
    this.#release(parts, 'complete');
    return {
      bytes,
      view: new DataView(bytes.buffer, 0, captured),
      length,
      version,
      protocol,
    };
  }

  /** Oldest first, but not `kept`, until both limits are kept. */
  #makeRoom(kept?: Parts): void {
    const { fragmentedPacketsMax, fragmentBytesMax } = this.#limits;
    for (const parts of this.#packets.values()) {
      const room =
        this.#heldBytes <= fragmentBytesMax &&
        this.#packets.size < fragmentedPacketsMax + (kept === undefined ? 0 : 1);
      if (room) return;
      if (parts === kept) continue;
      if (parts.state === 'open') this.#health.drop('fragments', parts.pieces.length);
      this.#forget(parts);
    }
  }

  #forget(parts: Parts): void {
    if (parts.state === 'open') this.#health.fragments.incomplete += parts.pieces.length;
    this.#release(parts, 'refused');
    this.#packets.delete(parts.key);
  }

  #release(parts: Parts, state: 'complete' | 'refused'): void {
    this.#heldBytes -= parts.heldBytes;
    parts.heldBytes = 0;
    parts.pieces.length = 0;
    parts.state = state;
  }
}

function isOver(parts: Parts, tsUs: number): boolean {
  return tsUs - parts.firstUs > (parts.state === 'open' ? INCOMPLETE_US : REMEMBERED_US);
}

/** Source, destination, identification; in IPv4 the protocol as well. */
function keyOf(packet: PacketDecoder): string {
  const { fragment } = packet;
  const { source0, source1, source2, source3 } = packet;
  const { destination0, destination1, destination2, destination3 } = packet;
  return [
    fragment.version === 4 ? fragment.protocol : 'six',
    fragment.identification,
    packet.scope,
    source0,
    source1,
    source2,
    source3,
    destination0,
    destination1,
    destination2,
    destination3,
  ].join();
}

function isSame(piece: Piece, bytes: Uint8Array, start: number, end: number): boolean {
  return Buffer.compare(piece.bytes, bytes.subarray(start, end)) === 0;
}

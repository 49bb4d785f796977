/**
 * A TCP connection as a mirror sees it: both sides keep their sequence numbers, every packet is a little later than the
 * one before. What a test does to the packets (loses, repeats, reorders them) it does to the list. Never imports the
 * code under test.
 */
import { bytesOf } from './bytes.ts';
import { ethernet, Flag, ipv4, tcp } from './packets.ts';

export interface WirePacket {
  readonly bytes: Uint8Array;
  readonly tsUs: number;
  readonly originalLength: number;
}

/** Everything that passes one mirror, in order of time. */
export class Wire {
  readonly packets: WirePacket[] = [];
  /** 2026-01-01T00:00:00Z, and 250 ms. */
  nowUs = 1_767_225_600_250_000;
  /** Between one packet and the next. */
  stepUs = 100;

  /** @returns the time at which the packet passed */
  put(bytes: Uint8Array, originalLength: number = bytes.length): number {
    this.nowUs += this.stepUs;
    this.packets.push({ bytes, tsUs: this.nowUs, originalLength });
    return this.nowUs;
  }

  wait(us: number): this {
    this.nowUs += us;
    return this;
  }
}

export interface Endpoints {
  readonly clientIp?: string;
  readonly clientPort?: number;
  readonly serverIp?: string;
  readonly serverPort?: number;
  /** Initial sequence numbers. */
  readonly clientSequence?: number;
  readonly serverSequence?: number;
}

export type Side = 'client' | 'server';

export class Connection {
  readonly wire: Wire;
  readonly #ends: Required<Endpoints>;
  /** Next sequence number of each side. */
  readonly next: Record<Side, number>;
  /** Of the last IP packet of each side: each packet has a number of its own. */
  readonly #identification: Record<Side, number> = { client: 0x7000, server: 0xfff0 };
  /** Frames cut to so many bytes, as by a snap length. */
  snapLength = Number.POSITIVE_INFINITY;

  constructor(wire: Wire, ends: Endpoints = {}) {
    this.wire = wire;
    this.#ends = {
      clientIp: '10.0.0.1',
      clientPort: 40_000,
      serverIp: '10.0.0.2',
      serverPort: 5432,
      clientSequence: 1000,
      serverSequence: 5000,
      ...ends,
    };
    this.next = { client: this.#ends.clientSequence, server: this.#ends.serverSequence };
  }

  /** The three packets of a handshake. */
  open(): this {
    this.segment('client', { flags: Flag.syn });
    this.segment('server', { flags: Flag.syn | Flag.ack });
    this.segment('client', {});
    return this;
  }

  /** One segment with these bytes. @returns its time */
  client(...parts: readonly Uint8Array[]): number {
    return this.segment('client', { payload: bytesOf(...parts) });
  }

  server(...parts: readonly Uint8Array[]): number {
    return this.segment('server', { payload: bytesOf(...parts) });
  }

  /** Bytes that both ends know of and the mirror never showed. */
  lost(side: Side, ...parts: readonly Uint8Array[]): this {
    this.next[side] += bytesOf(...parts).length;
    return this;
  }

  /** Both sides close, the given one first. */
  close(first: Side = 'client'): this {
    const second = first === 'client' ? 'server' : 'client';
    this.segment(first, { flags: Flag.fin | Flag.ack });
    this.segment(second, { flags: Flag.fin | Flag.ack });
    this.segment(first, {});
    return this;
  }

  reset(side: Side): this {
    this.segment(side, { flags: Flag.rst | Flag.ack });
    return this;
  }

  /** Any segment; `sequence` instead of the next one leaves the next one alone. */
  segment(side: Side, fields: { flags?: number; payload?: Uint8Array; sequence?: number }): number {
    const { flags = Flag.ack, payload = new Uint8Array(0) } = fields;
    const frame = this.frame(side, fields);
    if (fields.sequence === undefined) {
      this.next[side] += payload.length + ((flags & (Flag.syn | Flag.fin)) === 0 ? 0 : 1);
    }
    const captured = frame.subarray(0, Math.min(frame.length, this.snapLength));
    return this.wire.put(captured, frame.length);
  }

  /** The frame alone, which nobody has seen yet. */
  frame(side: Side, fields: { flags?: number; payload?: Uint8Array; sequence?: number }): Buffer {
    const { flags = Flag.ack, payload = new Uint8Array(0), sequence = this.next[side] } = fields;
    const { clientIp, clientPort, serverIp, serverPort } = this.#ends;
    const fromClient = side === 'client';
    const segment = tcp({
      sourcePort: fromClient ? clientPort : serverPort,
      destinationPort: fromClient ? serverPort : clientPort,
      sequence,
      acknowledgement: (flags & Flag.ack) === 0 ? 0 : this.next[fromClient ? 'server' : 'client'],
      flags,
      payload,
    });
    const [source, destination] = fromClient ? [clientIp, serverIp] : [serverIp, clientIp];
    this.#identification[side] += 1;
    const identification = this.#identification[side] & 0xffff;
    return ethernet(ipv4(segment, { source, destination, identification }));
  }
}

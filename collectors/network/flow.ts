/** A TCP connection: two endpoints, two half streams, and whoever reads it. */
import { HalfStream, type StreamReceiver } from './half-stream.ts';

export class Flow {
  /** Row of the flow table that leads here. */
  slot = -1;
  readonly halves: readonly [HalfStream, HalfStream] = [new HalfStream(), new HalfStream()];
  /** Endpoints as they stood in the first packet; bytes from the first endpoint have direction 0. */
  readonly addresses: readonly [Uint8Array, Uint8Array];
  readonly ports: readonly [number, number];
  readonly firstUs: number;
  /** Which network its addresses are of, where that is told apart (scope.ts); else 0. */
  readonly scope: number;
  lastUs: number;
  /** Which endpoint opened the connection (0 or 1), by its SYN; -1 when no SYN was seen. */
  opener: 0 | 1 | -1 = -1;
  /** The handshake was answered by a SYN of the other side. */
  accepted = false;
  /** Who sent the first FIN; -1 as long as nobody did. */
  firstToClose: 0 | 1 | -1 = -1;
  closed = false;
  /** Its bytes are no database's that we know. */
  foreign = false;
  /** Reads the bytes; undefined when nobody does (foreign traffic, or it has ended). */
  reader: FlowReader | undefined = undefined;
  /** Whether each direction has shown a packet. */
  readonly seen: [boolean, boolean] = [false, false];

  constructor(
    addresses: readonly [Uint8Array, Uint8Array],
    ports: readonly [number, number],
    tsUs: number,
    scope = 0,
  ) {
    this.addresses = addresses;
    this.ports = ports;
    this.firstUs = tsUs;
    this.scope = scope;
    this.lastUs = tsUs;
    const [first, second] = this.halves;
    first.partner = second;
    second.partner = first;
  }

  /**
   * Whether bytes flow in this direction that the mirror does not show at all: none of its packets was seen, and the
   * other side acknowledges more and more of it (by more than a SYN or FIN).
   */
  hides(direction: 0 | 1): boolean {
    if (this.seen[direction]) return false;
    const { acknowledgedSeen, acknowledged, acknowledgedFrom } = this.halves[direction];
    return acknowledgedSeen && ((acknowledged - acknowledgedFrom) | 0) > 1;
  }
}

export type FlowEnd = 'fin' | 'reset' | 'idle' | 'capture_end' | 'replaced' | 'limit';

/** What stands above a flow: made by the collector when the flow's first payload (or SYN) is seen. */
export interface FlowReader extends StreamReceiver {
  /** Tells the state of the connection, which goes on. */
  tellOpen?(tsUs: number): void;
  /** No more bytes will come. `endpoint` is the side that ended it, -1 when neither did. */
  end(reason: FlowEnd, endpoint: 0 | 1 | -1, tsUs: number): void;
}

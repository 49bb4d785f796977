/** What both ends of one connection say to each other, and when: bytes in order, before any packet is cut. */

export type Side = 'client' | 'server';

/** One message; `start` and `end` are its place among all bytes that its side sends. */
export interface Message {
  readonly side: Side;
  readonly label: string;
  readonly start: number;
  readonly end: number;
}

/** Bytes that one side gives to its network at once. */
export interface Send {
  readonly side: Side;
  readonly atUs: number;
  readonly bytes: Buffer;
  readonly start: number;
  /** The operation of the workload that it belongs to. */
  readonly operation: number;
}

export interface Ending {
  readonly how: 'fin' | 'reset' | 'open';
  readonly first: Side;
  readonly atUs: number;
}

export class Dialogue {
  readonly sends: Send[] = [];
  readonly openedUs: number;
  ending: Ending;
  /** Who refused the connection with a RST, or answered nothing at all to its SYN. */
  accepted: 'yes' | 'refused' | 'silence' = 'yes';
  operation = -1;
  readonly sent: Record<Side, number> = { client: 0, server: 0 };
  readonly #freeUs: Record<Side, number> = { client: 0, server: 0 };

  constructor(openedUs: number) {
    this.openedUs = openedUs;
    this.ending = { how: 'open', first: 'client', atUs: openedUs };
  }

  /** The place of the next message of this side. */
  place(side: Side, label: string, sizeBytes: number): Message {
    const start = this.sent[side];
    this.sent[side] = start + sizeBytes;
    return { side, label, start, end: start + sizeBytes };
  }

  /**
   * Gives bytes that have their place to the network. A byte takes a microsecond at most, so that no answer can
   * overtake the packet that holds the end of its request, however small packets are.
   * @returns when the last byte has passed, at the latest
   */
  write(side: Side, atUs: number, bytes: Buffer, start: number): number {
    const begin = Math.max(atUs, this.#freeUs[side]);
    if (bytes.length > 0) {
      this.sends.push({ side, atUs: begin, bytes, start, operation: this.operation });
    }
    this.#freeUs[side] = begin + bytes.length + 1;
    return this.#freeUs[side];
  }

  /** In order of time; what was said first at the same time stays first. */
  inOrder(): Send[] {
    return this.sends
      .map((send, index) => ({ send, index }))
      .sort((a, b) => a.send.atUs - b.send.atUs || a.index - b.index)
      .map(({ send }) => send);
  }
}

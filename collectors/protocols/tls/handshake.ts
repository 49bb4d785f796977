/** Handshake messages out of records (RFC 8446, 4): type, 24-bit length, body; they are cut and joined as it pleases the sender. */

export const HandshakeType = {
  ClientHello: 1,
  ServerHello: 2,
  EncryptedExtensions: 8,
  Certificate: 11,
  ServerHelloDone: 14,
  Finished: 20,
  KeyUpdate: 24,
} as const;

/** What is read; every other message is stepped over. */
const WANTED: ReadonlySet<number> = new Set(Object.values(HandshakeType));
const HEADER_BYTES = 4;
/** A chain of certificates takes a few thousand bytes; a longer message is stepped over as if nobody wanted it. */
const BODY_BYTES_MAX = 64 << 10;

export type HandshakeReceiver = (
  type: number,
  bytes: Uint8Array,
  start: number,
  end: number,
  tsUs: number,
) => void;

export class HandshakeReader {
  readonly #receive: HandshakeReceiver;
  /** Bytes of a message that is not whole yet: carry[0, carryLength). */
  #carry = new Uint8Array(0);
  #carryLength = 0;
  #skip = 0;
  /** A record was lost: where the next message begins is not known. */
  #lost = false;

  constructor(receive: HandshakeReceiver) {
    this.#receive = receive;
  }

  get lost(): boolean {
    return this.#lost;
  }

  /** Bytes are missing: nothing more is read before `reset`. */
  lose(): void {
    this.reset();
    this.#lost = true;
  }

  reset(): void {
    this.#lost = false;
    this.#skip = 0;
    this.#carry = new Uint8Array(0);
    this.#carryLength = 0;
  }

  feed(bytes: Uint8Array, start: number, end: number, tsUs: number): void {
    if (this.#lost) return;
    if (this.#carryLength === 0) {
      const position = this.#messages(bytes, start, end, tsUs);
      if (position < end) this.#append(bytes, position, end);
      return;
    }
    this.#append(bytes, start, end);
    const carry = this.#carry;
    const length = this.#carryLength;
    const position = this.#messages(carry, 0, length, tsUs);
    if (position === 0 || this.#carryLength === 0) return;
    if (position === length) this.#carry = new Uint8Array(0);
    else carry.copyWithin(0, position, length);
    this.#carryLength = length - position;
  }

  #append(bytes: Uint8Array, start: number, end: number): void {
    const length = this.#carryLength + end - start;
    if (length > this.#carry.length) {
      const larger = new Uint8Array(2 * length);
      larger.set(this.#carry.subarray(0, this.#carryLength));
      this.#carry = larger;
    }
    this.#carry.set(bytes.subarray(start, end), this.#carryLength);
    this.#carryLength = length;
  }

  /** @returns where the first message that is not whole begins */
  #messages(bytes: Uint8Array, start: number, end: number, tsUs: number): number {
    let position = start;
    while (position < end && !this.#lost) {
      if (this.#skip > 0) {
        const count = Math.min(this.#skip, end - position);
        this.#skip -= count;
        position += count;
        continue;
      }
      const next = this.#message(bytes, position, end, tsUs);
      if (next < 0) return position;
      position = next;
    }
    return end;
  }

  /** @returns where the next message begins, or -1 when this one is not whole */
  #message(bytes: Uint8Array, start: number, end: number, tsUs: number): number {
    if (end - start < HEADER_BYTES) return -1;
    const type = bytes[start] as number;
    const length =
      ((bytes[start + 1] as number) << 16) |
      ((bytes[start + 2] as number) << 8) |
      (bytes[start + 3] as number);
    const body = start + HEADER_BYTES;
    if (!WANTED.has(type) || length > BODY_BYTES_MAX) {
      this.#skip = length;
      return body;
    }
    if (body + length > end) return -1;
    this.#receive(type, bytes, body, body + length, tsUs);
    return body + length;
  }
}

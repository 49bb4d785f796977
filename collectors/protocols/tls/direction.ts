/**
 * What one direction of a TLS connection says, for those who have its keys. A record that was lost takes its sequence
 * number with it: the next one is opened by trying the numbers that the missing bytes leave room for, and its tag is
 * the proof. Then the size of the missing text is known as well, because every record adds the same to its text.
 */
import type { RecordCipher } from './record-cipher.ts';
import { RECORD_HEADER_BYTES } from './records.ts';

/** Sequence numbers tried for one record, and for all records of a direction. */
const TRIALS_MAX = 4096;
const TRIALS_TOTAL_MAX = 65_536;
/** After a KeyUpdate that was lost: records of the new keys that may be lost with it. */
const TRIALS_AFTER_UPDATE_MAX = 64;
/** While the end of the handshake was missed: records of application data that may be lost with it. */
const TRIALS_AFTER_HANDSHAKE = 8;
/** After so many records in a row that do not open, none will. */
const FAILURES_MAX = 16;

export interface DirectionOwner {
  /** The text of a record; in TLS 1.3 with its content type behind it, and padding. */
  text(type: number, text: Buffer, tsUs: number): void;
  /** So many bytes of text are missing here. */
  missing(sizeBytes: number, tsUs: number): void;
  /** No record opens any more. */
  failed(tsUs: number): void;
}

export class Direction {
  readonly #owner: DirectionOwner;
  readonly #cipher: RecordCipher;
  /** TLS 1.3, as long as the handshake lasts; undefined afterwards, and when its secret is not known. */
  #handshake: RecordCipher | undefined;
  #inHandshake: boolean;
  /** Bytes of the stream since the last record that opened, in which records are missing. */
  #span = 0;
  #failures = 0;
  #trialsLeft = TRIALS_TOTAL_MAX;
  /** Numbers that may be missing although no byte is. */
  #slack: number;
  #opened = false;

  private constructor(
    owner: DirectionOwner,
    cipher: RecordCipher,
    inHandshake: boolean,
    handshake: RecordCipher | undefined,
    slack: number,
  ) {
    this.#owner = owner;
    this.#cipher = cipher;
    this.#inHandshake = inHandshake;
    this.#handshake = handshake;
    this.#slack = slack;
  }

  /** @param certain the first record that comes is the first that these keys encrypted */
  static tls12(owner: DirectionOwner, cipher: RecordCipher, certain: boolean): Direction {
    return new Direction(owner, cipher, false, undefined, certain ? 0 : TRIALS_AFTER_HANDSHAKE);
  }

  static tls13(
    owner: DirectionOwner,
    cipher: RecordCipher,
    handshake: RecordCipher | undefined,
  ): Direction {
    return new Direction(owner, cipher, true, handshake, 0);
  }

  /** Whether any record has opened: the keys are the right ones. */
  get opened(): boolean {
    return this.#opened;
  }

  /** Records have come that did not open. */
  get failing(): boolean {
    return this.#failures > 0;
  }

  record(type: number, bytes: Uint8Array, start: number, end: number, tsUs: number): void {
    const text = this.#inHandshake
      ? this.#openInHandshake(type, bytes, start, end)
      : this.#open(type, bytes, start, end, tsUs);
    if (text !== undefined) {
      this.#opened = true;
      this.#failures = 0;
      this.#owner.text(type, text, tsUs);
      return;
    }
    this.#span += RECORD_HEADER_BYTES + end - start;
    this.#failures++;
    if (this.#failures >= FAILURES_MAX || this.#trialsLeft <= 0) this.#owner.failed(tsUs);
  }

  /** `spanBytes` bytes of the stream, records and parts of them, are not there. */
  lose(spanBytes: number): void {
    this.#span += spanBytes;
  }

  /** TLS 1.3: the sender has said Finished. */
  handshakeEnds(): void {
    this.#inHandshake = false;
    this.#handshake = undefined;
    this.#span = 0;
    this.#slack = 0;
  }

  update(): void {
    this.#cipher.update();
  }

  /** No more records come: what was missing before it is told. */
  end(tsUs: number): void {
    if (this.#span > 0 && this.#opened && !this.#inHandshake) this.#owner.missing(this.#span, tsUs);
    this.#span = 0;
  }

  /** Tries the handshake's keys; then those that follow, because its end may have been missed, or its secret. */
  #openInHandshake(
    type: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): Buffer | undefined {
    const ahead = this.#ahead();
    const known = this.#handshake?.openAhead(type, bytes, start, end, ahead);
    if (known !== undefined) {
      this.#span = 0;
      return known.text;
    }
    this.#trialsLeft -= ahead;
    const skipMax = this.#span > 0 ? TRIALS_AFTER_HANDSHAKE : 0;
    const next = this.#cipher.openAhead(type, bytes, start, end, skipMax);
    if (next === undefined) return undefined;
    this.#inHandshake = false;
    this.#handshake = undefined;
    // What was missing belonged to the handshake, unless numbers were passed over.
    if (next.skipped === 0) this.#span = 0;
    return next.text;
  }

  #open(
    type: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    tsUs: number,
  ): Buffer | undefined {
    const ahead = this.#ahead();
    let opened = this.#cipher.openAhead(type, bytes, start, end, ahead);
    if (opened === undefined && this.#span > 0) {
      this.#trialsLeft -= ahead;
      opened = this.#cipher.openUpdated(
        type,
        bytes,
        start,
        end,
        Math.min(ahead, TRIALS_AFTER_UPDATE_MAX),
      );
    }
    if (opened === undefined) return undefined;
    this.#trialsLeft -= opened.skipped;
    this.#slack = 0;
    if (this.#span > 0) {
      const overhead = opened.skipped * (RECORD_HEADER_BYTES + this.#cipher.overheadBytes);
      const size = Math.max(1, this.#span - overhead);
      this.#span = 0;
      this.#owner.missing(size, tsUs);
    }
    return opened.text;
  }

  /** How many records the missing bytes may have held. */
  #ahead(): number {
    const room = Math.floor(this.#span / (RECORD_HEADER_BYTES + this.#cipher.overheadBytes));
    return Math.max(0, Math.min(room + this.#slack, TRIALS_MAX, this.#trialsLeft));
  }
}

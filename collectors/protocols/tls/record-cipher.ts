/**
 * Opens the records of one direction. The sequence number of a record is on no wire: it is counted, and the
 * authentication tag proves it (RFC 5246, 6.2.3.3; RFC 8446, 5.2), so after a loss it is found by trying.
 */
import { createDecipheriv } from 'node:crypto';
import type { CipherSuite } from './cipher-suites.ts';
import {
  type DirectionKeys,
  keysFromTrafficSecret,
  NONCE_BYTES,
  nextTrafficSecret,
} from './key-schedule.ts';
import { RECORD_HEADER_BYTES } from './records.ts';

/** TLS 1.2 with GCM or CCM sends this part of the nonce with each record. */
const EXPLICIT_NONCE_BYTES = 8;

export class RecordCipher {
  readonly #suite: CipherSuite;
  #keys: DirectionKeys;
  /** TLS 1.3 only: where the next keys come from. */
  #secret: Uint8Array | undefined;
  readonly #explicitBytes: number;
  /** Of the next record. */
  sequence = 0;

  private constructor(suite: CipherSuite, keys: DirectionKeys, secret: Uint8Array | undefined) {
    this.#suite = suite;
    this.#keys = keys;
    this.#secret = secret;
    this.#explicitBytes = NONCE_BYTES - keys.iv.length;
  }

  static tls12(suite: CipherSuite, keys: DirectionKeys): RecordCipher {
    return new RecordCipher(suite, keys, undefined);
  }

  static tls13(suite: CipherSuite, secret: Uint8Array): RecordCipher {
    return new RecordCipher(suite, keysFromTrafficSecret(suite, secret), secret);
  }

  /** What a record is longer than its text, its header left out. */
  get overheadBytes(): number {
    return this.#suite.tagBytes + (this.#secret === undefined ? this.#explicitBytes : 1);
  }

  /** Text of the next record (in TLS 1.3 with its content type and padding), or undefined when the tag is not its. */
  open(type: number, bytes: Uint8Array, start: number, end: number): Buffer | undefined {
    const text = this.#open(type, bytes, start, end, this.sequence);
    if (text !== undefined) this.sequence++;
    return text;
  }

  /**
   * The same for the record after the next `skipMax` ones at most.
   * @returns the text and how many records were passed over
   */
  openAhead(
    type: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    skipMax: number,
  ): { readonly text: Buffer; readonly skipped: number } | undefined {
    for (let skipped = 0; skipped <= skipMax; skipped++) {
      const text = this.#open(type, bytes, start, end, this.sequence + skipped);
      if (text === undefined) continue;
      this.sequence += skipped + 1;
      return { text, skipped };
    }
    return undefined;
  }

  /** The same for a record behind a KeyUpdate that was not seen; takes the new keys when they fit. */
  openUpdated(
    type: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    skipMax: number,
  ): { readonly text: Buffer; readonly skipped: number } | undefined {
    if (this.#secret === undefined) return undefined;
    const [keys, secret, sequence] = [this.#keys, this.#secret, this.sequence];
    this.update();
    const opened = this.openAhead(type, bytes, start, end, skipMax);
    if (opened === undefined) [this.#keys, this.#secret, this.sequence] = [keys, secret, sequence];
    return opened;
  }

  /** The other side has said KeyUpdate (RFC 8446, 4.6.3). */
  update(): void {
    if (this.#secret === undefined) return;
    this.#secret = nextTrafficSecret(this.#suite, this.#secret);
    this.#keys = keysFromTrafficSecret(this.#suite, this.#secret);
    this.sequence = 0;
  }

  #open(
    type: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    sequence: number,
  ): Buffer | undefined {
    const { cipher, tagBytes } = this.#suite;
    const textStart = start + (this.#secret === undefined ? this.#explicitBytes : 0);
    const textEnd = end - tagBytes;
    if (textEnd < textStart) return undefined;
    const nonce = this.#nonce(bytes, start, sequence);
    const additional = this.#additional(type, end - start, textEnd - textStart, sequence);
    try {
      // One signature for all of them: node:crypto's types tell GCM, CCM and ChaCha20 apart by literal names.
      const decipher = createDecipheriv(cipher as 'aes-128-ccm', this.#keys.key, nonce, {
        authTagLength: tagBytes,
      });
      decipher.setAuthTag(bytes.subarray(textEnd, end));
      decipher.setAAD(additional, { plaintextLength: textEnd - textStart });
      const text = decipher.update(bytes.subarray(textStart, textEnd));
      decipher.final();
      return text;
    } catch {
      return undefined; // The tag belongs to other keys, another number, or other bytes.
    }
  }

  /** RFC 5288, 3 (salt and explicit part); RFC 7905, 2 and RFC 8446, 5.3 (the number over the agreed one). */
  #nonce(bytes: Uint8Array, start: number, sequence: number): Buffer {
    const { iv } = this.#keys;
    if (this.#explicitBytes > 0) {
      return Buffer.concat([iv, bytes.subarray(start, start + EXPLICIT_NONCE_BYTES)]);
    }
    const nonce = Buffer.from(iv);
    const high = Math.floor(sequence / 2 ** 32);
    nonce.writeUInt32BE((nonce.readUInt32BE(4) ^ high) >>> 0, 4);
    nonce.writeUInt32BE((nonce.readUInt32BE(8) ^ (sequence >>> 0)) >>> 0, 8);
    return nonce;
  }

  /** TLS 1.2: number, type, version and length of the text; TLS 1.3: the record's header. */
  #additional(type: number, fragmentBytes: number, textBytes: number, sequence: number): Buffer {
    if (this.#secret !== undefined) {
      const header = Buffer.allocUnsafe(RECORD_HEADER_BYTES);
      header.writeUInt8(type, 0);
      header.writeUInt16BE(0x0303, 1);
      header.writeUInt16BE(fragmentBytes, 3);
      return header;
    }
    const additional = Buffer.allocUnsafe(13);
    additional.writeUInt32BE(Math.floor(sequence / 2 ** 32), 0);
    additional.writeUInt32BE(sequence >>> 0, 4);
    additional.writeUInt8(type, 8);
    additional.writeUInt16BE(0x0303, 9);
    additional.writeUInt16BE(textBytes, 11);
    return additional;
  }
}

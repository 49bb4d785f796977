/**
 * One TLS connection as a listener follows it: what its handshake shows, and, with the secrets of a key log, what was
 * said. TLS 1.2 and 1.3; anything that cannot be read is sealed once, with the reason.
 */
import type { EncryptedReason } from '../../../src/events/events.ts';
import type { TlsFacts } from '../../../src/events/tls-facts.ts';
import { readCertificate } from './certificate.ts';
import { type CipherSuite, cipherSuite, cipherSuiteName } from './cipher-suites.ts';
import { Direction, type DirectionOwner } from './direction.ts';
import { HandshakeReader, HandshakeType } from './handshake.ts';
import {
  type ClientHello,
  readClientHello,
  readEncryptedExtensions,
  readServerHello,
  type ServerHello,
  Version,
  versionName,
} from './hello.ts';
import type { KeyLog } from './key-log.ts';
import { keysFromMaster } from './key-schedule.ts';
import { RecordCipher } from './record-cipher.ts';
import { RECORD_HEADER_BYTES, RecordReader, type RecordReceiver, RecordType } from './records.ts';

export interface TlsOwner {
  /** The first record has opened. */
  opened(tsUs: number): void;
  clear(fromClient: boolean, text: Buffer, end: number, tsUs: number): void;
  clearGap(fromClient: boolean, sizeBytes: number, tsUs: number): void;
  /** It cannot be read, or no longer: nothing more will be told. */
  sealed(reason: EncryptedReason, tsUs: number): void;
}

/** Keys that have not come after this time will not. */
const KEYS_AWAITED_US = 5_000_000;
/** Headers that were none: after so many the bytes are not believed to be TLS. */
const REFUSALS_MAX = 8;

interface HeldRecord {
  readonly side: Side;
  /** A whole record's fragment, or how many bytes of the stream are missing. */
  readonly content: Uint8Array | number;
  readonly type: number;
  readonly tsUs: number;
}

export class TlsSession {
  readonly #owner: TlsOwner;
  readonly #keyLog: KeyLog | undefined;
  readonly #heldBytesMax: number;
  readonly #client: Side;
  readonly #server: Side;
  #clientHello: ClientHello | undefined = undefined;
  #serverHello: ServerHello | undefined = undefined;
  #serverHelloDone = false;
  #protocol: string | undefined = undefined;
  #resumed: boolean | undefined = undefined;
  #certificate: TlsFacts['certificate'] = undefined;
  #suite: CipherSuite | undefined = undefined;
  /** TLS 1.2: the keys of both sides. */
  #keys: ReturnType<typeof keysFromMaster> | undefined = undefined;
  /** Records that wait for their keys. */
  #held: HeldRecord[] | undefined = undefined;
  #heldBytes = 0;
  #heldSinceUs = 0;
  #opened = false;
  #sealed = false;
  #refusals = 0;

  constructor(owner: TlsOwner, keyLog: KeyLog | undefined, heldBytesMax: number) {
    this.#owner = owner;
    this.#keyLog = keyLog;
    this.#heldBytesMax = heldBytesMax;
    this.#client = new Side(this, true);
    this.#server = new Side(this, false);
  }

  get facts(): TlsFacts {
    const hello = this.#serverHello;
    const offered = this.#clientHello?.applicationProtocols ?? [];
    return {
      version: hello === undefined ? undefined : versionName(hello.version),
      cipherSuite: hello === undefined ? undefined : cipherSuiteName(hello.cipherSuite),
      serverName: this.#clientHello?.serverName,
      applicationProtocol: this.#protocol ?? (offered.length > 0 ? offered.join(',') : undefined),
      resumed: this.#resumed,
      certificate: this.#certificate,
    };
  }

  feed(fromClient: boolean, bytes: Uint8Array, start: number, end: number, tsUs: number): void {
    this.#patience(tsUs);
    (fromClient ? this.#client : this.#server).reader.feed(bytes, start, end, tsUs);
  }

  gap(fromClient: boolean, size: number, tsUs: number): void {
    (fromClient ? this.#client : this.#server).reader.gap(size, tsUs);
  }

  /** Time has passed. */
  idle(tsUs: number): void {
    this.#patience(tsUs);
  }

  /** No more bytes come. */
  end(tsUs: number): void {
    if (this.#sealed) return;
    const sides = [this.#client, this.#server];
    if (this.#opened) {
      for (const { direction, reader } of sides) {
        direction?.lose(reader.missingBytes);
        direction?.end(tsUs);
      }
    } else if (this.#held !== undefined) this.seal('no_keys', tsUs);
    else if (sides.some((side) => side.direction?.failing)) this.seal('wrong_keys', tsUs);
    else this.seal(sides.some((side) => side.damaged) ? 'handshake_lost' : 'unfinished', tsUs);
    this.#stop();
  }

  seal(reason: EncryptedReason, tsUs: number): void {
    if (this.#sealed) return;
    this.#sealed = true;
    this.#stop();
    this.#owner.sealed(reason, tsUs);
  }

  #stop(): void {
    this.#client.reader.stop();
    this.#server.reader.stop();
    this.#letGo();
    if (this.#clientHello !== undefined) this.#keyLog?.giveUp(this.#clientHello.random);
  }

  /** A whole record, in the order in which the two sides spoke. */
  take(
    side: Side,
    type: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    tsUs: number,
  ): void {
    if (this.#sealed) return;
    if (this.#held !== undefined) {
      this.#hold(side, type, bytes.slice(start, end), end - start, tsUs);
      return;
    }
    const version = this.#serverHello?.version;
    const begins =
      type === RecordType.ChangeCipherSpec ||
      (type === RecordType.ApplicationData && side.direction === undefined);
    if (version === Version.Tls13) {
      if (type === RecordType.ApplicationData)
        side.direction?.record(type, bytes, start, end, tsUs);
    } else if (begins) {
      this.#beginsToEncrypt(side, type, bytes, start, end, tsUs);
    } else if (side.direction !== undefined) {
      side.direction.record(type, bytes, start, end, tsUs);
    } else if (type === RecordType.Handshake) {
      side.handshake.feed(bytes, start, end, tsUs);
    }
  }

  /** `spanBytes` bytes of the stream are not there, or begin no record. */
  miss(side: Side, spanBytes: number, tsUs: number): void {
    if (this.#held !== undefined) this.#hold(side, 0, spanBytes, 0, tsUs);
    else {
      side.handshake.lose();
      if (side.direction === undefined) side.damaged = true;
      else side.direction.lose(spanBytes);
    }
  }

  refused(tsUs: number): void {
    this.#refusals++;
    if (this.#refusals > REFUSALS_MAX || this.#clientHello === undefined)
      this.seal(this.#opened ? 'records_lost' : 'malformed', tsUs);
  }

  message(
    side: Side,
    type: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    tsUs: number,
  ): void {
    switch (type) {
      case HandshakeType.ClientHello:
        if (side === this.#client && side.direction === undefined)
          this.#clientHello = readClientHello(bytes, start, end) ?? this.#clientHello;
        return;
      case HandshakeType.ServerHello:
        if (side === this.#server && side.direction === undefined)
          this.#greeted(readServerHello(bytes, start, end), tsUs);
        return;
      case HandshakeType.EncryptedExtensions: {
        const { applicationProtocol, acceptsEarlyData } = readEncryptedExtensions(
          bytes,
          start,
          end,
        );
        this.#protocol = applicationProtocol ?? this.#protocol;
        if (acceptsEarlyData) this.seal('early_data', tsUs);
        return;
      }
      case HandshakeType.Certificate:
        if (side === this.#server) {
          const is13 = this.#serverHello?.version === Version.Tls13;
          this.#certificate ??= readCertificate(bytes, start, end, is13);
        }
        return;
      case HandshakeType.ServerHelloDone:
        this.#serverHelloDone = true;
        return;
      case HandshakeType.Finished:
        if (this.#serverHello?.version === Version.Tls13) side.direction?.handshakeEnds();
        return;
      case HandshakeType.KeyUpdate:
        side.direction?.update();
        return;
      default:
    }
  }

  /** Text that opened: what TLS says itself is read here, the rest is told. */
  text(side: Side, recordType: number, text: Buffer, tsUs: number): void {
    if (this.#sealed) return;
    if (!this.#opened) {
      this.#opened = true;
      this.#owner.opened(tsUs);
    }
    let type = recordType;
    let end = text.length;
    if (this.#serverHello?.version === Version.Tls13) {
      // The last byte that is not zero is the content type; what stands behind it is padding (RFC 8446, 5.4).
      while (end > 0 && text[end - 1] === 0) end--;
      if (end === 0) return;
      end--;
      type = text[end] as number;
    }
    if (end === 0) return;
    if (type === RecordType.ApplicationData) {
      // Who speaks in clear has no handshake left that could have been lost.
      if (side.handshake.lost) side.handshake.reset();
      this.#owner.clear(side.fromClient, text, end, tsUs);
    } else if (type === RecordType.Handshake) side.handshake.feed(text, 0, end, tsUs);
  }

  missing(side: Side, sizeBytes: number, tsUs: number): void {
    if (!this.#sealed) this.#owner.clearGap(side.fromClient, sizeBytes, tsUs);
  }

  failed(tsUs: number): void {
    this.seal(this.#opened ? 'records_lost' : 'wrong_keys', tsUs);
  }

  #greeted(hello: ServerHello | undefined, tsUs: number): void {
    if (hello === undefined || hello.isRetry) return;
    this.#serverHello = hello;
    this.#protocol = hello.applicationProtocol;
    this.#suite = cipherSuite(hello.cipherSuite);
    if (hello.version !== Version.Tls13) return;
    this.#resumed = hello.acceptsPreSharedKey;
    this.#unlockOrWait(tsUs);
  }

  /** TLS 1.2: what follows from this side is encrypted. */
  #beginsToEncrypt(
    side: Side,
    type: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    tsUs: number,
  ): void {
    const hello = this.#serverHello;
    if (hello === undefined) {
      // Before the server has answered, only a client that resumes may send data; it is passed over.
      if (side === this.#client && this.#clientHello?.offersEarlyData === true) return;
      // TLS 1.3 sends this record for the eyes of old firewalls.
      if (type === RecordType.ChangeCipherSpec && !this.#server.damaged) return;
      this.seal(
        this.#clientHello === undefined && !side.damaged ? 'mid_stream' : 'handshake_lost',
        tsUs,
      );
      return;
    }
    this.#resumed ??= !this.#serverHelloDone && !this.#server.damaged;
    if (this.#keys === undefined) this.#unlockOrWait(tsUs);
    if (this.#sealed) return;
    if (this.#held !== undefined) {
      this.#hold(side, type, bytes.slice(start, end), end - start, tsUs);
      return;
    }
    if (this.#keys === undefined || this.#suite === undefined) return;
    const keys = side.fromClient ? this.#keys.client : this.#keys.server;
    const certain = type === RecordType.ChangeCipherSpec && !side.damaged;
    side.handshake.reset();
    side.direction = Direction.tls12(side, RecordCipher.tls12(this.#suite, keys), certain);
    if (type !== RecordType.ChangeCipherSpec) side.direction.record(type, bytes, start, end, tsUs);
  }

  /** Everything that is encrypted comes after this: its keys are here, or awaited, or it is sealed. */
  #unlockOrWait(tsUs: number): void {
    const keyLog = this.#keyLog;
    const version = this.#serverHello?.version ?? 0;
    if (version < Version.Tls12) this.seal('version', tsUs);
    else if (this.#suite === undefined) this.seal('cipher_suite', tsUs);
    else if (keyLog === undefined) this.seal('no_key_log', tsUs);
    else if (this.#clientHello === undefined) this.seal('handshake_lost', tsUs);
    else if (!this.#unlock(keyLog, this.#suite, this.#clientHello)) {
      if (!keyLog.follows) {
        this.seal('no_keys', tsUs);
        return;
      }
      this.#held = [];
      this.#heldSinceUs = tsUs;
      keyLog.await(this.#clientHello.random, () => this.#wake());
    }
  }

  /** @returns false when a secret is missing */
  #unlock(keyLog: KeyLog, suite: CipherSuite, { random }: ClientHello): boolean {
    const secrets = keyLog.find(random);
    if (secrets === undefined || this.#serverHello === undefined) return false;
    if (this.#serverHello.version !== Version.Tls13) {
      if (secrets.master === undefined) return false;
      this.#keys = keysFromMaster(suite, secrets.master, random, this.#serverHello.random);
      return true;
    }
    const { clientTraffic, serverTraffic, clientHandshake, serverHandshake } = secrets;
    if (clientTraffic === undefined || serverTraffic === undefined) return false;
    const begin = (side: Side, traffic: Buffer, handshake: Buffer | undefined): void => {
      const early = handshake === undefined ? undefined : RecordCipher.tls13(suite, handshake);
      side.direction = Direction.tls13(side, RecordCipher.tls13(suite, traffic), early);
      side.handshake.reset();
    };
    begin(this.#client, clientTraffic, clientHandshake);
    begin(this.#server, serverTraffic, serverHandshake);
    return true;
  }

  /** A secret has come: when it was the last one needed, what was held is read. */
  #wake(): void {
    const [keyLog, suite, hello] = [this.#keyLog, this.#suite, this.#clientHello];
    const held = this.#held;
    if (keyLog === undefined || suite === undefined || hello === undefined || held === undefined)
      return;
    if (!this.#unlock(keyLog, suite, hello)) return;
    keyLog.giveUp(hello.random);
    this.#letGo();
    for (const { side, content, type, tsUs } of held) {
      if (typeof content === 'number') this.miss(side, content, tsUs);
      else this.take(side, type, content, 0, content.length, tsUs);
    }
  }

  #hold(side: Side, type: number, content: Uint8Array | number, size: number, tsUs: number): void {
    const cost = size + HELD_RECORD_BYTES;
    if (this.#heldBytes + cost > this.#heldBytesMax || this.#keyLog?.hold(cost) !== true) {
      this.#keyLog?.crowded();
      this.seal('no_keys', tsUs);
      return;
    }
    this.#heldBytes += cost;
    this.#held?.push({ side, content, type, tsUs });
  }

  #letGo(): void {
    this.#keyLog?.release(this.#heldBytes);
    this.#heldBytes = 0;
    this.#held = undefined;
  }

  #patience(tsUs: number): void {
    if (this.#held !== undefined && tsUs - this.#heldSinceUs > KEYS_AWAITED_US)
      this.seal('no_keys', tsUs);
  }
}

/** What a record that waits costs beside its bytes. */
const HELD_RECORD_BYTES = 128;

/** One side of the connection: its records, its handshake messages, and its keys once it encrypts. */
class Side implements RecordReceiver, DirectionOwner {
  readonly reader: RecordReader;
  readonly handshake: HandshakeReader;
  readonly fromClient: boolean;
  /** Set when its records are encrypted and its keys are known. */
  direction: Direction | undefined = undefined;
  /** Bytes of its handshake are missing. */
  damaged = false;
  readonly #session: TlsSession;

  constructor(session: TlsSession, fromClient: boolean) {
    this.#session = session;
    this.fromClient = fromClient;
    this.reader = new RecordReader(this);
    this.handshake = new HandshakeReader((type, bytes, start, end, tsUs) =>
      session.message(this, type, bytes, start, end, tsUs),
    );
  }

  record(type: number, bytes: Uint8Array, start: number, end: number, tsUs: number): void {
    this.#session.take(this, type, bytes, start, end, tsUs);
  }

  damagedRecord(fragmentBytes: number, tsUs: number): void {
    this.#session.miss(this, RECORD_HEADER_BYTES + fragmentBytes, tsUs);
  }

  lost(refused: boolean, tsUs: number): void {
    if (refused) this.#session.refused(tsUs);
  }

  found(spanBytes: number, tsUs: number): void {
    this.#session.miss(this, spanBytes, tsUs);
  }

  text(type: number, text: Buffer, tsUs: number): void {
    this.#session.text(this, type, text, tsUs);
  }

  missing(sizeBytes: number, tsUs: number): void {
    this.#session.missing(this, sizeBytes, tsUs);
  }

  failed(tsUs: number): void {
    this.#session.failed(tsUs);
  }
}

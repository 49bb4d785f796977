/**
 * TLS records as both ends of a connection write them, from RFC 5246, 5288, 7905 and 8446: the secrets are made up, so no
 * key exchange is needed, only what a listener with a key log can see. Never imports the code under test.
 */
import { createCipheriv, createHash, createHmac } from 'node:crypto';
import { bytesOf, int16, int32, int8 } from './bytes.ts';

interface Suite {
  readonly number: number;
  readonly cipher: string;
  readonly hash: 'sha256' | 'sha384';
  readonly keyBytes: number;
  readonly tagBytes: number;
}

const gcm128 = { cipher: 'aes-128-gcm', hash: 'sha256', keyBytes: 16, tagBytes: 16 } as const;
const gcm256 = { cipher: 'aes-256-gcm', hash: 'sha384', keyBytes: 32, tagBytes: 16 } as const;
const chacha = { cipher: 'chacha20-poly1305', hash: 'sha256', keyBytes: 32, tagBytes: 16 } as const;
const ccm128 = { cipher: 'aes-128-ccm', hash: 'sha256', keyBytes: 16, tagBytes: 16 } as const;

export const suites13: Readonly<Record<string, Suite>> = {
  TLS_AES_128_GCM_SHA256: { number: 0x1301, ...gcm128 },
  TLS_AES_256_GCM_SHA384: { number: 0x1302, ...gcm256 },
  TLS_CHACHA20_POLY1305_SHA256: { number: 0x1303, ...chacha },
  TLS_AES_128_CCM_SHA256: { number: 0x1304, ...ccm128 },
  TLS_AES_128_CCM_8_SHA256: { number: 0x1305, ...ccm128, tagBytes: 8 },
};

export const suites12: Readonly<Record<string, Suite>> = {
  TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256: { number: 0xc02f, ...gcm128 },
  TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384: { number: 0xc02c, ...gcm256 },
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256: { number: 0xcca9, ...chacha },
  TLS_ECDHE_ECDSA_WITH_AES_128_CCM: { number: 0xc0ac, ...ccm128 },
  TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8: { number: 0xc0ae, ...ccm128, tagBytes: 8 },
};

export const recordType = { change: 20, alert: 21, handshake: 22, data: 23 } as const;

const int24 = (value: number): Buffer => bytesOf(int8(value >> 16), int16(value & 0xffff));
const vector8 = (...parts: Uint8Array[]): Buffer =>
  bytesOf(int8(bytesOf(...parts).length), ...parts);
const vector16 = (...parts: Uint8Array[]): Buffer =>
  bytesOf(int16(bytesOf(...parts).length), ...parts);

/** A record in clear. */
export function plainRecord(type: number, fragment: Uint8Array, version = 0x0303): Buffer {
  return bytesOf(int8(type), int16(version), vector16(fragment));
}

/** Type, 24-bit length, body. */
export function handshakeMessage(type: number, ...body: readonly Uint8Array[]): Buffer {
  const whole = bytesOf(...body);
  return bytesOf(int8(type), int24(whole.length), whole);
}

export interface HelloFields {
  readonly random: Buffer;
  readonly serverName?: string;
  readonly protocols?: readonly string[];
  readonly earlyData?: boolean;
}

export function clientHello({ random, serverName, protocols, earlyData }: HelloFields): Buffer {
  const extensions: Buffer[] = [];
  if (serverName !== undefined) {
    const name = bytesOf(int8(0), vector16(Buffer.from(serverName)));
    extensions.push(int16(0), vector16(vector16(name)));
  }
  if (protocols !== undefined) {
    const names = protocols.map((name) => vector8(Buffer.from(name)));
    extensions.push(int16(16), vector16(vector16(...names)));
  }
  if (earlyData === true) extensions.push(int16(42), int16(0));
  return handshakeMessage(
    1,
    int16(0x0303),
    random,
    vector8(Buffer.alloc(32, 7)),
    vector16(int16(0x1301), int16(0xc02f)),
    vector8(int8(0)),
    vector16(...extensions),
  );
}

export interface TlsPeersOptions {
  readonly version: '1.2' | '1.3';
  readonly suite: string;
  /** Makes the randoms and secrets. */
  readonly seed?: string;
  readonly serverName?: string;
  readonly protocols?: readonly string[];
  readonly earlyData?: boolean;
  readonly resumed?: boolean;
  /** Body of the Certificate message's first certificate. */
  readonly certificate?: Uint8Array;
}

type Side = 'client' | 'server';

/** What one side encrypts with. */
class Keys {
  sequence = 0;
  readonly key: Buffer;
  readonly iv: Buffer;
  readonly secret: Buffer | undefined;

  constructor(key: Buffer, iv: Buffer, secret?: Buffer) {
    this.key = key;
    this.iv = iv;
    this.secret = secret;
  }
}

export class TlsPeers {
  readonly #options: TlsPeersOptions;
  readonly #suite: Suite;
  readonly clientRandom: Buffer;
  readonly #serverRandom: Buffer;
  readonly #keys: Partial<Record<Side, Keys>> = {};

  constructor(options: TlsPeersOptions) {
    this.#options = options;
    const suite = (options.version === '1.3' ? suites13 : suites12)[options.suite];
    if (suite === undefined) throw new Error(`no suite ${options.suite}`);
    this.#suite = suite;
    this.clientRandom = this.#chance('client random').subarray(0, 32);
    this.#serverRandom = this.#chance('server random').subarray(0, 32);
  }

  /** The lines that both ends would write down. */
  get keyLog(): string {
    const random = this.clientRandom.toString('hex');
    const labels =
      this.#options.version === '1.2'
        ? { CLIENT_RANDOM: this.#master }
        : {
            SERVER_HANDSHAKE_TRAFFIC_SECRET: this.#secret('server handshake'),
            CLIENT_HANDSHAKE_TRAFFIC_SECRET: this.#secret('client handshake'),
            EXPORTER_SECRET: this.#secret('exporter'),
            SERVER_TRAFFIC_SECRET_0: this.#secret('server traffic'),
            CLIENT_TRAFFIC_SECRET_0: this.#secret('client traffic'),
          };
    return Object.entries(labels)
      .map(([label, secret]) => `${label} ${random} ${secret.toString('hex')}\n`)
      .join('');
  }

  clientHello(): Buffer {
    const { serverName, protocols, earlyData } = this.#options;
    const hello = clientHello({
      random: this.clientRandom,
      ...(serverName === undefined ? {} : { serverName }),
      ...(protocols === undefined ? {} : { protocols }),
      ...(earlyData === undefined ? {} : { earlyData }),
    });
    return plainRecord(recordType.handshake, hello, 0x0301);
  }

  /** A server that wants another ClientHello (RFC 8446, 4.1.4). */
  helloRetryRequest(): Buffer {
    const random = createHash('sha256').update('HelloRetryRequest').digest();
    return plainRecord(recordType.handshake, this.#serverHello(random));
  }

  /** ServerHello, and in TLS 1.2 all that the server says before the client's keys. */
  serverHello(): Buffer {
    const hello = this.#serverHello(this.#serverRandom);
    if (this.#options.version === '1.3' || this.#options.resumed === true) {
      return plainRecord(recordType.handshake, hello);
    }
    const done = handshakeMessage(14);
    return plainRecord(recordType.handshake, bytesOf(hello, this.#certificate(false), done));
  }

  /** The rest of the server's part: encrypted, its Finished at the end. */
  serverFinished(extensions: Uint8Array = new Uint8Array(0)): Buffer {
    const finished = handshakeMessage(20, Buffer.alloc(32, 1));
    if (this.#options.version === '1.2') return this.#change('server', finished);
    this.#keys.server = this.#trafficKeys(this.#secret('server handshake'));
    const encryptedExtensions = handshakeMessage(8, vector16(extensions));
    const flight = bytesOf(encryptedExtensions, this.#certificate(true), finished);
    const records = bytesOf(
      plainRecord(recordType.change, int8(1)),
      this.record('server', flight, { type: recordType.handshake }),
    );
    this.#keys.server = this.#trafficKeys(this.#secret('server traffic'));
    return records;
  }

  /** What a server of TLS 1.3 sends right behind its hello. */
  early13(): Buffer {
    return this.#options.version === '1.3' ? this.serverFinished() : Buffer.alloc(0);
  }

  /** What a server of TLS 1.2 answers to the client's Finished. */
  late12(): Buffer {
    return this.#options.version === '1.2' ? this.serverFinished() : Buffer.alloc(0);
  }

  clientFinished(): Buffer {
    const finished = handshakeMessage(20, Buffer.alloc(32, 2));
    if (this.#options.version === '1.2') {
      const exchange = plainRecord(recordType.handshake, handshakeMessage(16, Buffer.alloc(33)));
      return bytesOf(exchange, this.#change('client', finished));
    }
    this.#keys.client = this.#trafficKeys(this.#secret('client handshake'));
    const records = bytesOf(
      plainRecord(recordType.change, int8(1)),
      this.record('client', finished, { type: recordType.handshake }),
    );
    this.#keys.client = this.#trafficKeys(this.#secret('client traffic'));
    return records;
  }

  /** One encrypted record. */
  record(
    side: Side,
    text: Uint8Array,
    { type = recordType.data, padding = 0 }: { type?: number; padding?: number } = {},
  ): Buffer {
    const keys = this.#keys[side];
    if (keys === undefined) throw new Error(`the ${side} has no keys yet`);
    return this.#options.version === '1.3'
      ? this.#record13(keys, bytesOf(text, int8(type), Buffer.alloc(padding)))
      : this.#record12(keys, type, text);
  }

  /** TLS 1.3: the message, and what the side encrypts with from now on (RFC 8446, 4.6.3). */
  keyUpdate(side: Side): Buffer {
    const message = handshakeMessage(24, int8(0));
    const record = this.record(side, message, { type: recordType.handshake });
    const secret = this.#keys[side]?.secret ?? Buffer.alloc(0);
    this.#keys[side] = this.#trafficKeys(this.#expand(secret, 'traffic upd', secret.length));
    return record;
  }

  #serverHello(random: Buffer): Buffer {
    const extensions: Buffer[] = [];
    if (this.#options.version === '1.3') {
      extensions.push(int16(43), vector16(int16(0x0304)));
      if (this.#options.resumed === true) extensions.push(int16(41), vector16(int16(0)));
    }
    return handshakeMessage(
      2,
      int16(0x0303),
      random,
      vector8(Buffer.alloc(32, 7)),
      int16(this.#suite.number),
      int8(0),
      vector16(...extensions),
    );
  }

  #certificate(context: boolean): Buffer {
    const { certificate } = this.#options;
    if (certificate === undefined) return Buffer.alloc(0);
    const entry = bytesOf(
      int24(certificate.length),
      certificate,
      context ? int16(0) : Buffer.alloc(0),
    );
    const list = bytesOf(int24(entry.length), entry);
    return handshakeMessage(11, context ? bytesOf(int8(0), list) : list);
  }

  /** TLS 1.2: ChangeCipherSpec, and the first encrypted record. */
  #change(side: Side, finished: Buffer): Buffer {
    const { keyBytes, cipher } = this.#suite;
    const ivBytes = cipher === 'chacha20-poly1305' ? 12 : 4;
    const seed = bytesOf(Buffer.from('key expansion'), this.#serverRandom, this.clientRandom);
    const block = this.#prf(this.#master, seed);
    const [keyAt, ivAt] =
      side === 'client' ? [0, 2 * keyBytes] : [keyBytes, 2 * keyBytes + ivBytes];
    this.#keys[side] = new Keys(
      block.subarray(keyAt, keyAt + keyBytes),
      block.subarray(ivAt, ivAt + ivBytes),
    );
    return bytesOf(
      plainRecord(recordType.change, int8(1)),
      this.record(side, finished, { type: recordType.handshake }),
    );
  }

  #record13(keys: Keys, inner: Buffer): Buffer {
    const header = bytesOf(
      int8(recordType.data),
      int16(0x0303),
      int16(inner.length + this.#suite.tagBytes),
    );
    return bytesOf(header, this.#seal(keys, mixed(keys), header, inner));
  }

  #record12(keys: Keys, type: number, text: Uint8Array): Buffer {
    const number = bytesOf(int32(0), int32(keys.sequence));
    const additional = bytesOf(number, int8(type), int16(0x0303), int16(text.length));
    if (keys.iv.length === 12) {
      return plainRecord(type, this.#seal(keys, mixed(keys), additional, text));
    }
    // The explicit part may be anything that does not repeat; OpenSSL counts from a random number.
    const explicit = bytesOf(int32(0xabcdef), int32(keys.sequence + 77));
    const sealed = this.#seal(keys, bytesOf(keys.iv, explicit), additional, text);
    return plainRecord(type, bytesOf(explicit, sealed));
  }

  #seal(keys: Keys, nonce: Buffer, additional: Buffer, text: Uint8Array): Buffer {
    const { cipher, tagBytes } = this.#suite;
    keys.sequence++;
    const seal = createCipheriv(cipher as 'aes-128-ccm', keys.key, nonce, {
      authTagLength: tagBytes,
    });
    seal.setAAD(additional, { plaintextLength: text.length });
    const body = bytesOf(seal.update(text), seal.final());
    return bytesOf(body, seal.getAuthTag());
  }

  get #master(): Buffer {
    return this.#chance('master').subarray(0, 48);
  }

  #secret(name: string): Buffer {
    return this.#chance(name).subarray(0, this.#suite.hash === 'sha256' ? 32 : 48);
  }

  #trafficKeys(secret: Buffer): Keys {
    const key = this.#expand(secret, 'key', this.#suite.keyBytes);
    return new Keys(key, this.#expand(secret, 'iv', 12), secret);
  }

  /** HKDF-Expand-Label with an empty context: one block is enough for all that is asked. */
  #expand(secret: Buffer, label: string, size: number): Buffer {
    const info = bytesOf(int16(size), vector8(Buffer.from(`tls13 ${label}`)), vector8(), int8(1));
    return createHmac(this.#suite.hash, secret).update(info).digest().subarray(0, size);
  }

  /** The first 192 bytes of P_hash. */
  #prf(secret: Buffer, seed: Buffer): Buffer {
    const hmac = (data: Buffer): Buffer =>
      createHmac(this.#suite.hash, secret).update(data).digest();
    const blocks: Buffer[] = [];
    for (let chain = hmac(seed); blocks.length < 6; chain = hmac(chain)) {
      blocks.push(hmac(bytesOf(chain, seed)));
    }
    return bytesOf(...blocks);
  }

  #chance(name: string): Buffer {
    return createHash('sha512')
      .update(`${this.#options.seed ?? 'seed'} ${name}`)
      .digest();
  }
}

/** The agreed part of the nonce with the record's number over it. */
function mixed({ iv, sequence }: Keys): Buffer {
  const nonce = Buffer.from(iv);
  nonce.writeUInt32BE((nonce.readUInt32BE(8) ^ sequence) >>> 0, 8);
  return nonce;
}

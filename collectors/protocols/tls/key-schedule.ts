/** From the secrets of a key log to keys: TLS 1.2's PRF (RFC 5246, 5 and 6.3) and TLS 1.3's HKDF (RFC 8446, 7.1 to 7.3). */
import { createHmac } from 'node:crypto';
import type { CipherSuite } from './cipher-suites.ts';

/** What one direction is encrypted with: `iv` is the part of the nonce that both ends know. */
export interface DirectionKeys {
  readonly key: Buffer;
  readonly iv: Buffer;
}

/** TLS 1.2, ChaCha20: the whole nonce is agreed upon (RFC 7905, 2); otherwise a salt of four bytes (RFC 5288, 3). */
export const SALT_BYTES = 4;
export const NONCE_BYTES = 12;

/** The keys of both directions of a TLS 1.2 connection. Randoms in hex. */
export function keysFromMaster(
  suite: CipherSuite,
  master: Uint8Array,
  clientRandom: string,
  serverRandom: string,
): { readonly client: DirectionKeys; readonly server: DirectionKeys } {
  const ivBytes = suite.cipher === 'chacha20-poly1305' ? NONCE_BYTES : SALT_BYTES;
  const { keyBytes, hash } = suite;
  const seed = Buffer.concat([
    Buffer.from('key expansion'),
    Buffer.from(serverRandom, 'hex'),
    Buffer.from(clientRandom, 'hex'),
  ]);
  const block = pseudoRandom(hash, master, seed, 2 * (keyBytes + ivBytes));
  const ivs = 2 * keyBytes;
  return {
    client: { key: block.subarray(0, keyBytes), iv: block.subarray(ivs, ivs + ivBytes) },
    server: { key: block.subarray(keyBytes, ivs), iv: block.subarray(ivs + ivBytes) },
  };
}

/** P_hash of RFC 5246, 5. */
function pseudoRandom(hash: string, secret: Uint8Array, seed: Buffer, sizeBytes: number): Buffer {
  const blocks: Buffer[] = [];
  let chain: Buffer = seed;
  let made = 0;
  while (made < sizeBytes) {
    chain = createHmac(hash, secret).update(chain).digest();
    const block = createHmac(hash, secret).update(chain).update(seed).digest();
    blocks.push(block);
    made += block.length;
  }
  return Buffer.concat(blocks).subarray(0, sizeBytes);
}

/** The keys of one direction of a TLS 1.3 connection, from one of its traffic secrets. */
export function keysFromTrafficSecret(suite: CipherSuite, secret: Uint8Array): DirectionKeys {
  return {
    key: expandLabel(suite.hash, secret, 'key', suite.keyBytes),
    iv: expandLabel(suite.hash, secret, 'iv', NONCE_BYTES),
  };
}

/** The secret that follows this one after a KeyUpdate. */
export function nextTrafficSecret(suite: CipherSuite, secret: Uint8Array): Buffer {
  return expandLabel(suite.hash, secret, 'traffic upd', secret.length);
}

/** HKDF-Expand-Label with an empty context, for at most one block of the hash (RFC 8446, 7.1; RFC 5869, 2.3). */
function expandLabel(hash: string, secret: Uint8Array, label: string, sizeBytes: number): Buffer {
  const name = Buffer.from(`tls13 ${label}`);
  const info = Buffer.concat([Buffer.of(0, sizeBytes, name.length), name, Buffer.of(0, 1)]);
  return createHmac(hash, secret).update(info).digest().subarray(0, sizeBytes);
}

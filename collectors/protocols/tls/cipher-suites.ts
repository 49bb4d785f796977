/**
 * The cipher suites that encrypt and authenticate at once (AEAD): all of TLS 1.3, and those of TLS 1.2 that servers
 * agree upon today. Numbers and names are IANA's (TLS Cipher Suites registry; RFC 5288, 5289, 6655, 7251, 7905, 8446).
 */

export interface CipherSuite {
  readonly name: string;
  /** As node:crypto calls it. */
  readonly cipher:
    | 'aes-128-gcm'
    | 'aes-256-gcm'
    | 'aes-128-ccm'
    | 'aes-256-ccm'
    | 'chacha20-poly1305';
  readonly hash: 'sha256' | 'sha384';
  readonly keyBytes: 16 | 32;
  readonly tagBytes: 8 | 16;
}

type Aead = Omit<CipherSuite, 'name'>;

const GCM_128: Aead = { cipher: 'aes-128-gcm', hash: 'sha256', keyBytes: 16, tagBytes: 16 };
const GCM_256: Aead = { cipher: 'aes-256-gcm', hash: 'sha384', keyBytes: 32, tagBytes: 16 };
const CHACHA: Aead = { cipher: 'chacha20-poly1305', hash: 'sha256', keyBytes: 32, tagBytes: 16 };
const CCM_128: Aead = { cipher: 'aes-128-ccm', hash: 'sha256', keyBytes: 16, tagBytes: 16 };
const CCM_256: Aead = { cipher: 'aes-256-ccm', hash: 'sha256', keyBytes: 32, tagBytes: 16 };
const CCM_8_128: Aead = { ...CCM_128, tagBytes: 8 };
const CCM_8_256: Aead = { ...CCM_256, tagBytes: 8 };

const SUITES: ReadonlyMap<number, CipherSuite> = new Map(
  (
    [
      [0x1301, 'TLS_AES_128_GCM_SHA256', GCM_128],
      [0x1302, 'TLS_AES_256_GCM_SHA384', GCM_256],
      [0x1303, 'TLS_CHACHA20_POLY1305_SHA256', CHACHA],
      [0x1304, 'TLS_AES_128_CCM_SHA256', CCM_128],
      [0x1305, 'TLS_AES_128_CCM_8_SHA256', CCM_8_128],
      [0x009c, 'TLS_RSA_WITH_AES_128_GCM_SHA256', GCM_128],
      [0x009d, 'TLS_RSA_WITH_AES_256_GCM_SHA384', GCM_256],
      [0x009e, 'TLS_DHE_RSA_WITH_AES_128_GCM_SHA256', GCM_128],
      [0x009f, 'TLS_DHE_RSA_WITH_AES_256_GCM_SHA384', GCM_256],
      [0xc02b, 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256', GCM_128],
      [0xc02c, 'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384', GCM_256],
      [0xc02f, 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', GCM_128],
      [0xc030, 'TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384', GCM_256],
      [0xc09c, 'TLS_RSA_WITH_AES_128_CCM', CCM_128],
      [0xc09d, 'TLS_RSA_WITH_AES_256_CCM', CCM_256],
      [0xc09e, 'TLS_DHE_RSA_WITH_AES_128_CCM', CCM_128],
      [0xc09f, 'TLS_DHE_RSA_WITH_AES_256_CCM', CCM_256],
      [0xc0a0, 'TLS_RSA_WITH_AES_128_CCM_8', CCM_8_128],
      [0xc0a1, 'TLS_RSA_WITH_AES_256_CCM_8', CCM_8_256],
      [0xc0a2, 'TLS_DHE_RSA_WITH_AES_128_CCM_8', CCM_8_128],
      [0xc0a3, 'TLS_DHE_RSA_WITH_AES_256_CCM_8', CCM_8_256],
      [0xc0ac, 'TLS_ECDHE_ECDSA_WITH_AES_128_CCM', CCM_128],
      [0xc0ad, 'TLS_ECDHE_ECDSA_WITH_AES_256_CCM', CCM_256],
      [0xc0ae, 'TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8', CCM_8_128],
      [0xc0af, 'TLS_ECDHE_ECDSA_WITH_AES_256_CCM_8', CCM_8_256],
      [0xcca8, 'TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256', CHACHA],
      [0xcca9, 'TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256', CHACHA],
      [0xccaa, 'TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256', CHACHA],
    ] as const
  ).map(([number, name, aead]) => [number, { name, ...aead }]),
);

/** The suite, or undefined when it is none of these: older ones (CBC, RC4) are not decrypted. */
export function cipherSuite(number: number): CipherSuite | undefined {
  return SUITES.get(number);
}

export function cipherSuiteName(number: number): string {
  return SUITES.get(number)?.name ?? `0x${number.toString(16).padStart(4, '0')}`;
}

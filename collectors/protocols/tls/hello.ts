/** What the first messages of a TLS handshake say in clear (RFC 8446, 4.1; RFC 5246, 7.4.1; RFC 6066; RFC 7301). */
import { ByteReader } from './byte-reader.ts';

export const Version = { Tls12: 0x0303, Tls13: 0x0304 } as const;

const VERSION_NAMES: ReadonlyMap<number, string> = new Map([
  [0x0300, 'SSL 3.0'],
  [0x0301, 'TLS 1.0'],
  [0x0302, 'TLS 1.1'],
  [0x0303, 'TLS 1.2'],
  [0x0304, 'TLS 1.3'],
]);

export function versionName(version: number): string {
  return VERSION_NAMES.get(version) ?? `0x${version.toString(16).padStart(4, '0')}`;
}

const Extension = {
  ServerName: 0,
  ApplicationProtocol: 16,
  PreSharedKey: 41,
  EarlyData: 42,
  SupportedVersions: 43,
} as const;

const RANDOM_BYTES = 32;
/** Longest name that DNS knows, and that ALPN allows. */
const NAME_BYTES_MAX = 255;
const PROTOCOLS_MAX = 8;
/** SHA-256 of "HelloRetryRequest": a ServerHello with this random asks for another ClientHello (RFC 8446, 4.1.3). */
const RETRY_RANDOM = 'cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c';

export interface ClientHello {
  /** 64 hex digits: the name under which a key log knows the connection. */
  readonly random: string;
  readonly serverName: string | undefined;
  readonly applicationProtocols: readonly string[];
  readonly offersEarlyData: boolean;
}

export interface ServerHello {
  readonly random: string;
  readonly version: number;
  readonly cipherSuite: number;
  readonly isRetry: boolean;
  /** TLS 1.3: the session goes on from an earlier one. */
  readonly acceptsPreSharedKey: boolean;
  readonly applicationProtocol: string | undefined;
}

/** The body of a ClientHello, or undefined when it is none. */
export function readClientHello(
  bytes: Uint8Array,
  start: number,
  end: number,
): ClientHello | undefined {
  const reader = new ByteReader(bytes, start, end);
  reader.number(2);
  const random = hex(reader.take(RANDOM_BYTES));
  reader.vector(1); // Session id.
  reader.vector(2); // Cipher suites.
  reader.vector(1); // Compression methods.
  if (reader.failed) return undefined;
  let serverName: string | undefined;
  let applicationProtocols: string[] = [];
  let offersEarlyData = false;
  for (const [type, body] of extensions(reader)) {
    if (type === Extension.ServerName) serverName = readServerName(body);
    else if (type === Extension.ApplicationProtocol) applicationProtocols = readProtocols(body);
    else if (type === Extension.EarlyData) offersEarlyData = true;
  }
  return { random, serverName, applicationProtocols, offersEarlyData };
}

/** The body of a ServerHello, or undefined when it is none. */
export function readServerHello(
  bytes: Uint8Array,
  start: number,
  end: number,
): ServerHello | undefined {
  const reader = new ByteReader(bytes, start, end);
  let version = reader.number(2);
  const random = hex(reader.take(RANDOM_BYTES));
  reader.vector(1); // Session id.
  const cipherSuite = reader.number(2);
  reader.number(1); // Compression method.
  if (reader.failed) return undefined;
  let acceptsPreSharedKey = false;
  let applicationProtocol: string | undefined;
  for (const [type, body] of extensions(reader)) {
    if (type === Extension.SupportedVersions) version = body.number(2);
    else if (type === Extension.PreSharedKey) acceptsPreSharedKey = true;
    else if (type === Extension.ApplicationProtocol) applicationProtocol = readProtocols(body)[0];
  }
  const isRetry = random === RETRY_RANDOM;
  return { random, version, cipherSuite, isRetry, acceptsPreSharedKey, applicationProtocol };
}

/** What the EncryptedExtensions of TLS 1.3 say, for those who have its keys. */
export function readEncryptedExtensions(
  bytes: Uint8Array,
  start: number,
  end: number,
): { readonly applicationProtocol: string | undefined; readonly acceptsEarlyData: boolean } {
  let applicationProtocol: string | undefined;
  let acceptsEarlyData = false;
  for (const [type, body] of extensions(new ByteReader(bytes, start, end))) {
    if (type === Extension.ApplicationProtocol) applicationProtocol = readProtocols(body)[0];
    else if (type === Extension.EarlyData) acceptsEarlyData = true;
  }
  return { applicationProtocol, acceptsEarlyData };
}

/** Type and body of each extension, up to the first that is not whole. */
function extensions(reader: ByteReader): [number, ByteReader][] {
  const found: [number, ByteReader][] = [];
  if (reader.left === 0) return found;
  const list = reader.vector(2);
  while (list.left > 0) {
    const type = list.number(2);
    const body = list.vector(2);
    if (list.failed) break;
    found.push([type, body]);
  }
  return found;
}

function readServerName(body: ByteReader): string | undefined {
  const list = body.vector(2);
  const type = list.number(1);
  const name = list.vector(2);
  if (list.failed || type !== 0) return undefined;
  return printable(name.take(name.left));
}

function readProtocols(body: ByteReader): string[] {
  const list = body.vector(2);
  const names: string[] = [];
  while (list.left > 0 && names.length < PROTOCOLS_MAX) {
    const name = list.vector(1);
    const text = printable(name.take(name.left));
    if (list.failed || text === undefined) break;
    names.push(text);
  }
  return names;
}

/** A name as it may be shown: visible ASCII, which is all that a host name or a protocol name is made of. */
function printable(bytes: Uint8Array): string | undefined {
  if (bytes.length === 0 || bytes.length > NAME_BYTES_MAX) return undefined;
  const text = Buffer.from(bytes).toString('latin1');
  return /^[\x21-\x7e]+$/.test(text) ? text : undefined;
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
}

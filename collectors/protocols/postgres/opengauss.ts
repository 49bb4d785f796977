/**
 * What openGauss and GaussDB add to the protocol: messages of their clients, a Bind of many rows at once, and requests
 * for authentication of their own. Written from the server's and the drivers' sources; no server was at hand.
 */
import { Keep } from './messages.ts';
import type { RawParameters } from './pending.ts';

/** 'U' batch bind and execute: Int32 sets, then as Bind and Execute, see readBatch. */
export const BATCH_BIND = 0x55;

/**
 * Letters that its clients and coordinators use beyond PostgreSQL's: time on the network, trace ids, autonomous
 * transactions, traffic between the nodes of a distributed build. None is looked into.
 */
const CLIENT_EXTRAS = 'KVJILOuhZYqrMgstbWiAewRnNlGjakzyTox';
/** Times of the database, while it is traced. */
const SERVER_EXTRAS = 'k';

/** Makes tables of messages.ts those of an openGauss connection. */
export function keepExtras(client: Int32Array, server: Int32Array, batchBytes: number): void {
  for (const letter of CLIENT_EXTRAS) client[letter.charCodeAt(0)] = Keep.Nothing;
  for (const letter of SERVER_EXTRAS) server[letter.charCodeAt(0)] = Keep.Nothing;
  client[BATCH_BIND] = batchBytes;
}

const AUTHENTICATION_SHA256 = 10;
const AUTHENTICATION_MD5_SHA256 = 11;
const AUTHENTICATION_SM3 = 13;
const SALT_DIGITS = 64;

/**
 * Whether a request for authentication, view[start, end), is one that only openGauss makes. Its codes 10 and 11 are also
 * PostgreSQL's SASL, whose bodies are text: there an Int32 of a stored method, here "SCRAM-..." and "r=...".
 */
export function asksAsOpengauss(view: DataView, start: number, end: number): boolean {
  const length = end - start;
  if (length < 8) return false;
  const method = view.getUint32(start + 4);
  switch (view.getUint32(start)) {
    case AUTHENTICATION_SHA256:
      return method <= 3;
    case AUTHENTICATION_MD5_SHA256:
      return length === 4 + SALT_DIGITS + 4 && method >>> 16 !== 0x723d; // 'r='
    case AUTHENTICATION_SM3:
      return method === 3 && length >= 8 + SALT_DIGITS;
    default:
      return false;
  }
}

export interface Batch {
  readonly setsCount: number;
  readonly nameStart: number;
  readonly nameEnd: number;
  /** Of all sets, one after the other. */
  readonly parameters: RawParameters | undefined;
  /** A Describe is in it, and will be answered. */
  readonly describes: 'statement' | 'portal' | undefined;
}

const DESCRIBE = 0x44;
const OF_STATEMENT = 0x53;

/**
 * Int32 sets, String portal (empty), String statement, Int16{Int16 format}, Int16{Int16 result format}, Int16 values a
 * set, then the values of each set as in Bind, then 'D', Byte1, String where it describes, then 'E', String, Int32.
 * Undefined when the message does not hold what it claims.
 */
export function readBatch(
  bytes: Uint8Array,
  view: DataView,
  start: number,
  end: number,
  wantsValues: boolean,
): Batch | undefined {
  if (end - start < 16) return undefined;
  const setsCount = view.getUint32(start);
  const nameStart = bytes.indexOf(0, start + 4) + 1;
  const nameEnd = bytes.indexOf(0, nameStart);
  if (nameStart <= 0 || nameEnd < 0 || nameEnd + 7 > end) return undefined;
  let position = nameEnd + 1;
  const formats: number[] = [];
  const formatsCount = view.getUint16(position);
  position += 2;
  if (position + formatsCount * 2 + 4 > end) return undefined;
  for (let index = 0; index < formatsCount; index++, position += 2)
    formats.push(view.getUint16(position));
  position += 2 + view.getUint16(position) * 2;
  if (position + 2 > end) return undefined;
  const perSet = view.getUint16(position);
  position += 2;
  // Each value takes four bytes or more.
  if (setsCount === 0 || setsCount * perSet * 4 > end - position) return undefined;
  const values: (Uint8Array | null)[] = [];
  for (let left = setsCount * perSet; left > 0; left--) {
    if (position + 4 > end) return undefined;
    const length = Math.max(-1, view.getInt32(position));
    position += 4;
    if (position + length > end) return undefined;
    if (wantsValues) values.push(length < 0 ? null : bytes.slice(position, position + length));
    if (length > 0) position += length;
  }
  const describes = position + 1 < end && view.getUint8(position) === DESCRIBE;
  const target = describes ? view.getUint8(position + 1) : 0;
  return {
    setsCount,
    nameStart,
    nameEnd,
    parameters: wantsValues
      ? { formats: formatsOfAll(formats, perSet, setsCount), values }
      : undefined,
    describes: describes ? (target === OF_STATEMENT ? 'statement' : 'portal') : undefined,
  };
}

/** One format for all values, or one for each value of a set: then for those of every set. */
function formatsOfAll(formats: readonly number[], perSet: number, setsCount: number): number[] {
  if (formats.length <= 1) return [...formats];
  return Array.from({ length: perSet * setsCount }, (_, index) => formats[index % perSet] ?? 0);
}

/**
 * By what name a value is kept: a keyed hash, so that equal values are known for equal, and what of it may be shown.
 *
 * Against whom: who reads the store, or a copy of it, without the key's file cannot tell a value from its hash, nor try
 * values until one fits; who has both can try all card numbers or all small numbers. So the key lies beside the store, not
 * in it: no backup and no export holds it. It is the collector's: another collector gives the same value another hash.
 * What is shown is more: a masked value tells its ends and its length, which for short values is much, so that short ones tell
 * only their length. Nothing here protects the texts of statements, which `events` keeps as they came.
 */
import { createHmac, randomBytes, randomUUID } from 'node:crypto';
import { existsSync, linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MirrorSqlError, systemCode } from '../../core/errors.ts';

/** What of a value is shown: nothing, its ends and its length, or all. */
export const VALUE_MODES = ['hashed', 'masked', 'plain'] as const;
export type ValueMode = (typeof VALUE_MODES)[number];

const KEY_FILE = 'values.key';
const KEY_BYTES = 32;
const KEY_TEXT = /^[0-9a-f]{64}\n?$/;
/** Below, the ends of a value are most of it. */
const MASKED_LENGTH_MIN = 6;
const SHOWN_MAX = 64;

/** @throws MirrorSqlError MSQL_STORE_DIRECTORY when the key's file cannot be read or written */
export function readValueKey(directory: string): Buffer {
  const path = join(directory, KEY_FILE);
  try {
    if (!existsSync(path)) makeKey(path);
    const text = readFileSync(path, 'latin1');
    if (!KEY_TEXT.test(text)) throw new Error(`${path} holds no key; remove it to make another`);
    return Buffer.from(text.trim(), 'hex');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new MirrorSqlError('MSQL_STORE_DIRECTORY', reason, { cause: error });
  }
}

/** The file appears whole: of workers that begin at the same time, one makes the key, and the others read it. */
function makeKey(path: string): void {
  const own = `${path}.${randomUUID()}`;
  try {
    writeFileSync(own, `${randomBytes(KEY_BYTES).toString('hex')}\n`, {
      mode: 0o600,
      flag: 'wx',
      flush: true,
    });
    linkSync(own, path);
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error;
  } finally {
    rmSync(own, { force: true });
  }
}

export class ValueNames {
  readonly #key: Buffer;
  readonly #mode: ValueMode;

  constructor(key: Buffer, mode: ValueMode) {
    this.#key = key;
    this.#mode = mode;
  }

  /** For hashes that never leave the memory. */
  get seed(): number {
    return this.#key.readInt32LE(0);
  }

  /** HMAC-SHA256 (RFC 2104), its first 64 bits as 16 hex digits; never all zeros, which stand for all values. */
  hash(value: string): string {
    const hash = createHmac('sha256', this.#key).update(value).digest('hex').slice(0, 16);
    return hash === '0000000000000000' ? '0000000000000001' : hash;
  }

  shown(value: string): string {
    if (this.#mode === 'hashed') return '';
    if (this.#mode === 'plain') {
      return value.length <= SHOWN_MAX ? value : `${value.slice(0, SHOWN_MAX)}…`;
    }
    const characters = [...value];
    const { length } = characters;
    if (length < MASKED_LENGTH_MIN) return `(${length})`;
    return `${characters[0] ?? ''}…${characters.at(-1) ?? ''} (${length})`;
  }
}

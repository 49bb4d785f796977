/**
 * A segment: rows of one table as a Native block in a file. Its name is made of its content, so that the same capture
 * makes the same names and the store can tell what it has already. A segment is complete once it has its name.
 */
import { createHash } from 'node:crypto';
import { readdirSync, rmSync, statSync } from 'node:fs';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as othersFirst } from 'node:timers/promises';
import { systemCode } from '../core/errors.ts';
import { SEGMENT_NAME_PATTERN } from './segment-name.ts';
import { type Block, SEGMENT_TABLES, type SegmentTable } from './tables/table-rows.ts';

export interface Segment {
  /** TABLE.ORDINAL.HASH: the file's name, the deduplication token, and the key of the ledger. */
  readonly name: string;
  readonly table: SegmentTable;
  readonly path: string;
  readonly rowsCount: number;
  /** Of the file. */
  readonly sizeBytes: number;
}

const HASHED_AT_ONCE_BYTES = 256 * 1024;
const ABANDONED_AFTER_MS = 3_600_000;

/**
 * Writes the rows to a file in `directory`, which is made again where somebody has removed it. Hashing is done in slices
 * and writing by the threads of the system's pool, so that whoever captures goes on meanwhile. `ordinal` counts the segments of one load.
 * @returns the segment when its bytes are on the disk and the file has its name
 */
export async function writeSegment(
  directory: string,
  { table, rowsCount, bytes, storedAtBytes }: Block,
  ordinal: number,
): Promise<Segment> {
  const hash = await contentHash(bytes.subarray(0, bytes.length - storedAtBytes));
  const name = `${table}.${String(ordinal).padStart(6, '0')}.${hash}`;
  const path = join(directory, name);
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    await writeDurably(temporary, bytes);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await writeDurably(temporary, bytes);
  }
  await rename(temporary, path);
  return { name, table, path, rowsCount, sizeBytes: bytes.length };
}

async function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'w', 0o600);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  } finally {
    await file.close();
  }
}

/**
 * In slices between which others have their turn. The pool's threads would do it aside, but are given a copy of all bytes,
 * and copying takes as long as hashing.
 */
async function contentHash(bytes: Uint8Array): Promise<string> {
  const hash = createHash('sha256');
  for (let start = 0; start < bytes.length; start += HASHED_AT_ONCE_BYTES) {
    if (start > 0) await othersFirst();
    hash.update(bytes.subarray(start, start + HASHED_AT_ONCE_BYTES));
  }
  return hash.digest('hex').slice(0, 32);
}

/** Names of whole segments that an earlier run left, in order; files of runs that ended while writing are removed. */
export function leftoverNames(directory: string): string[] {
  const names: string[] = [];
  for (const entry of readdirSync(directory)) {
    if (tableOf(entry) !== undefined) names.push(entry);
    else if (entry.endsWith('.tmp') && isAbandoned(join(directory, entry))) {
      rmSync(join(directory, entry), { force: true });
    }
  }
  return names.sort();
}

function isAbandoned(path: string): boolean {
  try {
    return Date.now() - statSync(path).mtimeMs > ABANDONED_AFTER_MS;
  } catch {
    return false; // Its writer has just given it its name.
  }
}

function tableOf(name: string): SegmentTable | undefined {
  const table = SEGMENT_NAME_PATTERN.exec(name)?.[1];
  return SEGMENT_TABLES.find((known) => known === table);
}

/**
 * A leftover segment, its content compared with the hash in its name. 'damaged' when they differ, 'gone' when another
 * process has sent it meanwhile.
 */
export async function readLeftover(
  directory: string,
  name: string,
): Promise<Segment | 'damaged' | 'gone'> {
  const table = tableOf(name);
  if (table === undefined) return 'damaged';
  const path = join(directory, name);
  try {
    const file = await open(path);
    try {
      const bytes = await file.readFile();
      const rowsCount = rowsOf(bytes);
      const hashed = bytes.length - rowsCount * 4; // Without the data of stored_at, four bytes a row.
      if (rowsCount <= 0 || hashed <= 0) return 'damaged';
      const hash = await contentHash(bytes.subarray(0, hashed));
      if (!name.endsWith(`.${hash}`)) return 'damaged';
      return { name, table, path, rowsCount, sizeBytes: bytes.length };
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return 'gone';
    throw error;
  }
}

/** The second varint of a block; -1 when there is none. */
function rowsOf(bytes: Uint8Array): number {
  let at = 0;
  while (at < bytes.length && (bytes[at] ?? 0) >= 0x80) at++;
  at++;
  let value = 0;
  for (let scale = 1; at < bytes.length && scale < 2 ** 35; scale *= 128) {
    const byte = bytes[at++] ?? 0;
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return value;
  }
  return -1;
}

/**
 * A segment: rows of one table as a Native block in a file. Its name is made of its content, so that the same capture
 * makes the same names and the store can tell what it has already. A segment is complete once it has its name.
 */
import { createHash } from 'node:crypto';
import { closeSync, fsync, openSync, readdirSync, rmSync, statSync, writevSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { SEGMENT_NAME_PATTERN } from './segment-name.ts';
import { SEGMENT_TABLES, type SegmentTable, type TableRows } from './tables/table-rows.ts';

export interface Segment {
  /** TABLE.ORDINAL.HASH: the file's name, the deduplication token, and the key of the ledger. */
  readonly name: string;
  readonly table: SegmentTable;
  readonly path: string;
  readonly rowsCount: number;
  /** Of the file. */
  readonly sizeBytes: number;
}

const ABANDONED_AFTER_MS = 3_600_000;
const fsyncFile = promisify(fsync);

/**
 * Writes the rows to a file. The bytes are handed to the system at once; the promise resolves when they are on the disk
 * and the file has its name. `ordinal` counts the segments of one load.
 */
export function writeSegment(
  directory: string,
  rows: TableRows,
  ordinal: number,
  collector: string,
  storedAtSeconds: number,
): Promise<Segment> {
  const chunks = rows.block(collector, storedAtSeconds);
  const rowsCount = rows.rowsCount;
  const name = `${rows.table}.${String(ordinal).padStart(6, '0')}.${contentHash(chunks.slice(0, -1))}`;
  const path = join(directory, name);
  const temporary = `${path}.${process.pid}.tmp`;
  const file = openSync(temporary, 'w', 0o600);
  try {
    writeAll(file, chunks);
  } catch (error) {
    closeSync(file);
    rmSync(temporary, { force: true });
    throw error;
  }
  const sizeBytes = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  return settle(file, temporary, { name, table: rows.table, path, rowsCount, sizeBytes });
}

async function settle(file: number, temporary: string, segment: Segment): Promise<Segment> {
  try {
    await fsyncFile(file);
  } finally {
    closeSync(file);
  }
  await rename(temporary, segment.path);
  return segment;
}

function writeAll(file: number, chunks: readonly Uint8Array[]): void {
  let rest = chunks.filter((chunk) => chunk.length > 0);
  while (rest.length > 0) {
    let written = writevSync(file, rest);
    let index = 0;
    while (index < rest.length && written >= (rest[index]?.length ?? 0)) {
      written -= rest[index]?.length ?? 0;
      index++;
    }
    rest = rest.slice(index);
    const first = rest[0];
    if (first !== undefined && written > 0) rest[0] = first.subarray(written);
  }
}

function contentHash(chunks: readonly Uint8Array[]): string {
  const hash = createHash('sha256');
  for (const chunk of chunks) hash.update(chunk);
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
      const hash = contentHash([bytes.subarray(0, hashed)]);
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

/** Bytes of a file or of standard input, gunzipped where they are gzipped, read into a buffer of the caller's. */
import { createReadStream, fstatSync, openSync, readSync, closeSync } from 'node:fs';
import { type Readable, Transform } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { cannotRead, MirrorSqlError, systemCode } from '../../src/core/errors.ts';

export interface ByteSource {
  readonly sizeBytes: number | undefined;
  readonly bytesRead: number;
  /** Fills target[offset, ...) as far as it can at once; 0 at the end. */
  read(target: Uint8Array, offset: number): Promise<number>;
  close(): Promise<void>;
}

const GZIP_MAGIC = [0x1f, 0x8b] as const;
const STREAM_CHUNK_BYTES = 1 << 20;
/** So much is unpacked at once: into 33 MiB at most (deflate packs 1 : 1032). */
const PACKED_PIECE_BYTES = 32 << 10;

/** @throws MirrorSqlError MSQL_CAPTURE_READ when the file cannot be opened. */
export async function openByteSource(path: string): Promise<ByteSource> {
  if (path === '-') return openStream(process.stdin, undefined, 'standard input');
  let fd: number;
  let sizeBytes: number | undefined;
  try {
    fd = openSync(path, 'r');
    const stat = fstatSync(fd);
    if (stat.isDirectory()) {
      closeSync(fd);
      throw new MirrorSqlError('MSQL_CAPTURE_READ', `${path} is a directory, not a capture file`);
    }
    sizeBytes = stat.isFile() ? stat.size : undefined;
  } catch (error) {
    throw readError(path, error);
  }
  if (sizeBytes === undefined) {
    return openStream(
      createReadStream('', { fd, highWaterMark: STREAM_CHUNK_BYTES }),
      undefined,
      path,
    );
  }
  const magic = new Uint8Array(2);
  readSync(fd, magic, 0, 2, 0);
  if (magic[0] === GZIP_MAGIC[0] && magic[1] === GZIP_MAGIC[1]) {
    return openStream(
      createReadStream('', { fd, start: 0, highWaterMark: STREAM_CHUNK_BYTES }),
      sizeBytes,
      path,
    );
  }
  return new FileBytes(fd, sizeBytes, path);
}

/** The error that a command shows when `path` cannot be read. */
function readError(path: string, error: unknown): MirrorSqlError {
  if (error instanceof MirrorSqlError) return error;
  return cannotRead('MSQL_CAPTURE_READ', path, error);
}

/** A plain file, read by position: the fastest way, one copy. */
class FileBytes implements ByteSource {
  bytesRead = 0;
  readonly sizeBytes: number;
  readonly #fd: number;
  readonly #path: string;

  constructor(fd: number, sizeBytes: number, path: string) {
    this.#fd = fd;
    this.sizeBytes = sizeBytes;
    this.#path = path;
  }

  async read(target: Uint8Array, offset: number): Promise<number> {
    // Reading is synchronous on purpose: a page-cache copy of 4 MiB takes less time than a thread-pool round trip
    // costs, and the pipeline has nothing else to do (test/bench/decode.bench.ts). Yielding keeps Ctrl-C alive.
    await new Promise((resolve) => setImmediate(resolve));
    try {
      const count = readSync(this.#fd, target, offset, target.length - offset, null);
      this.bytesRead += count;
      return count;
    } catch (error) {
      throw readError(this.#path, error);
    }
  }

  close(): Promise<void> {
    closeSync(this.#fd);
    return Promise.resolve();
  }
}

/** A pipe or a compressed file. */
export async function openStream(
  raw: Readable,
  sizeBytes: number | undefined,
  path: string,
): Promise<ByteSource> {
  let bytesRead = 0;
  const counted = raw.pipe(
    new Transform({
      transform(chunk: Buffer, _encoding, done): void {
        bytesRead += chunk.length;
        done(null, chunk);
      },
    }),
  );
  raw.on('error', (error) => counted.destroy(error));
  let first = await firstChunk(counted, path);
  // A pipe may hand over a single byte: too little to tell.
  while (first?.length === 1) {
    const more = await firstChunk(counted, path);
    if (more === undefined) break;
    first = Buffer.concat([first, more]);
  }
  if (first !== undefined) counted.unshift(first);
  const packed = first?.[0] === GZIP_MAGIC[0] && first[1] === GZIP_MAGIC[1];
  const chunks = packed
    ? unpacked(counted)
    : (counted[Symbol.asyncIterator]() as AsyncIterator<Buffer>);
  return new StreamBytes(chunks, raw, () => bytesRead, sizeBytes, path);
}

/**
 * What is in a gzipped stream; when that is cut off, all of it up to there, then the error. (A stream that fails drops
 * what it has not handed out yet, so the pieces are taken from it as they come.)
 */
async function* unpacked(packed: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, void> {
  const gunzip = createGunzip({ chunkSize: STREAM_CHUNK_BYTES });
  let ready: Buffer[] = [];
  let failure: Error | undefined;
  gunzip.on('data', (chunk: Buffer) => ready.push(chunk));
  const over = new Promise<void>((resolve) => {
    gunzip.once('end', resolve).once('error', (error) => {
      failure = error;
      resolve();
    });
  });
  for await (const chunk of packed) {
    for (let start = 0; start < chunk.length; start += PACKED_PIECE_BYTES) {
      const piece = chunk.subarray(start, start + PACKED_PIECE_BYTES);
      const taken = new Promise<void>((resolve) => {
        gunzip.write(piece, () => {
          resolve();
        });
      });
      await Promise.race([taken, over]);
      yield* ready;
      ready = [];
    }
    if (failure !== undefined) break;
  }
  gunzip.end();
  await over;
  yield* ready;
  if (failure !== undefined) throw failure;
}

function firstChunk(stream: Readable, path: string): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    const onReadable = (): void => {
      const chunk = stream.read() as Buffer | null;
      if (chunk === null) return;
      settle();
      resolve(chunk);
    };
    const onEnd = (): void => {
      settle();
      resolve(undefined);
    };
    const onError = (error: Error): void => {
      settle();
      reject(readError(path, error));
    };
    const settle = (): void => {
      stream.off('readable', onReadable).off('end', onEnd).off('error', onError);
    };
    stream.on('readable', onReadable).on('end', onEnd).on('error', onError);
  });
}

class StreamBytes implements ByteSource {
  readonly sizeBytes: number | undefined;
  readonly #chunks: AsyncIterator<Buffer>;
  readonly #raw: Readable;
  readonly #count: () => number;
  readonly #path: string;
  #rest: Buffer | undefined;

  constructor(
    chunks: AsyncIterator<Buffer>,
    raw: Readable,
    count: () => number,
    sizeBytes: number | undefined,
    path: string,
  ) {
    this.#chunks = chunks;
    this.#raw = raw;
    this.#count = count;
    this.sizeBytes = sizeBytes;
    this.#path = path;
  }

  get bytesRead(): number {
    return this.#count();
  }

  async read(target: Uint8Array, offset: number): Promise<number> {
    if (this.#rest === undefined) {
      try {
        const next = await this.#chunks.next();
        if (next.done === true) return 0;
        this.#rest = next.value;
      } catch (error) {
        throw streamError(this.#path, error);
      }
    }
    const count = Math.min(this.#rest.length, target.length - offset);
    target.set(this.#rest.subarray(0, count), offset);
    this.#rest = count < this.#rest.length ? this.#rest.subarray(count) : undefined;
    return count;
  }

  close(): Promise<void> {
    this.#raw.destroy();
    return Promise.resolve();
  }
}

function streamError(path: string, error: unknown): MirrorSqlError {
  if (systemCode(error)?.startsWith('Z_') === true) {
    return new MirrorSqlError('MSQL_CAPTURE_FORMAT', `${path} is gzipped but damaged or cut off`, {
      cause: error,
    });
  }
  return readError(path, error);
}

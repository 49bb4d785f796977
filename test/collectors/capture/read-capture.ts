/** Reads a capture file as the collector does, and keeps what came. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openCapture } from '../../../collectors/capture/open.ts';
import { MirrorSqlError } from '../../../src/core/errors.ts';

export interface SeenPacket {
  readonly hex: string;
  readonly tsUs: number;
  readonly originalLength: number;
  readonly linkType: number;
}

export interface SeenCapture {
  readonly packets: SeenPacket[];
  readonly truncated: boolean;
  readonly bytesRead: number;
  readonly sizeBytes: number | undefined;
  /** Code of the error that ended it. */
  readonly failure: string | undefined;
  readonly failureText: string | undefined;
}

/** Runs `work` with a file of these bytes, which is gone afterwards. */
export async function withFile<T>(
  bytes: Uint8Array,
  work: (path: string) => T | Promise<T>,
): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), 'mirrorsql-capture-'));
  try {
    const path = join(directory, 'capture');
    writeFileSync(path, bytes);
    return await work(path);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

export async function readPath(path: string): Promise<SeenCapture> {
  const packets: SeenPacket[] = [];
  let failure: string | undefined;
  let failureText: string | undefined;
  let state = { truncated: false, bytesRead: 0, sizeBytes: undefined as number | undefined };
  try {
    const source = await openCapture(path);
    try {
      const handler = {
        packet(
          bytes: Uint8Array,
          view: DataView,
          offset: number,
          capturedLength: number,
          originalLength: number,
          tsUs: number,
          linkType: number,
        ): void {
          const seen = Buffer.from(view.buffer, view.byteOffset + offset, capturedLength);
          if (seen.compare(bytes.subarray(offset, offset + capturedLength)) !== 0)
            throw new Error('bytes and view do not look at the same memory');
          packets.push({ hex: seen.toString('hex'), tsUs, originalLength, linkType });
        },
      };
      while (await source.readChunk(handler));
    } finally {
      state = {
        truncated: source.truncated,
        bytesRead: source.bytesRead,
        sizeBytes: source.sizeBytes,
      };
      await source.close();
    }
  } catch (error) {
    if (!(error instanceof MirrorSqlError)) throw error;
    failure = error.code;
    failureText = error.message;
  }
  return { packets, ...state, failure, failureText };
}

export function readBytes(bytes: Uint8Array): Promise<SeenCapture> {
  return withFile(bytes, readPath);
}

/** From when to when the rows of a segment tell, read from its file: only its head, and only when somebody asks. */
import { closeSync, openSync, readSync } from 'node:fs';
import type { Window } from '../events/facts.ts';

/** A segment's first column, where it is a time, lies within: 8 bytes for each of at most 65,536 rows, and the head. */
const HEAD_BYTES = 8 * 65_536 + 256;

/** Undefined when the segment's first column is not a time, or the file cannot be read. */
export function segmentTimes(path: string): Window | undefined {
  let fromUs = Infinity;
  let toUs = -Infinity;
  const any = eachTime(path, (us) => {
    fromUs = Math.min(fromUs, us);
    toUs = Math.max(toUs, us);
  });
  return any ? { fromUs, toUs: toUs + 1 } : undefined;
}

/** Rows by the second of their time, in microseconds; empty when the rows have no time. */
export function segmentSeconds(path: string): Map<number, number> {
  const seconds = new Map<number, number>();
  eachTime(path, (us) => {
    const secondUs = Math.floor(us / 1_000_000) * 1_000_000;
    seconds.set(secondUs, (seconds.get(secondUs) ?? 0) + 1);
  });
  return seconds;
}

/** False when there is none. */
function eachTime(path: string, take: (us: number) => void): boolean {
  const head = readHead(path);
  if (head === undefined) return false;
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; at < head.length; scale *= 128) {
      const byte = head[at++] ?? 0;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) break;
    }
    return value;
  };
  const text = (): string => {
    const length = varint();
    at += length;
    return head.toString('latin1', at - length, at);
  };
  varint(); // Columns.
  const rowsCount = varint();
  text(); // The column's name.
  const type = text();
  const wide = type.startsWith('DateTime64(6');
  const sizeBytes = wide ? 8 : 4;
  if (!(wide || type.startsWith('DateTime(')) || at + rowsCount * sizeBytes > head.length) {
    return false;
  }
  for (let row = 0; row < rowsCount; row++, at += sizeBytes) {
    const low = head.readUInt32LE(at);
    const us = wide ? low + head.readUInt32LE(at + 4) * 2 ** 32 : low * 1_000_000;
    take(us);
  }
  return rowsCount > 0;
}

function readHead(path: string): Buffer | undefined {
  try {
    const file = openSync(path, 'r');
    try {
      const head = Buffer.alloc(HEAD_BYTES);
      return head.subarray(0, readSync(file, head, 0, HEAD_BYTES, 0));
    } finally {
      closeSync(file);
    }
  } catch {
    return undefined; // The caller knows the segment's other facts.
  }
}

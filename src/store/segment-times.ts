/** From when to when the rows of a segment tell, read from its file: only its head, and only when somebody asks. */
import { closeSync, openSync, readSync } from 'node:fs';
import type { Window } from '../events/facts.ts';

/** A segment's first column, where it is a time, lies within: 8 bytes for each of at most 65,536 rows, and the head. */
const HEAD_BYTES = 8 * 65_536 + 256;

/** Undefined when the segment's first column is not a time, or the file cannot be read. */
export function segmentTimes(path: string): Window | undefined {
  const head = readHead(path);
  if (head === undefined) return undefined;
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
    return undefined;
  }
  let fromUs = Infinity;
  let toUs = -Infinity;
  for (let row = 0; row < rowsCount; row++, at += sizeBytes) {
    const low = head.readUInt32LE(at);
    const us = wide ? low + head.readUInt32LE(at + 4) * 2 ** 32 : low * 1_000_000;
    fromUs = Math.min(fromUs, us);
    toUs = Math.max(toUs, us);
  }
  return rowsCount === 0 ? undefined : { fromUs, toUs: toUs + 1 };
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

/** The smallest parts of what goes over a wire, in network byte order. */

export const cstring = (text: string): Buffer => Buffer.from(`${text}\0`);

export function int8(value: number): Buffer {
  return Buffer.of(value & 0xff);
}

export function int16(value: number): Buffer {
  return Buffer.of((value >>> 8) & 0xff, value & 0xff);
}

export function int32(value: number): Buffer {
  return Buffer.of(
    (value >>> 24) & 0xff,
    (value >>> 16) & 0xff,
    (value >>> 8) & 0xff,
    value & 0xff,
  );
}

export function bytesOf(...parts: readonly Uint8Array[]): Buffer {
  return Buffer.concat(parts);
}

/** Cut into pieces of these sizes, over and over; zero counts as one. What is left makes the last piece. */
export function cut(bytes: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  let position = 0;
  for (let turn = 0; position < bytes.length; turn++) {
    const size = sizes.length === 0 ? bytes.length : (sizes[turn % sizes.length] ?? 1);
    pieces.push(bytes.subarray(position, position + Math.max(1, size)));
    position += Math.max(1, size);
  }
  return pieces;
}

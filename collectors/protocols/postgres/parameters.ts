/**
 * Values of Bind as PostgreSQL would print them. Text format is text already; binary format is printed by the type's
 * OID (values/binary.ts); what is not known is shown as bytea: `\x` and hex.
 */
import type { RawParameters } from './pending.ts';
import { binaryText, type DecodeText, hexText } from './values/binary.ts';

const FORMAT_TEXT = 0;

const utf8: DecodeText = (bytes) =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');

/**
 * One text a value, null for NULL.
 * @param types OIDs, 0 or none where a type is not known
 * @param dialect of the server, see Session
 * @param decode from the session's encoding
 */
export function decodeParameters(
  raw: RawParameters,
  types: readonly number[],
  dialect?: string,
  decode: DecodeText = utf8,
): (string | null)[] {
  return raw.values.map((value, index) => {
    if (value === null) return null;
    const format = raw.formats.length === 1 ? raw.formats[0] : raw.formats[index];
    if ((format ?? FORMAT_TEXT) === FORMAT_TEXT) return decode(value);
    return binaryText(value, types[index] ?? 0, decode, dialect) ?? hexText(value);
  });
}

/** Int16{Int16 format}, Int16{Int32 length, Byte[length]}; undefined when the message does not hold what it claims. */
export function rawParameters(
  bytes: Uint8Array,
  view: DataView,
  start: number,
  end: number,
): RawParameters | undefined {
  if (start + 2 > end) return undefined;
  const formatsCount = view.getUint16(start);
  let position = start + 2 + formatsCount * 2;
  if (position + 2 > end) return undefined;
  const formats: number[] = [];
  for (let index = 0; index < formatsCount; index++)
    formats.push(view.getUint16(start + 2 + index * 2));
  const count = view.getUint16(position);
  position += 2;
  const values: (Uint8Array | null)[] = [];
  for (let index = 0; index < count; index++) {
    if (position + 4 > end) return undefined;
    const length = view.getInt32(position);
    position += 4;
    if (length < 0) {
      values.push(null);
      continue;
    }
    if (position + length > end) return undefined;
    values.push(bytes.slice(position, position + length));
    position += length;
  }
  return { formats, values };
}

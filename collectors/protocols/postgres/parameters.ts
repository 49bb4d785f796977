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

/**
 * Values of Bind as PostgreSQL would print them. Text format is text already; binary format is decoded by the type's
 * OID (catalog pg_type; send functions in src/backend/utils/adt); what is not known is shown as bytea: `\x` and hex.
 */
import type { RawParameters } from './pending.ts';

const FORMAT_TEXT = 0;
/** Microseconds from 1970-01-01 to 2000-01-01, where PostgreSQL counts from. */
const EPOCH_2000_DAYS = 10_957;
const DAY_US = 86_400_000_000n;
const INFINITY_TIMESTAMP = 0x7fff_ffff_ffff_ffffn;
const INFINITY_DATE = 0x7fff_ffff;

type Decode = (view: DataView, bytes: Uint8Array) => string;

/** One text a value, null for NULL. */
export function decodeParameters(raw: RawParameters, types: readonly number[]): (string | null)[] {
  return raw.values.map((value, index) => {
    if (value === null) return null;
    const format = raw.formats.length === 1 ? raw.formats[0] : raw.formats[index];
    if ((format ?? FORMAT_TEXT) === FORMAT_TEXT) return utf8(value);
    return decodeBinary(value, types[index] ?? 0);
  });
}

function decodeBinary(value: Uint8Array, type: number): string {
  const decoder = DECODERS.get(type);
  if (decoder === undefined) return hex(value);
  const [decode, sizeBytes] = decoder;
  if (sizeBytes > 0 && value.length !== sizeBytes) return hex(value);
  const view = new DataView(value.buffer, value.byteOffset, value.length);
  return decode(view, value);
}

const utf8 = (value: Uint8Array): string =>
  Buffer.from(value.buffer, value.byteOffset, value.length).toString('utf8');

const hex = (value: Uint8Array): string =>
  `\\x${Buffer.from(value.buffer, value.byteOffset, value.length).toString('hex')}`;

const asText: Decode = (_view, bytes) => utf8(bytes);

/** By type OID: how to print, and the size that the value must have (0: any). */
const DECODERS: ReadonlyMap<number, readonly [Decode, number]> = new Map<
  number,
  readonly [Decode, number]
>([
  [16, [(view): string => (view.getUint8(0) === 0 ? 'f' : 't'), 1]], // bool
  [17, [(_view, bytes): string => hex(bytes), 0]], // bytea
  [18, [asText, 0]], // "char"
  [19, [asText, 0]], // name
  [20, [(view): string => view.getBigInt64(0).toString(), 8]], // int8
  [21, [(view): string => String(view.getInt16(0)), 2]], // int2
  [23, [(view): string => String(view.getInt32(0)), 4]], // int4
  [25, [asText, 0]], // text
  [26, [(view): string => String(view.getUint32(0)), 4]], // oid
  [114, [asText, 0]], // json
  [142, [asText, 0]], // xml
  [700, [(view): string => float4(view.getFloat32(0)), 4]], // float4
  [701, [(view): string => float8(view.getFloat64(0)), 8]], // float8
  [1042, [asText, 0]], // bpchar
  [1043, [asText, 0]], // varchar
  [1082, [(view): string => date(view.getInt32(0)), 4]], // date
  [1083, [(view): string => clock(view.getBigInt64(0)), 8]], // time
  [1114, [(view): string => timestamp(view.getBigInt64(0), ''), 8]], // timestamp
  [1184, [(view): string => timestamp(view.getBigInt64(0), '+00'), 8]], // timestamptz, printed in UTC
  [1700, [numeric, 0]], // numeric
  [2950, [(_view, bytes): string => uuid(bytes), 16]], // uuid
  [3802, [jsonb, 0]], // jsonb
]);

function float8(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? 'Infinity' : '-Infinity';
  return String(value);
}

/** The shortest digits that give the same 32-bit value again. */
function float4(value: number): string {
  if (!Number.isFinite(value)) return float8(value);
  for (let digits = 1; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return String(short);
  }
  return String(value);
}

function date(days: number): string {
  if (days === INFINITY_DATE) return 'infinity';
  if (days === -INFINITY_DATE - 1) return '-infinity';
  return dayText(BigInt(days + EPOCH_2000_DAYS));
}

/** Days since 1970 as YYYY-MM-DD; years beyond what JavaScript's calendar holds stay a count of days. */
function dayText(days: bigint): string {
  const time = new Date(Number(days) * 86_400_000);
  if (Number.isNaN(time.getTime())) return `${days} days`;
  const year = time.getUTCFullYear();
  const monthDay = `${pad(time.getUTCMonth() + 1)}-${pad(time.getUTCDate())}`;
  return year > 0 ? `${pad(year, 4)}-${monthDay}` : `${pad(1 - year, 4)}-${monthDay} BC`;
}

function clock(us: bigint): string {
  const seconds = Number(us / 1_000_000n);
  const fraction = fractionText(us % 1_000_000n);
  return `${pad(Math.floor(seconds / 3600))}:${pad(Math.floor(seconds / 60) % 60)}:${pad(seconds % 60)}${fraction}`;
}

function timestamp(us: bigint, zone: string): string {
  if (us === INFINITY_TIMESTAMP) return 'infinity';
  if (us === -INFINITY_TIMESTAMP - 1n) return '-infinity';
  let days = us / DAY_US;
  let rest = us % DAY_US;
  if (rest < 0n) {
    rest += DAY_US;
    days -= 1n;
  }
  const day = dayText(days + BigInt(EPOCH_2000_DAYS));
  const suffix = day.endsWith(' BC') ? ' BC' : '';
  return `${day.replace(' BC', '')} ${clock(rest)}${zone}${suffix}`;
}

function fractionText(us: bigint): string {
  if (us === 0n) return '';
  return `.${us.toString().padStart(6, '0').replace(/0+$/, '')}`;
}

const pad = (value: number, width = 2): string => String(value).padStart(width, '0');

const NUMERIC_NEGATIVE = 0x4000;
const NUMERIC_SPECIAL: Readonly<Record<number, string>> = {
  0xc000: 'NaN',
  0xd000: 'Infinity',
  0xf000: '-Infinity',
};

/** Int16 digits, Int16 weight, UInt16 sign, UInt16 scale, then base-10000 digits. */
function numeric(view: DataView, bytes: Uint8Array): string {
  if (bytes.length < 8) return hex(bytes);
  const digitsCount = view.getUint16(0);
  const weight = view.getInt16(2);
  const sign = view.getUint16(4);
  const scale = view.getUint16(6);
  const special = NUMERIC_SPECIAL[sign];
  if (special !== undefined) return special;
  if (bytes.length !== 8 + digitsCount * 2) return hex(bytes);
  const group = (index: number): string =>
    index >= 0 && index < digitsCount ? pad(view.getUint16(8 + index * 2), 4) : '0000';
  let whole = '';
  for (let index = 0; index <= weight; index++) whole += group(index);
  whole = whole.replace(/^0+/, '') || '0';
  let fraction = '';
  for (let index = weight + 1; fraction.length < scale; index++) fraction += group(index);
  const point = scale > 0 ? `.${fraction.slice(0, scale)}` : '';
  return `${sign === NUMERIC_NEGATIVE ? '-' : ''}${whole}${point}`;
}

function uuid(bytes: Uint8Array): string {
  return hex(bytes)
    .slice(2)
    .replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

/** A version byte, 1, in front of the text. */
function jsonb(_view: DataView, bytes: Uint8Array): string {
  return bytes[0] === 1 ? utf8(bytes.subarray(1)) : hex(bytes);
}

/**
 * One value in binary format, printed by the OID of its type (catalog pg_type; the send functions in
 * src/backend/utils/adt). Undefined when the type is not known or the bytes cannot be of it.
 */
import {
  bitsText,
  circleText,
  inetText,
  lineText,
  lsnText,
  macText,
  pathText,
  pointsText,
} from './addresses.ts';
import { arrayText, multirangeText, rangeText, rowText, vectorText } from './nested.ts';
import { float4Text, float8Text, numericText } from './numbers.ts';
import { dateText, intervalText, timestampText, timeText, timeZonedText } from './times.ts';

/** Bytes as text: the session's encoding is known to the caller. */
export type DecodeText = (bytes: Uint8Array) => string;

type Print = (
  view: DataView,
  bytes: Uint8Array,
  decode: DecodeText,
  depth: number,
) => string | undefined;

/** A range of a row of an array: nothing real goes deeper, and quotes double with each level. */
const DEPTH_MAX = 3;

export const hexText = (bytes: Uint8Array): string =>
  `\\x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex')}`;

/** @param dialect of the server: its own types */
export function binaryText(
  bytes: Uint8Array,
  type: number,
  decode: DecodeText,
  dialect: string | undefined,
): string | undefined {
  return print(bytes, type, decode, dialect === 'kingbase' ? DEPTH_KINGBASE : 0);
}

/** Added to the depth, so that the dialect reaches the inner values as well. */
const DEPTH_KINGBASE = 0x100;

function print(
  bytes: Uint8Array,
  type: number,
  decode: DecodeText,
  depth: number,
): string | undefined {
  const known = TYPES.get(type) ?? (depth >= DEPTH_KINGBASE ? KINGBASE_TYPES.get(type) : undefined);
  if (known === undefined) return undefined;
  const [text, sizeBytes] = known;
  if (sizeBytes > 0 && bytes.length !== sizeBytes) return undefined;
  return text(new DataView(bytes.buffer, bytes.byteOffset, bytes.length), bytes, decode, depth);
}

type InnerOf = (
  view: DataView,
  inner: (type: number, start: number, end: number) => string | undefined,
) => string | undefined;

function nested(text: InnerOf): Type {
  return [
    (view, bytes, decode, depth): string | undefined => {
      if ((depth & 0xff) >= DEPTH_MAX) return undefined;
      return text(view, (type, start, end) =>
        print(bytes.subarray(start, end), type, decode, depth + 1),
      );
    },
    0,
  ];
}

/** How to print, and the size that a value must have (0: any). */
type Type = readonly [Print, number];

const text: Type = [(_view, bytes, decode): string => decode(bytes), 0];
const bytea: Type = [(_view, bytes): string => hexText(bytes), 0];
const int4: Type = [(view): string => String(view.getInt32(0)), 4];
const uint4: Type = [(view): string => String(view.getUint32(0)), 4];
const uint8: Type = [(view): string => view.getBigUint64(0).toString(), 8];
const int1: Type = [(view): string => String(view.getInt8(0)), 1];
const date: Type = [(view): string => dateText(view.getInt32(0)), 4];
const time: Type = [(view): string => timeText(view.getBigInt64(0)), 8];
const timestamp: Type = [(view): string => timestampText(view.getBigInt64(0), ''), 8];
const bits: Type = [(view): string | undefined => bitsText(view), 0];
const interval: Type = [
  (view): string => intervalText(view.getBigInt64(0), view.getInt32(8), view.getInt32(12)),
  16,
];
/** A version byte, 1, in front of the text. */
const versioned: Type = [
  (_view, bytes, decode): string | undefined =>
    bytes[0] === 1 ? decode(bytes.subarray(1)) : undefined,
  0,
];
/** The one byte; zero is printed as nothing. */
const char: Type = [(_view, bytes, decode): string => (bytes[0] === 0 ? '' : decode(bytes)), 1];
const uuid: Type = [
  (_view, bytes): string =>
    hexText(bytes)
      .slice(2)
      .replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-'),
  16,
];
const tid: Type = [(view): string => `(${view.getUint32(0)},${view.getUint16(4)})`, 6];

const array = nested(arrayText);
const vector = nested(vectorText);
const row = nested(rowText);
const rangeOf = (type: number): Type => nested((view, inner) => rangeText(view, type, inner));
const multirangeOf = (rangeType: number): Type =>
  nested((view, inner) => multirangeText(view, rangeType, inner));

/** money (790) is not here: what it is printed as depends on the server's lc_monetary. */
const TYPES: ReadonlyMap<number, Type> = new Map<number, Type>([
  [16, [(view): string => (view.getUint8(0) === 0 ? 'f' : 't'), 1]], // bool
  [17, bytea],
  [18, char],
  [19, text], // name
  [20, [(view): string => view.getBigInt64(0).toString(), 8]], // int8
  [21, [(view): string => String(view.getInt16(0)), 2]], // int2
  [22, vector], // int2vector
  [23, int4],
  [25, text],
  [26, uint4], // oid
  [27, tid],
  [28, uint4], // xid
  [29, uint4], // cid
  [30, vector], // oidvector
  [114, text], // json
  [142, text], // xml
  [600, [(view): string => pointsText(view, '', ''), 16]], // point
  [601, [(view): string => pointsText(view, '[', ']'), 32]], // lseg
  [602, [(view): string | undefined => pathText(view, 1), 0]], // path
  [603, [(view): string => pointsText(view, '', ''), 32]], // box
  [604, [(view): string | undefined => pathText(view, 0), 0]], // polygon
  [628, [lineText, 24]], // line
  [650, [(view): string | undefined => inetText(view, true), 0]], // cidr
  [700, [(view): string => float4Text(view.getFloat32(0)), 4]],
  [701, [(view): string => float8Text(view.getFloat64(0)), 8]],
  [705, text], // unknown
  [718, [circleText, 24]], // circle
  [774, [(_view, bytes): string => macText(bytes), 8]], // macaddr8
  [829, [(_view, bytes): string => macText(bytes), 6]], // macaddr
  [869, [(view): string | undefined => inetText(view, false), 0]], // inet
  [1042, text], // bpchar
  [1043, text], // varchar
  [1082, date],
  [1083, time],
  [1114, timestamp],
  [1184, [(view): string => timestampText(view.getBigInt64(0), '+00'), 8]], // timestamptz
  [1186, interval],
  [1266, [(view): string => timeZonedText(view.getBigInt64(0), view.getInt32(8)), 12]], // timetz
  [1560, bits], // bit
  [1562, bits], // varbit
  [1700, [(view): string | undefined => numericText(view), 0]],
  [2249, row], // record
  [2950, uuid],
  [3220, [(view): string => lsnText(view), 8]], // pg_lsn
  [3802, versioned], // jsonb
  [3904, rangeOf(23)], // int4range
  [3906, rangeOf(1700)], // numrange
  [3908, rangeOf(1114)], // tsrange
  [3910, rangeOf(1184)], // tstzrange
  [3912, rangeOf(1082)], // daterange
  [3926, rangeOf(20)], // int8range
  [4072, versioned], // jsonpath
  [4451, multirangeOf(3904)],
  [4532, multirangeOf(3906)],
  [4533, multirangeOf(3908)],
  [4534, multirangeOf(3910)],
  [4535, multirangeOf(3912)],
  [4536, multirangeOf(3926)],
  [5069, uint8], // xid8
  // Arrays of the types above; the element's type stands in the value as well.
  ...[
    143, 199, 629, 651, 719, 775, 1000, 1001, 1002, 1003, 1005, 1006, 1007, 1009, 1010, 1011, 1012,
    1013, 1014, 1015, 1016, 1017, 1018, 1019, 1020, 1021, 1022, 1027, 1028, 1040, 1041, 1115, 1182,
    1183, 1185, 1187, 1231, 1270, 1561, 1563, 2287, 2951, 3221, 3807, 3905, 3907, 3909, 3911, 3913,
    3927, 4073, 6150, 6151, 6152, 6153, 6155, 6157, 271,
  ].map((type): [number, Type] => [type, array]),
]);

/** u8 bits, then the bits: KingbaseES counts them in eight bytes. */
const kingbaseBits: Type = [
  (view): string | undefined => {
    if (view.byteLength < 8 || view.getUint32(0) !== 0) return undefined;
    return bitsText(new DataView(view.buffer, view.byteOffset + 4, view.byteLength - 4));
  },
  0,
];

/** Types that KingbaseES adds (its drivers' lists; no server was at hand to compare with). */
const KINGBASE_TYPES: ReadonlyMap<number, Type> = new Map<number, Type>([
  [3383, bytea], // binary
  [3384, bytea], // varbinary
  [4655, kingbaseBits],
  [6123, text], // rowid
  [6125, text], // urowid
  [7000, interval], // dsinterval
  [7002, interval], // yminterval
  [7014, int1],
  [7024, text], // json
  [7082, uint4],
  [7084, uint8],
  [7944, date],
  [7950, time],
  [7952, timestamp], // datetime
  [7954, timestamp],
  [8013, bytea], // blob
  [8014, text], // clob
  [8015, text], // nclob
  [8016, text], // char, counted in bytes
  [8018, text], // varchar, counted in bytes
  [8020, timestamp], // date of Oracle mode
  [8100, int1], // tinyint
]);

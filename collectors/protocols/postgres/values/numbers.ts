/**
 * Numbers in binary format as PostgreSQL prints them: float4 and float8 in the shortest digits that give the same value
 * again (src/common/d2s.c, f2s.c), numeric with its scale (src/backend/utils/adt/numeric.c: numeric_send).
 */

const NUMERIC_HEADER_BYTES = 8;
const NUMERIC_NEGATIVE = 0x4000;
const NUMERIC_SPECIAL: ReadonlyMap<number, string> = new Map([
  [0xc000, 'NaN'],
  [0xd000, 'Infinity'],
  [0xf000, '-Infinity'],
]);
/** A numeric holds at most 131072 digits before the point and 16383 after it (manual: Arbitrary Precision Numbers). */
const NUMERIC_WEIGHT_MAX = 32_768;

/** From this exponent on the output has an exponent: DBL_DIG and FLT_DIG. Below 1e-4 it has one too. */
const FIXED_DIGITS_8 = 15;
const FIXED_DIGITS_4 = 6;
const FIXED_EXPONENT_MIN = -4;
/** Below, the middle between two neighbours has more digits than any shortest text. */
const TIES_FROM = 2 ** 54;

export function float8Text(value: number): string {
  if (!Number.isFinite(value)) return specialText(value);
  return digitsText(value, shortest8(value), FIXED_DIGITS_8);
}

export function float4Text(value: number): string {
  if (!Number.isFinite(value)) return specialText(value);
  return digitsText(value, shortest4(Math.abs(value)), FIXED_DIGITS_4);
}

function specialText(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  return value > 0 ? 'Infinity' : '-Infinity';
}

/** Digits, and the power of ten of the first of them. */
interface Digits {
  readonly digits: string;
  readonly exponent: number;
}

function parsed(scientific: string): Digits {
  const [mantissa = '0', exponent = '0'] = scientific.split('e');
  const digits = mantissa.replace('.', '').replace(/0+$/, '') || '0';
  return { digits, exponent: Number(exponent) };
}

function shortest8(value: number): Digits {
  const size = Math.abs(value);
  const short = parsed(size.toExponential());
  if (size < TIES_FROM || !isTie(size, short)) return short;
  // PostgreSQL takes no digits that lie in the very middle between two values; JavaScript does.
  for (let count = short.digits.length; count <= 17; count++) {
    const near = size.toExponential(count - 1);
    const longer = parsed(near);
    if (Number(near) === size && !isTie(size, longer)) return longer;
  }
  return short;
}

/** These digits stand for the very middle between `size` (2^54 or more) and one of its neighbours. */
function isTie(size: number, { digits, exponent }: Digits): boolean {
  const scale = exponent - digits.length + 1;
  if (scale < 0) return false;
  const told = BigInt(digits) * 10n ** BigInt(scale);
  const exact = BigInt(size);
  const [below, above] = [BigInt(neighbour(size, -1n)), neighbour(size, 1n)];
  const upper = Number.isFinite(above) ? BigInt(above) : exact + (exact - below);
  return told * 2n === exact + below || told * 2n === exact + upper;
}

const words = new DataView(new ArrayBuffer(8));

function neighbour(size: number, step: bigint): number {
  words.setFloat64(0, size);
  words.setBigInt64(0, words.getBigInt64(0) + step);
  return words.getFloat64(0);
}

/** The fewest digits from which the 32-bit value is read again, and among these the nearest. */
function shortest4(size: number): Digits {
  words.setFloat32(0, size);
  const bits = words.getInt32(0);
  words.setInt32(0, bits - 1);
  const lowest = bits === 0 ? 0 : (size + words.getFloat32(0)) / 2;
  words.setInt32(0, bits + 1);
  const next = words.getFloat32(0);
  const highest = Number.isFinite(next) ? (size + next) / 2 : size + (size - lowest);
  for (let count = 1; count < 9; count++) {
    const near = nearest(size, count);
    const told = Number(near);
    if (told > lowest && told < highest) return parsed(near);
    // At a power of two the values above lie twice as far apart: the next digits up may fit where the nearest do not.
    if (told >= lowest || (bits & 0x7f_ffff) !== 0) continue;
    const up = told + 10 ** (Math.floor(Math.log10(told)) - count + 1);
    if (up < highest) return parsed(up.toExponential(count - 1));
  }
  return parsed(nearest(size, 9));
}

/** `count` digits; of two that are equally near, the even ones, where toExponential takes the upper. */
function nearest(size: number, count: number): string {
  const near = size.toExponential(count - 1);
  const exact = parsed(size.toExponential(FLOAT4_DIGITS_MAX)).digits;
  if (exact.length !== count + 1 || !/[02468]5$/.test(exact)) return near;
  return `${exact.slice(0, 1)}.${exact.slice(1, count)}${near.slice(near.indexOf('e'))}`;
}

/** Beyond these no digit of a 32-bit value that lies in the middle between two shorter ones is left. */
const FLOAT4_DIGITS_MAX = 20;

function digitsText(value: number, { digits, exponent }: Digits, fixedDigits: number): string {
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  if (value === 0) return `${sign}0`;
  if (exponent >= fixedDigits || exponent < FIXED_EXPONENT_MIN) {
    const fraction = digits.length > 1 ? `.${digits.slice(1)}` : '';
    const power = String(Math.abs(exponent)).padStart(2, '0');
    return `${sign}${digits.slice(0, 1)}${fraction}e${exponent < 0 ? '-' : '+'}${power}`;
  }
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, '0');
  const fraction = digits.slice(exponent + 1);
  return `${sign}${whole}${fraction === '' ? '' : `.${fraction}`}`;
}

/** Int16 digits, Int16 weight, UInt16 sign, UInt16 scale, then base-10000 digits; undefined when it is no numeric. */
export function numericText(view: DataView): string | undefined {
  if (view.byteLength < NUMERIC_HEADER_BYTES) return undefined;
  const digitsCount = view.getUint16(0);
  const weight = view.getInt16(2);
  const sign = view.getUint16(4);
  const scale = view.getUint16(6);
  const special = NUMERIC_SPECIAL.get(sign);
  if (special !== undefined) return special;
  if (view.byteLength !== NUMERIC_HEADER_BYTES + digitsCount * 2) return undefined;
  if (weight > NUMERIC_WEIGHT_MAX) return undefined;
  const group = (index: number): string =>
    index >= 0 && index < digitsCount
      ? String(view.getUint16(NUMERIC_HEADER_BYTES + index * 2)).padStart(4, '0')
      : '0000';
  let whole = '';
  for (let index = 0; index <= weight; index++) whole += group(index);
  whole = whole.replace(/^0+/, '') || '0';
  let fraction = '';
  for (let index = weight + 1; fraction.length < scale; index++) fraction += group(index);
  const point = scale > 0 ? `.${fraction.slice(0, scale)}` : '';
  return `${sign === NUMERIC_NEGATIVE ? '-' : ''}${whole}${point}`;
}

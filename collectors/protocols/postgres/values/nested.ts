/**
 * Values made of values in binary format as PostgreSQL prints them: arrays (array_out), ranges (range_out), multiranges
 * and rows (record_out). Undefined when the bytes are not what they claim to be.
 */

/** Prints the inner value view[start, end) of this type. */
export type PrintInner = (type: number, start: number, end: number) => string | undefined;

const DIMENSIONS_MAX = 6;
const ARRAY_SPECIAL = /^$|^null$|["\\{}\s]/i;
const RANGE_SPECIAL = /^$|["\\()[\],\s]/;
const ROW_SPECIAL = /^$|["\\(),\s]/;

const RangeFlag = { empty: 1, lowerIn: 2, upperIn: 4, lowerOpen: 8, upperOpen: 16 } as const;

/** Reads one value after the other: Int32 length (-1: NULL) and the bytes. */
class Values {
  readonly #view: DataView;
  readonly #print: PrintInner;
  position: number;
  failed = false;

  constructor(view: DataView, position: number, print: PrintInner) {
    this.#view = view;
    this.position = position;
    this.#print = print;
  }

  /** All that was claimed was there, and nothing else. */
  whole(): boolean {
    return !this.failed && this.position === this.#view.byteLength;
  }

  int32(): number {
    if (this.position + 4 > this.#view.byteLength) {
      this.failed = true;
      return 0;
    }
    const value = this.#view.getInt32(this.position);
    this.position += 4;
    return value;
  }

  next(type: number): string | null {
    const length = this.int32();
    if (this.failed || length === -1) return null;
    const start = this.position;
    if (length < 0 || start + length > this.#view.byteLength) {
      this.failed = true;
      return null;
    }
    this.position = start + length;
    const text = this.#print(type, start, start + length);
    if (text === undefined) this.failed = true;
    return text ?? null;
  }
}

/** Int32 dimensions, Int32 flags, Int32 element type, per dimension Int32 length and Int32 lower bound, the elements. */
export function arrayText(view: DataView, print: PrintInner): string | undefined {
  const values = new Values(view, 0, print);
  const dimensionsCount = values.int32();
  values.int32();
  const type = values.int32() >>> 0;
  if (dimensionsCount < 0 || dimensionsCount > DIMENSIONS_MAX) return undefined;
  const lengths: number[] = [];
  const bounds: number[] = [];
  let total = 1;
  for (let index = 0; index < dimensionsCount; index++) {
    const length = values.int32();
    lengths.push(length);
    bounds.push(values.int32());
    total *= length;
    // Each element takes four bytes or more.
    if (length < 0 || total * 4 > view.byteLength) return undefined;
  }
  if (values.failed) return undefined;
  if (dimensionsCount === 0 || total === 0) return values.whole() ? '{}' : undefined;
  // box alone has another delimiter, because it holds commas itself.
  const delimiter = type === BOX ? ';' : ',';
  const text = elementsText(values, type, lengths, 0, delimiter);
  if (!values.whole()) return undefined;
  if (bounds.every((bound) => bound === 1)) return text;
  const shown = bounds.map((bound, index) => `[${bound}:${bound + (lengths[index] ?? 0) - 1}]`);
  return `${shown.join('')}=${text}`;
}

const BOX = 603;

function elementsText(
  values: Values,
  type: number,
  lengths: readonly number[],
  depth: number,
  delimiter: string,
): string {
  const parts: string[] = [];
  for (let index = 0; index < (lengths[depth] ?? 0) && !values.failed; index++) {
    if (depth + 1 < lengths.length) {
      parts.push(elementsText(values, type, lengths, depth + 1, delimiter));
      continue;
    }
    const text = values.next(type);
    if (text === null) parts.push('NULL');
    else if (ARRAY_SPECIAL.test(text) || text.includes(delimiter))
      parts.push(`"${text.replaceAll(/["\\]/g, '\\$&')}"`);
    else parts.push(text);
  }
  return `{${parts.join(delimiter)}}`;
}

/** int2vector and oidvector are sent as arrays and printed with spaces. */
export function vectorText(view: DataView, print: PrintInner): string | undefined {
  return arrayText(view, print)
    ?.replace(/^\[[^=]*=/, '')
    .slice(1, -1)
    .replaceAll(',', ' ');
}

/** Byte flags, then the lower and the upper bound, where there are any. */
export function rangeText(view: DataView, type: number, print: PrintInner): string | undefined {
  if (view.byteLength < 1) return undefined;
  const flags = view.getUint8(0);
  if ((flags & RangeFlag.empty) !== 0) return view.byteLength === 1 ? 'empty' : undefined;
  const values = new Values(view, 1, print);
  const lower = (flags & RangeFlag.lowerOpen) === 0 ? values.next(type) : '';
  const upper = (flags & RangeFlag.upperOpen) === 0 ? values.next(type) : '';
  if (!values.whole() || lower === null || upper === null) return undefined;
  const from = (flags & RangeFlag.lowerOpen) === 0 ? quoted(lower, RANGE_SPECIAL) : '';
  const to = (flags & RangeFlag.upperOpen) === 0 ? quoted(upper, RANGE_SPECIAL) : '';
  const open = (flags & RangeFlag.lowerIn) === 0 ? '(' : '[';
  const close = (flags & RangeFlag.upperIn) === 0 ? ')' : ']';
  return `${open}${from},${to}${close}`;
}

/** Int32 ranges, then each with its length. */
export function multirangeText(
  view: DataView,
  rangeType: number,
  print: PrintInner,
): string | undefined {
  const values = new Values(view, 0, print);
  const count = values.int32();
  if (count < 0 || count * 5 > view.byteLength) return undefined;
  const ranges: string[] = [];
  for (let index = 0; index < count; index++) ranges.push(values.next(rangeType) ?? '');
  return !values.whole() ? undefined : `{${ranges.join(',')}}`;
}

/** Int32 columns, then each with its type. */
export function rowText(view: DataView, print: PrintInner): string | undefined {
  const values = new Values(view, 0, print);
  const count = values.int32();
  if (count < 0 || count * 8 > view.byteLength) return undefined;
  const columns: string[] = [];
  for (let index = 0; index < count && !values.failed; index++) {
    const type = values.int32() >>> 0;
    const text = values.next(type);
    columns.push(text === null ? '' : quoted(text, ROW_SPECIAL));
  }
  return !values.whole() ? undefined : `(${columns.join(',')})`;
}

/** In ranges and rows quotes and backslashes are doubled. */
function quoted(text: string, special: RegExp): string {
  return special.test(text) ? `"${text.replaceAll(/["\\]/g, '$&$&')}"` : text;
}

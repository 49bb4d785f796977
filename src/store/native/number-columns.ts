/** Hot path. Columns of fixed width; numbers that are UNKNOWN become NULL in the nullable ones. */
import type { Column } from './column.ts';
import { GrowableBytes, GrowableU16, GrowableU32 } from './growable.ts';

/** UInt8, and the Enum8 types, whose values here are never negative. */
export class ByteColumn implements Column {
  readonly type: string;
  readonly #values = new GrowableBytes();

  constructor(type = 'UInt8') {
    this.type = type;
  }

  append(value: number): void {
    this.#values.push(value);
  }

  chunks(): Uint8Array[] {
    return [this.#values.filled()];
  }

  get sizeBytes(): number {
    return this.#values.length;
  }

  clear(): void {
    this.#values.clear();
  }
}

export class U16Column implements Column {
  readonly type = 'UInt16';
  readonly #values = new GrowableU16();

  append(value: number): void {
    this.#values.push(value);
  }

  chunks(): Uint8Array[] {
    return [this.#values.filled()];
  }

  get sizeBytes(): number {
    return this.#values.length * 2;
  }

  clear(): void {
    this.#values.clear();
  }
}

/** UInt32, and DateTime as seconds since 1970. */
export class U32Column implements Column {
  readonly type: string;
  readonly #values = new GrowableU32();

  constructor(type: 'UInt32' | "DateTime('UTC')" = 'UInt32') {
    this.type = type;
  }

  append(value: number): void {
    this.#values.push(value);
  }

  chunks(): Uint8Array[] {
    return [this.#values.filled()];
  }

  get sizeBytes(): number {
    return this.#values.length * 4;
  }

  clear(): void {
    this.#values.clear();
  }
}

/** UInt64, and DateTime64(6) as microseconds since 1970. UNKNOWN becomes 0: for sums and times that are always known. */
export class U64Column implements Column {
  readonly type: string;
  readonly #values = new GrowableU32();

  constructor(type: 'UInt64' | "DateTime64(6, 'UTC')" = 'UInt64') {
    this.type = type;
  }

  append(value: number): void {
    this.#values.pushU64(value < 0 ? 0 : value);
  }

  chunks(): Uint8Array[] {
    return [this.#values.filled()];
  }

  get sizeBytes(): number {
    return this.#values.length * 4;
  }

  clear(): void {
    this.#values.clear();
  }
}

/** Nullable(UInt64) or Nullable(DateTime64): negative numbers (UNKNOWN) are NULL. */
export class NullableU64Column implements Column {
  readonly type: string;
  readonly #nulls = new GrowableBytes();
  readonly #values = new GrowableU32();

  constructor(type: 'UInt64' | "DateTime64(6, 'UTC')" = 'UInt64') {
    this.type = `Nullable(${type})`;
  }

  append(value: number): void {
    if (value < 0) {
      this.#nulls.push(1);
      this.#values.pushU64(0);
    } else {
      this.#nulls.push(0);
      this.#values.pushU64(value);
    }
  }

  chunks(): Uint8Array[] {
    return [this.#nulls.filled(), this.#values.filled()];
  }

  get sizeBytes(): number {
    return this.#nulls.length * 9;
  }

  clear(): void {
    this.#nulls.clear();
    this.#values.clear();
  }
}

/** Nullable(Int32), for codes that may be negative: NULL is undefined. */
export class NullableI32Column implements Column {
  readonly type = 'Nullable(Int32)';
  readonly #nulls = new GrowableBytes();
  readonly #values = new GrowableU32();

  append(value: number | undefined): void {
    this.#nulls.push(value === undefined ? 1 : 0);
    this.#values.push(value ?? 0);
  }

  chunks(): Uint8Array[] {
    return [this.#nulls.filled(), this.#values.filled()];
  }

  get sizeBytes(): number {
    return this.#nulls.length * 5;
  }

  clear(): void {
    this.#nulls.clear();
    this.#values.clear();
  }
}

/** Columns whose rows hold several values: arrays of texts, and histograms. */
import type { Column } from './column.ts';
import { GrowableBytes, GrowableU16, GrowableU32 } from './growable.ts';

/** Array(String). */
export class TextsColumn implements Column {
  readonly type = 'Array(String)';
  readonly #ends = new GrowableU32();
  readonly #data = new GrowableBytes();
  #count = 0;

  append(texts: readonly string[]): void {
    for (const text of texts) this.#data.pushText(text);
    this.#count += texts.length;
    this.#ends.pushU64(this.#count);
  }

  chunks(): Uint8Array[] {
    return [this.#ends.filled(), this.#data.filled()];
  }

  get sizeBytes(): number {
    return this.#ends.length * 4 + this.#data.length;
  }

  clear(): void {
    this.#ends.clear();
    this.#data.clear();
    this.#count = 0;
  }
}

/** Array(Nullable(String)): parameters of a statement; empty when they were not decoded. */
export class NullableTextsColumn implements Column {
  readonly type = 'Array(Nullable(String))';
  readonly #ends = new GrowableU32();
  readonly #nulls = new GrowableBytes();
  readonly #data = new GrowableBytes();

  append(texts: readonly (string | null)[] | undefined): void {
    if (texts !== undefined) {
      for (const text of texts) {
        this.#nulls.push(text === null ? 1 : 0);
        this.#data.pushText(text ?? '');
      }
    }
    this.#ends.pushU64(this.#nulls.length);
  }

  chunks(): Uint8Array[] {
    return [this.#ends.filled(), this.#nulls.filled(), this.#data.filled()];
  }

  get sizeBytes(): number {
    return this.#ends.length * 4 + this.#nulls.length + this.#data.length;
  }

  clear(): void {
    this.#ends.clear();
    this.#nulls.clear();
    this.#data.clear();
  }
}

/** Map(UInt16, UInt64): counts by bucket (core/histogram.ts), in the order of the buckets. */
export class HistogramColumn implements Column {
  readonly type = 'Map(UInt16, UInt64)';
  readonly #ends = new GrowableU32();
  readonly #buckets = new GrowableU16();
  readonly #counts = new GrowableU32();

  append(histogram: ReadonlyMap<number, number>): void {
    const buckets = [...histogram.keys()].sort((a, b) => a - b);
    for (const bucket of buckets) {
      this.#buckets.push(bucket);
      this.#counts.pushU64(histogram.get(bucket) ?? 0);
    }
    this.#ends.pushU64(this.#buckets.length);
  }

  chunks(): Uint8Array[] {
    return [this.#ends.filled(), this.#buckets.filled(), this.#counts.filled()];
  }

  get sizeBytes(): number {
    return this.#ends.length * 4 + this.#buckets.length * 10;
  }

  clear(): void {
    this.#ends.clear();
    this.#buckets.clear();
    this.#counts.clear();
  }
}

/** Reads ClickHouse's RowBinary (clickhouse.com/docs/interfaces/formats/RowBinary): values one behind the other. */
import { MirrorSqlError } from '../../core/errors.ts';

const HIGH = 2 ** 32;

/** @throws MirrorSqlError MSQL_STORE_ENGINE where the answer ends within a value */
export class RowReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get done(): boolean {
    return this.#at >= this.#bytes.length;
  }

  /** A String of ASCII, as addresses are. */
  text(): string {
    // LEB128; an address is shorter than 128 bytes, so its length is one byte.
    const length = this.#bytes[this.#take(1)] ?? 0;
    if (length > 127) throw new MirrorSqlError('MSQL_STORE_ENGINE', 'the store gave a long name');
    const start = this.#take(length);
    return this.#bytes.toString('latin1', start, start + length);
  }

  uint16(): number {
    return this.#bytes.readUInt16LE(this.#take(2));
  }

  uint32(): number {
    return this.#bytes.readUInt32LE(this.#take(4));
  }

  /** Exact below 2^53. */
  uint64(): number {
    const at = this.#take(8);
    return this.#bytes.readUInt32LE(at) + this.#bytes.readUInt32LE(at + 4) * HIGH;
  }

  float64(): number {
    return this.#bytes.readDoubleLE(this.#take(8));
  }

  #take(length: number): number {
    const at = this.#at;
    this.#at += length;
    if (this.#at > this.#bytes.length)
      throw new MirrorSqlError('MSQL_STORE_ENGINE', 'the store broke off an answer');
    return at;
  }
}

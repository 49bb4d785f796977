import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { blockChunks } from '../../src/store/native/block.ts';
import type { Column } from '../../src/store/native/column.ts';
import {
  HistogramColumn,
  NullableTextsColumn,
  TextsColumn,
} from '../../src/store/native/nested-columns.ts';
import {
  ByteColumn,
  NullableI32Column,
  NullableU64Column,
  U16Column,
  U32Column,
  U64Column,
} from '../../src/store/native/number-columns.ts';
import {
  HexColumn,
  LowCardinalityColumn,
  StringColumn,
} from '../../src/store/native/text-columns.ts';
import { temporaryStore, type TemporaryStore } from './temporary-store.ts';

let temporary: TemporaryStore;
beforeAll(async () => {
  temporary = await temporaryStore();
});
afterAll(() => temporary.remove());

/** Sends a column through the engine and reads `expression` over its rows back, as text, in order. */
async function through(
  column: Column,
  rowsCount: number,
  expression = 'toString(c)',
): Promise<string[]> {
  const { client } = temporary.store;
  const numbers = new U32Column();
  for (let row = 0; row < rowsCount; row++) numbers.append(row);
  await client.command({ query: 'DROP TABLE IF EXISTS column_test' });
  await client.command({
    query: `CREATE TABLE column_test (n UInt32, c ${column.type}) ENGINE = Memory`,
  });
  const { Readable } = await import('node:stream');
  const { stream } = await client.exec({
    query: 'INSERT INTO column_test FORMAT Native',
    values: Readable.from(blockChunks({ n: numbers, c: column }, rowsCount)),
  });
  stream.resume();
  await new Promise((resolve, reject) => stream.on('end', resolve).on('error', reject));
  const answer = await client.query({
    query: `SELECT ${expression} AS value FROM column_test ORDER BY n`,
    format: 'JSONEachRow',
  });
  return (await answer.json<{ value: string }>()).map((row) => row.value);
}

const NUMBERS = [0, 1, 255, 256, 65_535, 65_536, 4_294_967_295, 4_294_967_296, 2 ** 53 - 1];

describe('a Native column and the engine agree on', () => {
  it('whole numbers of each width, up to 2^53', async () => {
    const eight = new ByteColumn();
    for (const value of [0, 1, 127, 128, 255]) eight.append(value);
    expect(await through(eight, 5)).toEqual(['0', '1', '127', '128', '255']);
    const sixteen = new U16Column();
    for (const value of [0, 65_535]) sixteen.append(value);
    expect(await through(sixteen, 2)).toEqual(['0', '65535']);
    const wide = new U64Column();
    for (const value of NUMBERS) wide.append(value);
    expect(await through(wide, NUMBERS.length)).toEqual(NUMBERS.map(String));
  });

  it('times with microseconds, and seconds', async () => {
    const times = new U64Column("DateTime64(6, 'UTC')");
    times.append(1_790_000_000_123_456);
    times.append(0);
    expect(await through(times, 2)).toEqual([
      '2026-09-21 14:13:20.123456',
      '1970-01-01 00:00:00.000000',
    ]);
    const seconds = new U32Column("DateTime('UTC')");
    seconds.append(1_790_000_000);
    expect(await through(seconds, 1)).toEqual(['2026-09-21 14:13:20']);
  });

  it('unknown numbers, which are NULL and never a made-up value', async () => {
    const numbers = new NullableU64Column();
    for (const value of [-1, 0, 7]) numbers.append(value);
    expect(await through(numbers, 3, "ifNull(toString(c), 'NULL')")).toEqual(['NULL', '0', '7']);
    const codes = new NullableI32Column();
    for (const value of [undefined, -911, 1062]) codes.append(value);
    expect(await through(codes, 3, "ifNull(toString(c), 'NULL')")).toEqual([
      'NULL',
      '-911',
      '1062',
    ]);
  });

  it('enumerations', async () => {
    const status = new ByteColumn("Enum8('ok' = 0, 'error' = 1)");
    status.append(1);
    status.append(0);
    expect(await through(status, 2)).toEqual(['error', 'ok']);
  });

  it('any bytes as text, short and long', async () => {
    const samples = fc.sample(fc.uint8Array({ maxLength: 300 }), { numRuns: 60, seed: 4 });
    samples.push(
      new Uint8Array(100_000).fill(0xff),
      new Uint8Array(0),
      Uint8Array.of(0, 10, 10, 39),
    );
    const texts = new StringColumn();
    for (const bytes of samples) texts.appendBytes(bytes, 0, bytes.length);
    const expected = samples.map((bytes) => Buffer.from(bytes).toString('hex'));
    expect(await through(texts, samples.length, 'lower(hex(c))')).toEqual(expected);
  });

  it('texts of few values: none, one, more than 8 bits of index can name', async () => {
    const few = new LowCardinalityColumn();
    for (const text of [undefined, 'a', 'ä😀', 'a', undefined]) few.append(text);
    expect(await through(few, 5)).toEqual(['', 'a', 'ä😀', 'a', '']);
    const many = new LowCardinalityColumn();
    const texts = Array.from({ length: 1000 }, (_, index) => `text ${index % 300}`);
    for (const text of texts) many.append(text);
    expect(await through(many, texts.length)).toEqual(texts);
  });

  it('exactly 256 and 257 distinct texts, where the width of the index changes', async () => {
    for (const count of [256, 257]) {
      const column = new LowCardinalityColumn();
      const texts = Array.from({ length: count }, (_, index) => `t${index}`);
      for (const text of texts) column.append(text);
      expect(await through(column, count)).toEqual(texts);
    }
  });

  it('identifiers of 16 digits', async () => {
    const ids = new HexColumn();
    ids.append('00000000000000ff');
    ids.append('0123456789abcdef');
    expect(await through(ids, 2)).toEqual(['00000000000000ff', '0123456789abcdef']);
  });

  it('arrays of texts, with and without NULL', async () => {
    const names = new TextsColumn();
    for (const texts of [[], ['a', 'ü'], ['']]) names.append(texts);
    expect(await through(names, 3)).toEqual(['[]', "['a','ü']", "['']"]);
    const parameters = new NullableTextsColumn();
    for (const texts of [undefined, ['1', null, ''], []]) parameters.append(texts);
    expect(await through(parameters, 3)).toEqual(['[]', "['1',NULL,'']", '[]']);
  });

  it('histograms', async () => {
    const histograms = new HistogramColumn();
    histograms.append(new Map([[300, 2], [7, 5_000_000_000]])); // biome-ignore format: one line
    histograms.append(new Map());
    expect(await through(histograms, 2)).toEqual(['{7:5000000000,300:2}', '{}']);
  });

  it('a column that was cleared and filled again', async () => {
    const texts = new LowCardinalityColumn();
    for (let index = 0; index < 400; index++) texts.append(`old ${index}`);
    texts.clear();
    for (const text of ['old 399', 'new', 'old 399']) texts.append(text);
    expect(await through(texts, 3)).toEqual(['old 399', 'new', 'old 399']);
  });
});

it('refuses more distinct texts than its indexes can name', () => {
  const column = new LowCardinalityColumn();
  for (let index = 0; index < 65_536; index++) column.append(String(index));
  expect(() => column.append('one more')).toThrow(RangeError);
});

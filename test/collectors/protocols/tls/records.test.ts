/** Records of a byte stream: the same however it is cut, and found again after a hole. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RecordReader } from '../../../../collectors/protocols/tls/records.ts';
import { bytesOf, cut } from '../../../wire/bytes.ts';
import { plainRecord } from '../../../wire/tls.ts';

/** What a reader tells, in short lines; `feed` gives it bytes and holes. */
function told(feed: (reader: RecordReader) => void): string[] {
  const said: string[] = [];
  const reader = new RecordReader({
    record: (type, bytes, start, end) => {
      said.push(`${type}:${Buffer.from(bytes.subarray(start, end)).toString('hex')}`);
    },
    damagedRecord: (fragmentBytes) => said.push(`damaged ${fragmentBytes}`),
    lost: (refused) => said.push(refused ? 'refused' : 'lost'),
    found: (spanBytes) => said.push(`found ${spanBytes}`),
  });
  feed(reader);
  return said;
}

const give = (reader: RecordReader, bytes: Uint8Array): void =>
  reader.feed(bytes, 0, bytes.length, 0);

const records = fc.array(
  fc.record({
    type: fc.integer({ min: 20, max: 23 }),
    fragment: fc.uint8Array({ minLength: 1, maxLength: 300 }),
  }),
  { maxLength: 8 },
);
const encode = (list: readonly { type: number; fragment: Uint8Array }[]): Buffer =>
  bytesOf(...list.map(({ type, fragment }) => plainRecord(type, fragment)));
const lineOf = ({ type, fragment }: { type: number; fragment: Uint8Array }): string =>
  `${type}:${Buffer.from(fragment).toString('hex')}`;

describe('records', () => {
  it('are the same however their bytes are cut', () => {
    fc.assert(
      fc.property(records, fc.array(fc.integer({ min: 1, max: 400 })), (list, sizes) => {
        const said = told((reader) => {
          for (const piece of cut(encode(list), sizes)) give(reader, piece);
        });
        expect(said).toEqual(list.map(lineOf));
      }),
    );
  });

  it('are found again behind any hole, at the right distance', () => {
    const fragment = fc.uint8Array({ minLength: 17, maxLength: 60 });
    const list = fc.array(fragment, { minLength: 6, maxLength: 12 });
    fc.assert(
      fc.property(
        list,
        fc.nat(),
        fc.nat(),
        fc.array(fc.integer({ min: 1, max: 90 })),
        (fragments, from, length, sizes) => {
          // No fragment looks like a header, so that the first one found is one.
          const all = fragments.map((bytes) => ({
            type: 23,
            fragment: bytes.map((byte) => byte | 4),
          }));
          const stream = encode(all);
          const start = from % stream.length;
          const size = 1 + (length % (stream.length - start));
          const said = told((reader) => {
            for (const piece of cut(stream.subarray(0, start), sizes)) give(reader, piece);
            reader.gap(size, 0);
            for (const piece of cut(stream.subarray(start + size), sizes)) give(reader, piece);
          });
          let position = 0;
          const expected: string[] = [];
          let lostAt = -1;
          for (const record of all) {
            const end = position + 5 + record.fragment.length;
            const whole = end <= start || position >= start + size;
            if (whole && lostAt >= 0) {
              expected.push('lost', `found ${position - lostAt}`);
              lostAt = -1;
            }
            if (whole) expected.push(lineOf(record));
            else if (lostAt < 0 && start >= position + 5 && start + size <= end) {
              expected.push(`damaged ${record.fragment.length}`);
            } else if (lostAt < 0) lostAt = position;
            position = end;
          }
          if (lostAt >= 0) expected.push('lost');
          expect(said).toEqual(expected);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('that cannot be are refused, and never thrown over', () => {
    expect(told((reader) => give(reader, Buffer.from('2403030001ff', 'hex')))).toEqual(['refused']);
    expect(told((reader) => give(reader, Buffer.from('1703030000', 'hex')))).toEqual(['refused']);
    expect(told((reader) => give(reader, Buffer.from('170303ffff00', 'hex')))).toEqual(['refused']);
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 60 })), (pieces) => {
        const said = told((reader) => {
          for (const [index, piece] of pieces.entries()) {
            give(reader, piece);
            if (index % 3 === 2) reader.gap(piece.length, 0);
          }
        });
        expect(said.length).toBeLessThanOrEqual(2 * bytesOf(...pieces).length + pieces.length);
      }),
    );
  });
});

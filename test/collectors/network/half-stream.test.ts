/** One direction of a connection: whatever happens to the segments, the same bytes come out, or a gap is named. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HalfStream } from '../../../collectors/network/half-stream.ts';
import { cut } from '../../wire/bytes.ts';

interface Segment {
  readonly at: number;
  readonly bytes: Uint8Array;
  /** Length on the wire, when the snap length cut it. */
  readonly length?: number;
}

/** The bytes that come out, with `_` for each byte of a gap; and how many bytes were called repeated. */
function run(
  segments: readonly Segment[],
  initial = 1000,
): { text: string; repeated: number; half: HalfStream; times: number[] } {
  const half = new HalfStream();
  half.start(initial | 0);
  let text = '';
  let repeated = 0;
  const times: number[] = [];
  const receiver = {
    chunk(_d: 0 | 1, bytes: Uint8Array, view: DataView, start: number, end: number, tsUs: number) {
      const seen = Buffer.from(bytes.slice(start, end));
      for (let index = start; index < end; index++)
        if (view.getUint8(index) !== bytes[index]) throw new Error('view and bytes differ');
      text += seen.toString('latin1');
      times.push(tsUs);
    },
    gap(_d: 0 | 1, size: number, tsUs: number) {
      text += '_'.repeat(size);
      times.push(tsUs);
    },
  };
  // One buffer for all, as in a capture: what is held must have been copied.
  const window = new Uint8Array(4096);
  const view = new DataView(window.buffer);
  segments.forEach(({ at, bytes, length = bytes.length }, index) => {
    window.fill(0x2a);
    window.set(bytes, 5);
    const sequence = (initial + at) | 0;
    const end = 5 + bytes.length;
    if (sequence === half.next)
      repeated += half.deliver(receiver, 0, window, view, 5, end, length, index);
    else repeated += half.take(receiver, 0, window, view, sequence, 5, end, length, index, 0);
  });
  while (half.heldCount > 0) repeated += half.giveUp(receiver, 0);
  return { text, repeated, half, times };
}

const letters = (size: number): Buffer =>
  Buffer.from(Array.from({ length: size }, (_, index) => 97 + (index % 26)));

const segmentsOf = (bytes: Uint8Array, sizes: readonly number[]): Segment[] => {
  let at = 0;
  return cut(bytes, sizes).map((piece) => {
    const segment = { at, bytes: piece };
    at += piece.length;
    return segment;
  });
};

const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 12 });
const initials = fc.constantFrom(1000, 0, 0xffff_fff8, 0x7fff_fff8, 0xffff_ffff);

describe('bytes in order', () => {
  it('come out the same however they are cut, wherever the sequence numbers wrap', () => {
    fc.assert(
      fc.property(sizes, initials, (pieces, initial) => {
        const bytes = letters(60);
        expect(run(segmentsOf(bytes, pieces), initial).text).toBe(bytes.toString());
      }),
    );
  });

  it('come out the same when segments are repeated, overlap and overtake each other', () => {
    const scene = fc.tuple(sizes, sizes, initials).chain(([one, two, initial]) => {
      const bytes = letters(60);
      const all = [...segmentsOf(bytes, one), ...segmentsOf(bytes, two)];
      return fc.tuple(fc.shuffledSubarray(all, { minLength: all.length }), fc.constant(initial));
    });
    fc.assert(
      fc.property(scene, ([segments, initial]) => {
        const { text, half } = run(segments, initial);
        expect(text).toBe(letters(60).toString());
        expect(half.heldBytes).toBe(0);
      }),
      { numRuns: 400 },
    );
  });

  it('keep their order and name their gaps when segments are lost', () => {
    const scene = fc.tuple(sizes, initials).chain(([pieces, initial]) => {
      const all = segmentsOf(letters(60), pieces);
      return fc.tuple(fc.subarray(all), fc.constant(initial));
    });
    fc.assert(
      fc.property(scene, ([segments, initial]) => {
        const expected = Buffer.alloc(60, '_');
        for (const { at, bytes } of segments) expected.set(bytes, at);
        const last = segments.at(-1);
        const size = last === undefined ? 0 : last.at + last.bytes.length;
        expect(run(segments, initial).text).toBe(expected.toString('latin1', 0, size));
      }),
      { numRuns: 400 },
    );
  });

  it('are never told to be more than they are: told and repeated bytes are what was captured', () => {
    const scene = fc.tuple(sizes, sizes).chain(([one, two]) => {
      const all = [...segmentsOf(letters(60), one), ...segmentsOf(letters(60), two)];
      return fc.array(fc.constantFrom(...all), { maxLength: 40 });
    });
    fc.assert(
      fc.property(scene, (segments) => {
        const captured = segments.reduce((sum, { bytes }) => sum + bytes.length, 0);
        const { text, repeated } = run(segments);
        expect(text.replaceAll('_', '').length + repeated).toBe(captured);
      }),
      { numRuns: 400 },
    );
  });
});

describe('one segment', () => {
  const at = (position: number, text: string, length?: number): Segment => ({
    at: position,
    bytes: Buffer.from(text),
    ...(length === undefined ? {} : { length }),
  });

  it('that overlaps what was seen gives only what is new; the first copy wins', () => {
    const { text, repeated } = run([at(0, 'abcd'), at(2, 'XYef')]);
    expect([text, repeated]).toEqual(['abcdef', 2]);
  });

  it('that waits behind a hole and overlaps a waiting one is counted once', () => {
    const { text, repeated } = run([at(4, 'efgh'), at(6, 'ghij'), at(0, 'abcd')]);
    expect([text, repeated]).toEqual(['abcdefghij', 2]);
  });

  it('that lies in one that waits is counted as repeated', () => {
    const { text, repeated } = run([at(4, 'efgh'), at(5, 'fg'), at(4, 'ef'), at(0, 'abcd')]);
    expect([text, repeated]).toEqual(['abcdefgh', 4]);
  });

  it('of a keepalive (one byte before the next) is repeated, not new', () => {
    expect(run([at(0, 'abcd'), at(3, 'd'), at(4, 'ef')])).toMatchObject({
      text: 'abcdef',
      repeated: 1,
    });
  });

  it('that the snap length cut leaves a gap of its own size', () => {
    expect(run([at(0, 'abc', 10), at(10, 'k')]).text).toBe('abc_______k');
    expect(run([at(10, 'k'), at(0, 'abc', 10)]).text).toBe('abc_______k');
    expect(run([at(1, 'b', 5), at(0, 'a')]).text).toBe('ab____');
  });

  it('that repeats a cut one, cut itself, leaves one gap only', () => {
    expect(run([at(0, 'abc', 10), at(4, 'ef', 10)]).text).toBe('abc___________');
  });

  it('from another life of the connection is not held back', () => {
    const { text, half } = run([at(0, 'ab'), at(2 ** 30 + 100, 'zz'), at(2, 'cd')]);
    expect([text, half.heldBytes]).toEqual(['abcd', 0]);
  });

  it('that was held back carries the time of what let it go, or its own if that is later', () => {
    expect(run([at(2, 'cd'), at(0, 'ab')]).times).toEqual([1, 1]);
    expect(run([at(4, 'ef'), at(2, 'cd')]).times).toEqual([1, 1, 1]);
  });
});

describe('what the other side has acknowledged', () => {
  it('will not come again, once it covers the hole', () => {
    const half = new HalfStream();
    half.start(0);
    const receiver = { chunk: () => undefined, gap: () => undefined };
    const bytes = Buffer.from('cd');
    const view = new DataView(bytes.buffer, bytes.byteOffset, 2);
    half.take(receiver, 0, bytes, view, 10, 0, 2, 2, 77, 0);
    expect([half.missedForGood, half.waitingSinceUs]).toEqual([false, 77]);
    half.acknowledgedSeen = true;
    half.acknowledged = 9;
    expect(half.missedForGood).toBe(false);
    half.acknowledged = 10;
    expect(half.missedForGood).toBe(true);
  });
});

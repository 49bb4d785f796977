import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cutMiddle, printable, widthOf, wrapped } from '../../../src/cli/text/cell.ts';

const anyText = fc
  .array(fc.constantFrom('a', 'B', ' ', '库', 'é', 'e\u0301', '🐘', '\u001b[31m', '\u202e', '…'))
  .map((parts) => parts.join(''));

describe('printable', () => {
  it('makes one line out of several', () => {
    expect(printable('  SELECT 1,\n\t2\r\n FROM t ')).toBe('SELECT 1, 2 FROM t');
  });

  it('lets nothing through that drives a terminal or turns the reading direction', () => {
    expect(printable('a\u001b[2Jb\u009bc\u202ed\u200be\u0000f')).toBe('a·[2Jb·c·d·e·f');
    const harmful = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e]/;
    fc.assert(fc.property(anyText, (text) => !harmful.test(printable(text))));
  });
});

describe('widthOf', () => {
  it('counts the cells that a terminal takes', () => {
    expect(['abc', '名称', 'é', 'e\u0301', '🐘', '…', '░'].map(widthOf)).toEqual([
      3, 4, 1, 1, 2, 1, 1,
    ]);
  });
});

describe('cutMiddle', () => {
  it('keeps the beginning and the end', () => {
    expect(cutMiddle('UPDATE accounts SET balance = ? WHERE id = ?', 20)).toBe(
      'UPDATE accou…id = ?',
    );
    expect(cutMiddle('short', 20)).toBe('short');
    expect(cutMiddle('abc', 1)).toBe('…');
    expect(cutMiddle('abc', 0)).toBe('');
  });

  it('never exceeds its width, whatever the characters', () => {
    fc.assert(
      fc.property(anyText, fc.nat(30), (text, width) => {
        expect(widthOf(cutMiddle(printable(text), width))).toBeLessThanOrEqual(width);
      }),
    );
  });
});

describe('wrapped', () => {
  it('breaks between words and loses none', () => {
    expect(wrapped('one two three four', 9)).toEqual(['one two', 'three', 'four']);
    expect(wrapped('', 9)).toEqual([]);
    expect(wrapped('extraordinarily', 8)).toEqual(['extra…ly']);
  });
});

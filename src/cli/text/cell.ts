/**
 * Text that came from outside, made fit for one line of a terminal. Captured SQL and error messages may hold anything:
 * control characters would drive the reader's terminal, and direction marks would show another text than the one there.
 */

// C0 and C1 controls, soft hyphen, zero-width and direction marks, line separators, byte order mark, lone surrogates.
const HARMFUL =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]|\p{Surrogate}/gu;
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}|[\u{20000}-\u{3fffd}]/u;
const NO_WIDTH = /\p{Mark}/u;
const PLAIN = /^[\u0020-\u007e]*$/;

/** One line: white space folded to single spaces, what could harm replaced by `·`. */
export function printable(text: string): string {
  return text.replace(/\s+/g, ' ').trim().replace(HARMFUL, '·');
}

/** What could harm replaced by `·`, spaces kept: for a piece of a sentence. */
export function harmless(text: string): string {
  return text.replace(HARMFUL, '·');
}

/** Cells of the terminal that the printable text takes. */
export function widthOf(text: string): number {
  if (PLAIN.test(text)) return text.length;
  let width = 0;
  for (const character of text) width += characterWidth(character);
  return width;
}

function characterWidth(character: string): number {
  if (NO_WIDTH.test(character)) return 0;
  return WIDE.test(character) ? 2 : 1;
}

/** At most `width` cells: of a longer text the beginning and the end, with `…` between. */
export function cutMiddle(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  if (width < 2) return '…'.slice(0, Math.max(0, width));
  const characters = [...text];
  const endWidth = Math.floor((width - 1) * 0.4);
  const start = takeWhileFits(characters, width - 1 - endWidth);
  const end = takeWhileFits(characters.reverse(), endWidth).reverse();
  return `${start.join('').trimEnd()}…${end.join('').trimStart()}`;
}

function takeWhileFits(characters: readonly string[], width: number): string[] {
  const taken: string[] = [];
  let left = width;
  for (const character of characters) {
    left -= characterWidth(character);
    if (left < 0) break;
    taken.push(character);
  }
  return taken;
}

/** Whole words on lines of at most `width` cells; a longer word is cut. */
export function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const fitting = cutMiddle(word, width);
    if (line === '') line = fitting;
    else if (widthOf(line) + 1 + widthOf(fitting) <= width) line += ` ${fitting}`;
    else {
      lines.push(line);
      line = fitting;
    }
  }
  return line === '' ? lines : [...lines, line];
}

/** Whole words behind `head`, further lines below the first: who and what must not be cut out of the middle. */
export function hanging(head: string, text: string, width: number): string[] {
  const indent = ' '.repeat(head.length);
  return wrapped(text, width - head.length).map((line, at) => (at === 0 ? head : indent) + line);
}

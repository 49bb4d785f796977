// Hot path. Bench: test/bench/fingerprint.bench.ts
/**
 * Texts that differ only in simple literals have one class, and applications send the same few texts over and over: a
 * statement is first compared with the text that was last seen at its place, literal for literal. Comparing costs a
 * fifth of lexing. Only literals whose end no context can change are taken as equal whatever they hold: plain integers
 * and plain strings, both as the lexer found them in the template. Everything else must be the same byte for byte, so
 * the lexer would come to the same tokens; when in doubt it is asked.
 */
import type { StatementClass } from '../events/statement-class.ts';
import { Kind } from './kind.ts';
import { Lexer } from './lexer.ts';

const QUOTE = 0x27;
const BACKSLASH = 0x5c;
const DIGIT_0 = 0x30;
const DIGIT_9 = 0x39;

const PLACES = 1024;
/** Longer texts are rare, and their comparison would miss at their length's cost. */
const TEXT_BYTES_MAX = 2048;
const LITERALS_MAX = 64;
/** So many bytes at each end decide the place; a literal ends them. */
const HEAD_BYTES = 40;
const TAIL_BYTES = 12;
/** A text that keeps missing (lists of changing length) is learnt only now and then. */
const MISSES_BETWEEN_LESSONS = 8;

interface Template {
  readonly text: Uint8Array;
  readonly view: DataView;
  /** Start and end of each literal that may differ, in order. */
  readonly literals: Int32Array;
  readonly statementClass: StatementClass;
  /** No semicolon but at the end: the text is one statement. */
  readonly single: boolean;
}

export class Templates {
  readonly #places: (Template | undefined)[] = new Array<Template | undefined>(PLACES).fill(
    undefined,
  );
  readonly #misses = new Uint8Array(PLACES);
  readonly #lexer = new Lexer();
  #place = 0;
  /** Of the last text that was found: it holds one statement and nothing behind it. */
  single = false;

  /** The class of text[start, end) when it equals its template but for literals; else undefined. `view` is of `text`. */
  find(text: Uint8Array, view: DataView, start: number, end: number): StatementClass | undefined {
    const place = placeOf(text, start, end);
    this.#place = place;
    const template = this.#places[place];
    if (template === undefined || !matches(template, text, view, start, end)) return undefined;
    this.single = template.single;
    return template.statementClass;
  }

  /** After `find` found nothing: the lexer says that the text is of this class. */
  learn(text: Uint8Array, start: number, end: number, statementClass: StatementClass): void {
    const place = this.#place;
    const misses = this.#misses[place] as number; // One count a place.
    this.#misses[place] = (misses + 1) % MISSES_BETWEEN_LESSONS;
    if (misses !== 0 || end - start > TEXT_BYTES_MAX) return;
    this.#places[place] = this.#templateOf(text.slice(start, end), statementClass);
  }

  #templateOf(text: Uint8Array, statementClass: StatementClass): Template | undefined {
    const lexer = this.#lexer;
    const literals: number[] = [];
    let semicolons = 0;
    let single = true;
    lexer.reset(text, 0, text.length);
    for (;;) {
      const kind = lexer.next();
      if (kind === Kind.End) break;
      if (kind === Kind.Semicolon) semicolons++;
      else if (semicolons > 0) single = false;
      if (kind !== Kind.Number && kind !== Kind.Text) continue;
      if (literals.length >= LITERALS_MAX * 2) return undefined;
      if (isPlain(text, lexer.start, lexer.end)) literals.push(lexer.start, lexer.end);
    }
    return {
      text,
      view: viewOf(text),
      literals: Int32Array.from(literals),
      statementClass,
      single,
    };
  }
}

/** Digits only, or a string in single quotes without quotes or backslashes in it. */
function isPlain(text: Uint8Array, start: number, end: number): boolean {
  const first = text[start];
  if (first === QUOTE) {
    if (end - start < 2 || text[end - 1] !== QUOTE) return false;
    for (let index = start + 1; index < end - 1; index++) {
      if (text[index] === QUOTE || text[index] === BACKSLASH) return false;
    }
    return true;
  }
  for (let index = start; index < end; index++) if (!isDigit(text[index] as number)) return false;
  return end > start;
}

function isDigit(byte: number): boolean {
  return byte >= DIGIT_0 && byte <= DIGIT_9;
}

/** Where texts of one shape meet: a hash of their first and last bytes up to a literal. */
function placeOf(text: Uint8Array, start: number, end: number): number {
  let hash = 0x811c9dc5;
  const headEnd = Math.min(end, start + HEAD_BYTES);
  let index = start;
  for (; index < headEnd; index++) {
    const byte = text[index] as number; // Inside the caller's range.
    if (isDigit(byte) || byte === QUOTE) break;
    hash = Math.imul(hash ^ byte, 0x01000193);
  }
  const tailStart = Math.max(index, end - TAIL_BYTES);
  for (index = end - 1; index >= tailStart; index--) {
    const byte = text[index] as number;
    if (isDigit(byte) || byte === QUOTE) break;
    hash = Math.imul(hash ^ byte, 0x01000193);
  }
  return (hash ^ (hash >>> 15)) & (PLACES - 1);
}

function matches(
  template: Template,
  text: Uint8Array,
  view: DataView,
  start: number,
  end: number,
): boolean {
  const { text: known, literals } = template;
  let at = start;
  let from = 0;
  for (let index = 0; index < literals.length; index += 2) {
    const literalStart = literals[index] as number;
    if (!same(template, from, literalStart, view, at, end)) return false;
    at += literalStart - from;
    at = known[literalStart] === QUOTE ? stringEnd(text, at, end) : digitsEnd(text, at, end);
    if (at < 0) return false;
    from = literals[index + 1] as number;
  }
  return end - at === known.length - from && same(template, from, known.length, view, at, end);
}

/** Whether the template's bytes [from, to) stand at `at` too: by words of four bytes, then the rest. */
function same(
  template: Template,
  from: number,
  to: number,
  view: DataView,
  at: number,
  end: number,
): boolean {
  const known = template.view;
  if (to - from > end - at) return false;
  for (; from + 4 <= to; from += 4, at += 4)
    if (known.getInt32(from) !== view.getInt32(at)) return false;
  for (; from < to; from++, at++) if (known.getUint8(from) !== view.getUint8(at)) return false;
  return true;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Behind the string that begins at `at`, or -1 when there is none that surely ends where its next quote is. */
function stringEnd(text: Uint8Array, at: number, end: number): number {
  if (at >= end || text[at] !== QUOTE) return -1;
  for (let index = at + 1; index < end; index++) {
    const byte = text[index];
    if (byte === BACKSLASH) return -1;
    // The byte behind it must be the template's, which is no quote: so it is not doubled.
    if (byte === QUOTE) return index + 1 < end && text[index + 1] === QUOTE ? -1 : index + 1;
  }
  return -1;
}

function digitsEnd(text: Uint8Array, at: number, end: number): number {
  let index = at;
  while (index < end && isDigit(text[index] as number)) index++; // Inside the caller's range.
  return index > at ? index : -1;
}

/**
 * Cuts the text of a simple query into its statements, where the server does: at semicolons outside of quotes,
 * comments and parentheses (CREATE RULE has some inside) and outside of SQL-standard function bodies
 * (BEGIN ATOMIC ... END, PostgreSQL 14). An anonymous block in Oracle's way (KingbaseES, openGauss) stays whole.
 */
import { Kind } from './kind.ts';
import { isSpace, Lexer } from './lexer.ts';
import { idOf, wordIdOf } from './words.ts';

const SEMICOLON = 0x3b;

/** More statements than this in one text are left in the last one: nobody sends that many but to do harm. */
export const STATEMENTS_MAX = 10_000;

const ATOMIC = idOf('atomic');
const BEGIN = idOf('begin');
const CASE = idOf('case');
const CREATE = idOf('create');
const DECLARE = idOf('declare');
const END = idOf('end');
const FUNCTION = idOf('function');
const PROCEDURE = idOf('procedure');
const AFTER_BEGIN = new Set(
  ['work', 'transaction', 'isolation', 'read', 'not', 'deferrable'].map(idOf),
);
const CURSOR_WORDS = new Set(
  ['binary', 'insensitive', 'asensitive', 'no', 'scroll', 'cursor'].map(idOf),
);

const lexer = new Lexer();
const commentLexer = new Lexer();

/**
 * Fills `ranges` with start and end of each statement of text[start, end), without spaces around it and without its
 * semicolon; statements of nothing but spaces and comments are left out. Returns how many there are. Never throws.
 */
export function splitStatements(
  text: Uint8Array,
  start: number,
  end: number,
  ranges: number[],
): number {
  ranges.length = 0;
  const last = trimmedEnd(text, start, end);
  const first = trimmedStart(text, start, last);
  if (first >= last) return 0;
  if (!holdsSemicolon(text, first, last)) {
    add(text, first, last, ranges);
    return ranges.length / 2;
  }
  lexer.reset(text, first, last);
  let from = first;
  while (ranges.length < 2 * (STATEMENTS_MAX - 1)) {
    if (!goToSemicolon()) break;
    add(text, from, lexer.start, ranges);
    from = lexer.end;
  }
  add(text, from, last, ranges);
  return ranges.length / 2;
}

/** Whether `splitStatements` could find more than one statement. Cheap: nearly every text holds one. */
export function mayHoldSeveral(text: Uint8Array, start: number, end: number): boolean {
  return holdsSemicolon(text, start, trimmedEnd(text, start, end));
}

function holdsSemicolon(text: Uint8Array, start: number, end: number): boolean {
  for (let position = start; position < end; position++)
    if (text[position] === SEMICOLON) return true;
  return false;
}

/** Without spaces and semicolons at the end. */
function trimmedEnd(text: Uint8Array, start: number, end: number): number {
  let position = Math.min(end, text.length);
  while (position > start) {
    const byte = text[position - 1] as number;
    if (byte !== SEMICOLON && !isSpace(byte)) break;
    position--;
  }
  return position;
}

function trimmedStart(text: Uint8Array, start: number, end: number): number {
  let position = start;
  while (position < end) {
    const byte = text[position] as number;
    if (byte !== SEMICOLON && !isSpace(byte)) break;
    position++;
  }
  return position;
}

function add(text: Uint8Array, from: number, to: number, ranges: number[]): void {
  const last = trimmedEnd(text, from, to);
  const first = trimmedStart(text, from, last);
  if (first < last && !isComment(text, first, last)) ranges.push(first, last);
}

/** Is there nothing but comments? The server makes no statement of them. */
function isComment(text: Uint8Array, first: number, last: number): boolean {
  if (text[first] !== 0x2d && text[first] !== 0x2f) return false;
  commentLexer.reset(text, first, last);
  return commentLexer.peek() < 0;
}

/** Lexes one statement; false when the text ends without a semicolon that ends the statement. */
function goToSemicolon(): boolean {
  let parens = 0;
  let blocks = 0;
  let words = 0;
  let createsRoutine = false;
  let isBlock = false;
  let first = 0;
  let previous = 0;
  for (;;) {
    const kind = lexer.next();
    if (kind === Kind.End) return false;
    if (kind === Kind.Semicolon && parens <= 0 && blocks === 0 && !isBlock) return true;
    if (kind === Kind.LeftParen) parens++;
    else if (kind === Kind.RightParen) parens--;
    const id = kind === Kind.Word ? wordIdOf(lexer.laneA, lexer.laneB) : 0;
    words++;
    if (words === 1) first = id;
    else if (words === 2 && first === BEGIN) isBlock = !AFTER_BEGIN.has(id);
    else if (words === 3 && first === DECLARE) isBlock = !CURSOR_WORDS.has(id);
    else if (words <= 6 && first === CREATE && (id === FUNCTION || id === PROCEDURE))
      createsRoutine = true;
    if (createsRoutine && parens === 0) {
      if (id === ATOMIC && previous === BEGIN) blocks = 1;
      else if (id === CASE && blocks > 0) blocks++;
      else if (id === END && blocks > 0) blocks--;
    }
    previous = id;
  }
}

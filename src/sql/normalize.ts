/**
 * The text of a class: the tokens of folding.ts in words again, literals as `?`, keywords in upper case, everything
 * else in lower case unless quoted, one space where one is needed. No literal can be in it, so no secret either.
 */
import { Folder } from './folding.ts';
import { Kind } from './kind.ts';
import { isReserved, WordFlag, wordFlags } from './words.ts';

/** Longer texts are cut: nobody reads more, and a hundred thousand classes must fit into memory. */
const SIZE_MAX = 16 * 1024;
const CUT = ' ...';

/** Marks of the tokens that have always the same text. */
const MARKS: Partial<Record<Kind, string>> = {
  [Kind.LeftParen]: '(',
  [Kind.RightParen]: ')',
  [Kind.LeftBracket]: '[',
  [Kind.RightBracket]: ']',
  [Kind.Comma]: ',',
  [Kind.Semicolon]: ';',
  [Kind.Dot]: '.',
  [Kind.Cast]: '::',
};

const NO_SPACE_BEFORE = new Set<Kind>([
  Kind.RightParen,
  Kind.LeftBracket,
  Kind.RightBracket,
  Kind.Comma,
  Kind.Semicolon,
  Kind.Dot,
  Kind.Cast,
]);
const NO_SPACE_AFTER = new Set<Kind>([Kind.LeftParen, Kind.LeftBracket, Kind.Dot, Kind.Cast]);
const QUERIES = new Set(['select', 'insert', 'update', 'delete', 'with', 'merge', 'values']);
const decoder = new TextDecoder();

/** The normalised text of text[start, end), at most 16 KiB and a little. `literal` stands for each literal. */
export function normalize(text: Uint8Array, start: number, end: number, literal = '?'): string {
  const folder = new Folder();
  folder.reset(text, start, end);
  let normalized = '';
  let previous: Kind = Kind.End;
  let previousWord = 0;
  let isQuery = false;
  for (;;) {
    const kind = folder.next();
    if (kind === Kind.End) return normalized;
    const tokenText = textOf(kind, folder, literal);
    if (normalized === '') isQuery = QUERIES.has(tokenText.toLowerCase());
    if (needsSpace(previous, previousWord, kind)) normalized += ' ';
    if (kind === Kind.Word) normalized += printedWord(tokenText, folder.wordId, isQuery);
    else if (kind === Kind.QuotedWord) normalized += printedQuotedWord(tokenText);
    else normalized += tokenText === '!=' ? '<>' : tokenText;
    if (normalized.length > SIZE_MAX) return normalized.slice(0, SIZE_MAX) + CUT;
    previous = kind;
    previousWord = kind === Kind.Word ? folder.wordId : 0;
  }
}

function textOf(kind: Kind, folder: Folder, literal: string): string {
  if (kind === Kind.Literal) return literal;
  if (kind === Kind.LiteralRow) return `(${literal})`;
  const { text, start, end } = folder.lexer;
  return MARKS[kind] ?? decoder.decode(text.subarray(start, Math.min(end, start + SIZE_MAX + 1)));
}

function needsSpace(previous: Kind, previousWord: number, kind: Kind): boolean {
  if (previous === Kind.End || NO_SPACE_AFTER.has(previous)) return false;
  if (kind === Kind.LeftBracket && previous === Kind.Word && previousWord === 0) return false;
  if (NO_SPACE_BEFORE.has(kind)) return false;
  // A call has no space before its parenthesis, a keyword has one: count(a), IN (a).
  if (kind === Kind.LeftParen || kind === Kind.LiteralRow)
    return previous === Kind.Word ? isKeyword(previousWord) : previous !== Kind.QuotedWord;
  return true;
}

function isKeyword(id: number): boolean {
  return (wordFlags(id) & KEYWORD_FLAGS) !== 0;
}
const KEYWORD_FLAGS = WordFlag.Reserved | WordFlag.Keyword;

function printedWord(word: string, id: number, isQuery: boolean): string {
  const flags = wordFlags(id);
  const upper =
    (flags & WordFlag.Keyword) !== 0 || (!isQuery && (flags & WordFlag.StatementKeyword) !== 0);
  return upper ? asciiUpper(word) : asciiLower(word);
}

function printedQuotedWord(quoted: string): string {
  const word = quoted.slice(1, -1);
  const plain = /^[a-z_][a-z0-9_$]*$/.test(word) && quoted === `"${word}"`;
  return plain && !isReserved(word) ? word : quoted;
}

/** Only ASCII letters have case in SQL's identifiers; other letters may stand in any encoding. */
function asciiLower(word: string): string {
  return word.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

function asciiUpper(word: string): string {
  return word.replace(/[a-z]+/g, (letters) => letters.toUpperCase());
}

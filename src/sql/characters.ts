/** What each byte may begin or continue in SQL, as tables for the lexer. */
import { Kind } from './kind.ts';

export const Character = {
  Other: 0,
  Space: 1,
  Letter: 2,
  /** A letter that may begin a string: b e n u x. */
  Prefix: 3,
  Digit: 4,
  Operator: 5,
  Quote: 6,
  DoubleQuote: 7,
  Dollar: 8,
  Dot: 9,
  Colon: 10,
  /** ( ) [ ] , ; which are their own token. */
  Single: 11,
} as const;

export const CHARACTERS = new Uint8Array(256);
/** The folded byte (ASCII letters lower case) of a byte that may stand inside a word, 0 of any other. */
export const FOLDED = new Uint8Array(256);
/** The kind of a Character.Single byte. */
export const SINGLES = new Uint8Array(256);
/** Operator characters that let an operator of several characters end in + or -. */
export const SPECIAL = new Uint8Array(256);

function fill(characters: string, table: Uint8Array, value: number): void {
  for (const character of characters) table[character.charCodeAt(0)] = value;
}
fill(' \t\n\r\f\v', CHARACTERS, Character.Space);
fill('acdfghijklmopqrstvwyzACDFGHIJKLMOPQRSTVWYZ_', CHARACTERS, Character.Letter);
fill('benuxBENUX', CHARACTERS, Character.Prefix);
fill('0123456789', CHARACTERS, Character.Digit);
fill('~!@#^&|`?+-*/%<>=', CHARACTERS, Character.Operator);
fill('~!@#^&|`?%', SPECIAL, 1);
fill("'", CHARACTERS, Character.Quote);
fill('"', CHARACTERS, Character.DoubleQuote);
fill('$', CHARACTERS, Character.Dollar);
fill('.', CHARACTERS, Character.Dot);
fill(':', CHARACTERS, Character.Colon);
fill('()[],;', CHARACTERS, Character.Single);
fill('(', SINGLES, Kind.LeftParen);
fill(')', SINGLES, Kind.RightParen);
fill('[', SINGLES, Kind.LeftBracket);
fill(']', SINGLES, Kind.RightBracket);
fill(',', SINGLES, Kind.Comma);
fill(';', SINGLES, Kind.Semicolon);
for (let byte = 0x80; byte < 256; byte++) CHARACTERS[byte] = Character.Letter;
for (let byte = 0; byte < 256; byte++) {
  const upper = byte >= 0x41 && byte <= 0x5a;
  const character = CHARACTERS[byte];
  if (character === Character.Letter || character === Character.Prefix)
    FOLDED[byte] = upper ? byte | 0x20 : byte;
  if (character === Character.Digit || character === Character.Dollar) FOLDED[byte] = byte;
}
